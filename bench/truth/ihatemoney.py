"""I hate money: Flask with guards in a URL preprocessor, and a Flask-RESTful API.

Its tables are left out: SQLAlchemy-Continuum adds one of its own making to each."""

import os
import tempfile
from pathlib import Path

from record import record

SETTINGS = Path(tempfile.mkdtemp(), "ihatemoney.cfg")
SETTINGS.write_text(
    """
SQLALCHEMY_DATABASE_URI = "sqlite://"
SECRET_KEY = "not a secret"
ADMIN_PASSWORD = "nobody has this hash"
ACTIVATE_ADMIN_DASHBOARD = True
ALLOW_PUBLIC_PROJECT_CREATION = False
"""
)
os.environ["IHATEMONEY_SETTINGS_FILE_PATH"] = str(SETTINGS)


def load():
    from ihatemoney.models import Project, db
    from ihatemoney.run import create_app

    app = create_app()
    with app.app_context():
        db.create_all()
        project = Project(id="sample", name="sample", contact_email="a@b.example", default_currency="XXX")
        project.password = "not a secret"
        db.session.add(project)
        db.session.commit()
    return app


ADMIN_ONLY = (True, "sends strangers to /admin, the administrator's login")
record(
    "ihatemoney",
    "ihatemoney",
    load,
    corrections={"GET /dashboard": ADMIN_ONLY, "GET /create": ADMIN_ONLY, "POST /create": ADMIN_ONLY},
)
