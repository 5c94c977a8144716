"""ZenML's server: FastAPI, some 50 routers; SQLModel tables."""

import os
import tempfile

from record import record

os.environ |= {
    "ZENML_CONFIG_PATH": tempfile.mkdtemp(),
    "ZENML_ANALYTICS_OPT_IN": "false",
    "ZENML_SERVER": "true",
    "ZENML_SERVER_JWT_SECRET_KEY": "not a secret" * 4,
}


def load():
    from zenml.zen_server.zen_server_api import app

    return app


def tables():
    from zenml.zen_stores.schemas import BaseSchema

    return (BaseSchema,)


record("zenml", "zenml", load, tables)
