"""FitTrackee: Flask, nested blueprints, Flask-SQLAlchemy. Its database is empty: guards come before it."""

import os
import tempfile

from record import record

UPLOADS = tempfile.mkdtemp()
os.environ |= {
    "APP_SECRET_KEY": "x" * 40,
    "APP_SETTINGS": "fittrackee.config.ProductionConfig",
    "DATABASE_URL": "sqlite://",
    "UI_URL": "http://localhost",
    "UPLOAD_FOLDER": UPLOADS,
}


def load():
    import fittrackee

    return fittrackee.create_app(init_email=False)


def tables():
    import fittrackee

    return (fittrackee.db,)


record(
    "fittrackee",
    "fittrackee",
    load,
    tables,
    corrections={"POST /api/auth/register": (False, "registration is closed in an instance without users")},
)
