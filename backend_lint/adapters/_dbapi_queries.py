"""Calls that send SQL as text: cursors and connections of DB-API drivers, asyncpg, aiosqlite, `databases`."""

from __future__ import annotations

from backend_lint.adapters._query_scope import QueryScope
from backend_lint.adapters._sql import (
    is_figure,
    is_limited,
    is_sql,
    operation,
    order,
    predicates,
    sql_text,
    table_model,
)
from backend_lint.adapters._statement import Statement, query
from backend_lint.project import CallSite, Project
from backend_lint.project.external import ancestors
from backend_lint.project.model import ColumnUse, Query

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
        is_async = driver in _ASYNC or scope.is_awaited(site.call)
        statement = Statement(driver or "dbapi", "construct", "raw", text=expr, is_async=is_async)
        fetches = [site.method or "", *scope.fetches(site.call)]
        statement = statement.with_(is_single=any(each in _SINGLE for each in fetches), is_opaque=text is None)
        if text is not None:
            statement = self._read(statement, text, site)
        return query(self.project, statement, site, scope.scope, site.call)

    def _driver(self, site: CallSite) -> str | None:
        names = [] if site.receiver is None else list(ancestors(site.receiver.name))
        if site.symbol is not None:
            names.append(site.symbol)
        return next((kind for name in names for prefix, kind in _DRIVERS.items() if name.startswith(prefix)), None)

    def _read(self, statement: Statement, text: str, site: CallSite) -> Statement:
        model = table_model(text, self.project.tables)
        statement = statement.with_(
            operation=operation(text), is_aggregate=is_figure(text), is_bounded=is_limited(text) or statement.is_single
        )
        if model is None:
            return statement
        uses = [
            ColumnUse(column, operator, site.at, None, model.qualified, function=function)
            for column, operator, function in predicates(text, model)
        ]
        ordered = order(text, model)
        orders = () if ordered is None else (ColumnUse(*ordered, site.at, None, model.qualified),)
        return statement.with_(model=model.qualified, orders=orders).filtered(uses)
