"""An address that differs between environments is a literal.

## What it does
Reports hosts, connection strings and brokers written as literals where an engine, a client or a broker is constructed.

## Why it matters
The address of the laptop is in production until someone finds it there, and each environment needs its own build.

## Example
```python
from celery import Celery

app = Celery("shop", broker="redis://10.0.0.7:6379/0")
```

## Use instead
```python
import os

from celery import Celery

app = Celery("shop", broker=os.environ["BROKER_URL"])
```

## When not to
Public addresses of vendors, which are the same everywhere, are not reported; nor are defaults of settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend_lint.api import CallSite, Finding, Project, ProjectRule, Role, Severity, Unit, ir

_ENDPOINTS: dict[str, tuple[int | None, tuple[str, ...]]] = {
    "sqlalchemy.create_engine": (0, ("url",)),
    "sqlalchemy.ext.asyncio.create_async_engine": (0, ("url",)),
    "asyncpg.connect": (0, ("dsn", "host")),
    "asyncpg.create_pool": (0, ("dsn", "host")),
    "psycopg2.connect": (0, ("dsn", "host")),
    "psycopg.connect": (0, ("conninfo", "host")),
    "pymysql.connect": (0, ("host",)),
    "pymongo.MongoClient": (0, ("host",)),
    "motor.motor_asyncio.AsyncIOMotorClient": (0, ("host",)),
    "redis.Redis": (0, ("host",)),
    "redis.from_url": (0, ("url",)),
    "redis.Redis.from_url": (0, ("url",)),
    "redis.ConnectionPool": (None, ("host",)),
    "redis.asyncio.Redis": (0, ("host",)),
    "redis.asyncio.from_url": (0, ("url",)),
    "redis.asyncio.Redis.from_url": (0, ("url",)),
    "celery.Celery": (None, ("broker", "backend")),
    "kafka.KafkaProducer": (None, ("bootstrap_servers",)),
    "kafka.KafkaConsumer": (None, ("bootstrap_servers",)),
    "aiokafka.AIOKafkaProducer": (None, ("bootstrap_servers",)),
    "pika.ConnectionParameters": (0, ("host",)),
    "elasticsearch.Elasticsearch": (0, ("hosts",)),
    "boto3.client": (None, ("endpoint_url",)),
    "boto3.resource": (None, ("endpoint_url",)),
    "httpx.Client": (None, ("base_url",)),
    "httpx.AsyncClient": (None, ("base_url",)),
    "smtplib.SMTP": (0, ("host",)),
    "smtplib.SMTP_SSL": (0, ("host",)),
}
_IN_MEMORY = re.compile(r"^sqlite|^:memory:|^memory://|^fakeredis", re.IGNORECASE)
_PRIVATE = re.compile(
    r"^(?:[\w+]+://)?(?:[^@/]*@)?"
    r"(?:localhost|127\.|0\.0\.0\.0|\[?::1|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|[\w-]+(?::\d+)?(?:/|$)"
    r"|[\w.-]+\.(?:local|internal|lan|corp|svc|cluster\.local)\b)"
)


class HardcodedEnvironment(ProjectRule):
    code = "ARC103"
    severity = Severity.LOW
    cwe = (547,)
    unit = Unit.MODULE

    def check(self, project: Project) -> Iterable[Finding]:
        for scope in project.scopes(Role.APP):
            for site in project.sites(scope):
                for name, value in _endpoints(site):
                    text = _literal(value, site, project)
                    if text is not None and _differs(text, site.symbol or ""):
                        yield self._finding(site, name, value, text)

    def _finding(self, site: CallSite, name: str, value: ir.Expr, text: str) -> Finding:
        shown = re.sub(r"//[^@/]*@", "//…@", text)
        return self.finding(
            site.scope.module.place(value),
            f"`{site.name}()` is given its `{name}` as the literal `{shown}`",
            help="Read it from the settings, so that each environment has its own.",
        )


def _endpoints(site: CallSite) -> Iterator[tuple[str, ir.Expr]]:
    position, names = _ENDPOINTS.get(site.symbol or "", (None, ()))
    for index, name in enumerate(names):
        value = site.call.argument(position if index == 0 else None, name)
        if value is not None:
            yield name, value


def _literal(value: ir.Expr, site: CallSite, project: Project) -> str | None:
    """The text, where it is written here or in a variable of this module; what a settings class holds is a setting."""
    found = value
    if type(value) is ir.Name:
        stmts = site.scope.module.assignments.get(value.id, [])
        if len(stmts) != 1 or stmts[0].value is None:
            return None
        found = stmts[0].value
    if type(found) is ir.Sequence and found.items:
        found = found.items[0]
    return found.value if type(found) is ir.Const and isinstance(found.value, str) else None


def _differs(text: str, symbol: str) -> bool:
    """Whether the address is of one environment: not in memory, and not a vendor's public one."""
    if not text or _IN_MEMORY.search(text):
        return False
    return symbol.startswith("sqlalchemy.") or ("://" in text and "@" in text) or _PRIVATE.search(text) is not None
