"""MLflow's tables: SQLAlchemy's `Column` style, two bases, some 70 tables.

To import them takes little: `mlflow-skinny` of an earlier version, then `mlflow` with `--no-deps`, and `sqlalchemy`,
`alembic`, `flask`, `flask-wtf`, `aiohttp` and `pandas`.
"""

import importlib

from record import record


def tables():
    import mlflow.server.auth.db.models as accounts
    from mlflow.store.db.base_sql_model import Base

    for stage in ("model_registry", "tracking", "workspace"):
        importlib.import_module(f"mlflow.store.{stage}.dbmodels.models")

    return (Base, accounts.Base)


record("mlflow", "mlflow", tables=tables)
