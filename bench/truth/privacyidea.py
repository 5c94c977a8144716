"""privacyIDEA: Flask, blueprints with guards of their own in another module, Flask-SQLAlchemy on SQLite."""

import logging
import os
import tempfile
from pathlib import Path

from record import record

FOLDER = Path(tempfile.mkdtemp())
(FOLDER / "pi.cfg").write_text(
    f"""
SQLALCHEMY_DATABASE_URI = "sqlite:///{FOLDER}/pi.sqlite"
SECRET_KEY = "not a secret"
PI_PEPPER = "not a secret"
PI_ENCFILE = "{FOLDER}/enckey"
PI_AUDIT_KEY_PRIVATE = "{FOLDER}/private.pem"
PI_AUDIT_KEY_PUBLIC = "{FOLDER}/public.pem"
PI_AUDIT_NO_SIGN = True
PI_LOGFILE = "{FOLDER}/pi.log"
"""
)
(FOLDER / "enckey").write_bytes(b"0" * 96)
os.environ["PRIVACYIDEA_CONFIGFILE"] = str(FOLDER / "pi.cfg")


def load():
    from privacyidea.app import create_app
    from privacyidea.models import db

    app = create_app(config_name="production", config_file=str(FOLDER / "pi.cfg"), silent=True)
    logging.disable()
    with app.app_context():
        db.create_all()
    return app


def tables():
    from privacyidea.models import db

    return (db,)


record(
    "privacyidea",
    "privacyidea",
    load,
    tables,
    corrections={
        "POST /auth": (False, "the login: 401 is its answer to wrong credentials"),
        "POST /container/rollover": (False, "open to everybody, once a policy allows it"),
    },
)
