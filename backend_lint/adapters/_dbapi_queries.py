"""Calls that send SQL as text: cursors and connections of DB-API drivers, asyncpg, aiosqlite, `databases`."""

from __future__ import annotations

from backend_lint.adapters._query_scope import QueryScope
from backend_lint.adapters._sql import is_sql, read_text, sql_text
from backend_lint.adapters._statement import Statement, query
from backend_lint.project import CallSite, Project
from backend_lint.project.external import ancestors
from backend_lint.project.model import Query

_METHODS = frozenset(
    {"execute", "executemany", "executescript", "fetch", "fetchrow", "fetchval", "fetch_all", "fetch_one", "fetch_val"}
    | {"iterate", "mogrify", "execute_fetchall", "read_sql", "read_sql_query", "exec_driver_sql"}
)
_SINGLE = frozenset({"fetchrow", "fetchval", "fetch_one", "fetch_val", "fetchone"})
_DRIVERS = {
    "sqlite3.": "sqlite3",
    "psycopg2.": "psycopg2",
    "psycopg.": "psycopg",
    "pymysql.": "pymysql",
    "asyncpg.": "asyncpg",
    "aiosqlite.": "aiosqlite",
    "aiomysql.": "aiomysql",
    "aiopg.": "aiopg",
    "databases.": "databases",
    "django.db.": "django",
    "pyodbc.": "pyodbc",
    "cx_Oracle.": "cx_Oracle",
    "oracledb.": "oracledb",
    "duckdb.": "duckdb",
    "clickhouse_driver.": "clickhouse_driver",
    "pandas.": "pandas",
    "sqlalchemy.": "sqlalchemy",
}
_ONLY_ASYNC = frozenset(
    {"fetchval", "fetchrow", "fetch_all", "fetch_one", "fetch_val", "execute_fetchall"}
)  # no driver has them that waits
_ASYNC = frozenset({"asyncpg", "aiosqlite", "aiomysql", "aiopg", "databases"})


class Reader:
    def __init__(self, project: Project) -> None:
        self.project = project

    def query(self, site: CallSite, scope: QueryScope) -> Query | None:
        """A call of a driver, or of something unknown that is given SQL."""
        if site.method not in _METHODS or site.targets:
            return None
        expr = site.call.argument(0, "sql") or site.call.argument(0, "query") or site.call.argument(0, "operation")
        text = sql_text(self.project, expr, scope.scope)
        driver = self._driver(site)
        if driver is None and not is_sql(text):
            return None
        if driver is None and site.method in ("fetch", "iterate") and not is_sql(text):
            return None
        is_async = driver in _ASYNC or scope.is_awaited(site.call) or (driver is None and site.method in _ONLY_ASYNC)
        statement = Statement(driver or "dbapi", "construct", "raw", text=expr, is_async=is_async)
        fetches = [site.method or "", *scope.fetches(site.call)]
        statement = statement.with_(is_single=any(each in _SINGLE for each in fetches), is_opaque=text is None)
        if text is not None:
            statement = read_text(statement, text, self.project.tables, site.at)
        return query(self.project, statement, site, scope.scope, site.call)

    def _driver(self, site: CallSite) -> str | None:
        names = [] if site.receiver is None else list(ancestors(site.receiver.name))
        if site.symbol is not None:
            names.append(site.symbol)
        return next((kind for name in names for prefix, kind in _DRIVERS.items() if name.startswith(prefix)), None)
