"""A pooled client is built for every request.

## What it does
Reports HTTP clients, engines, connection pools and SDK clients that are constructed in a route, in a dependency that
is not cached, in middleware, in a task, or in what these call.

## Why it matters
Each construction opens new connections and, over TLS, shakes hands again; under load the process runs out of sockets
and the database out of connections, while the pool that would have prevented it is thrown away after one use.

## Example
```python
import httpx
from fastapi import FastAPI

app = FastAPI()


@app.get("/rates")
async def rates() -> dict:
    async with httpx.AsyncClient(timeout=5) as client:
        return (await client.get("https://rates.example/latest")).json()
```

## Use instead
```python
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Request


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with httpx.AsyncClient(timeout=5) as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/rates")
async def rates(request: Request) -> dict:
    return (await request.app.state.client.get("https://rates.example/latest")).json()
```

## When not to
A client with credentials of one tenant, or a route that is called once a day. Functions that set up what serves from then
on, or check it (`reconnect_db()`, `check_redis()`), are not reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend_lint.api import CallSite, Finding, Function, Project, ProjectRule, Severity, Step, Unit, ir, words

_POOLED = {
    "httpx.Client": "an HTTP client",
    "httpx.AsyncClient": "an HTTP client",
    "aiohttp.ClientSession": "an HTTP client",
    "urllib3.PoolManager": "an HTTP pool",
    "sqlalchemy.create_engine": "an engine",
    "sqlalchemy.ext.asyncio.create_async_engine": "an engine",
    "asyncpg.create_pool": "a pool",
    "psycopg_pool.ConnectionPool": "a pool",
    "psycopg_pool.AsyncConnectionPool": "a pool",
    "redis.ConnectionPool": "a pool",
    "redis.Redis": "a Redis client",
    "redis.from_url": "a Redis client",
    "redis.Redis.from_url": "a Redis client",
    "redis.asyncio.Redis": "a Redis client",
    "redis.asyncio.from_url": "a Redis client",
    "redis.asyncio.Redis.from_url": "a Redis client",
    "pymongo.MongoClient": "a MongoDB client",
    "motor.motor_asyncio.AsyncIOMotorClient": "a MongoDB client",
    "kafka.KafkaProducer": "a producer",
    "aiokafka.AIOKafkaProducer": "a producer",
    "elasticsearch.Elasticsearch": "an Elasticsearch client",
    "openai.OpenAI": "an SDK client",
    "openai.AsyncOpenAI": "an SDK client",
}
_CACHES = ("cache", "lru_cache", "cached", "singleton", "cached_property")
_PROBES = re.compile(r"/(?:status|health|healthz|health[_-]?check|readyz?|readiness|livez?|liveness|ping)/?$")
_DEPTH = 3
_SETS_UP = frozenset(
    (word,)
    for word in (
        "setup",
        "init",
        "initialize",
        "configure",
        "reconfigure",
        "reconnect",
        "reload",
        "check",
        "validate",
        "ping",
    )
)
_OWN = frozenset({"transport", "mounts", "auth", "cert", "verify", "proxy", "proxies", "api_key"})


class ClientPerRequest(ProjectRule):
    code = "ARC301"
    severity = Severity.LOW
    cwe = (1050,)
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterable[Finding]:
        seen: set[int] = set()
        for entry, label in _entries(project):
            for path in project.paths(project.sites(entry), lambda site: site.symbol in _POOLED, depth=_DEPTH):
                site = path.last
                if id(site.call) in seen or any(_is_cached(step.scope) for step in path.sites) or _is_kept(site):
                    continue
                if _is_for_this_call(site) or any(_is_set_up(step.scope) for step in path.sites):
                    continue
                if _comes_with_it(site.call.argument(0), entry):
                    continue
                seen.add(id(site.call))
                yield self.finding(
                    site.at,
                    f"`{site.name}()` builds {_POOLED[site.symbol or '']} anew each time {label} runs",
                    help="Build it once, in the lifespan or a cached provider, and hand it in.",
                    trace=[Step(each.at, f"`{each.name}`") for each in path.sites] if len(path.sites) > 1 else (),
                )


def _entries(project: Project) -> Iterator[tuple[Function, str]]:
    for route in project.routes:
        if _PROBES.search(route.path):
            continue  # whether a service can be reached is asked by reaching it
        if route.handler is not None:
            yield route.handler, route.label
        for dependency in route.dependencies:
            yield dependency, route.label
    for task in project.tasks:
        yield task.function, f"the task `{task.function.name}`"


def _is_cached(scope: object) -> bool:
    return isinstance(scope, Function) and any(
        (ir.dotted(ir.callee(each)) or "").rpartition(".")[2] in _CACHES for each in scope.decorators
    )


def _is_for_this_call(site: CallSite) -> bool:
    """Whether the client is made for what this call is about: a transport or credentials that it has put together."""
    if not isinstance(site.scope, Function):
        return False
    own = site.scope.locals
    return any(
        type(node) is ir.Name and node.id in own
        for keyword in _OWN
        if (value := site.call.keywords.get(keyword)) is not None
        for node in ir.walk_expression(value)
    )


def _is_set_up(scope: object) -> bool:
    """Whether a function makes anew what serves from then on, or tries out whether it would: `reconnect_db()`."""
    return isinstance(scope, Function) and words(scope.name)[:1] in _SETS_UP


def _comes_with_it(address: ir.Expr | None, entry: Function) -> bool:
    """Whether the address of what is called is a parameter of the route or task, so that nobody knows it before."""
    return type(address) is ir.Name and any(each.name == address.id for each in entry.parameters)


def _is_kept(site: CallSite) -> bool:
    """Whether what is built outlives the call: it is stored in an attribute, a global or a container."""
    if not isinstance(site.scope, Function):
        return True
    for stmt in site.scope.statements:
        if (
            type(stmt) is ir.Assign
            and stmt.value is not None
            and any(node is site.call for node in ir.walk_expression(stmt.value))
        ):
            names = {each.id for each in stmt.targets if type(each) is ir.Name}
            if len(names) < len(stmt.targets):
                return True
            declared = {name for each in site.scope.statements if type(each) is ir.Declare for name in each.names}
            return bool(names & declared) or _is_stored(site.scope, names)
    return False


def _is_stored(function: Function, names: set[str]) -> bool:
    """Whether a local that holds it is put somewhere that stays."""
    return any(
        type(stmt) is ir.Assign
        and type(stmt.value) is ir.Name
        and stmt.value.id in names
        and any(type(target) in (ir.Attribute, ir.Subscript) for target in stmt.targets)
        for stmt in function.statements
    )
