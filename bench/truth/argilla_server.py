"""Argilla's server: FastAPI, async SQLAlchemy."""

import os
import tempfile

from record import record

os.environ["ARGILLA_HOME_PATH"] = tempfile.mkdtemp()
os.environ["ARGILLA_ENABLE_TELEMETRY"] = "0"
os.environ["ARGILLA_ENABLE_SHARE_YOUR_PROGRESS"] = "1"


def load():
    from argilla_server._app import create_server_app

    return create_server_app()


def tables():
    from argilla_server.models import User

    return (User,)


record("argilla-server", "argilla_server", load, tables, lifespan=False)
