"""Label of a metric that takes a new value with every client.

## What it does
Reports labels and attributes of metrics (Prometheus, OpenTelemetry, StatsD and Datadog) that are given a path as it was
asked for, an address, an id of a user or of a request, or the text of an exception.

## Why it matters
Every value of a label is a time series that is kept for ever. Ids turn one metric into millions, until the process or the
monitoring runs out of memory; anybody who asks for random paths can bring that about. Dashboards show nothing useful
either, and names and addresses lie in the monitoring, where nobody deletes them.

## Example
```python
from fastapi import FastAPI, Request
from prometheus_client import Counter

app = FastAPI()
REQUESTS = Counter("requests", "Requests", ["path"])


@app.middleware("http")
async def count(request: Request, call_next):
    REQUESTS.labels(path=request.url.path).inc()
    return await call_next(request)
```

## Use instead
```python
from fastapi import FastAPI, Request
from prometheus_client import Counter

app = FastAPI()
REQUESTS = Counter("requests", "Requests", ["route"])


@app.middleware("http")
async def count(request: Request, call_next):
    response = await call_next(request)
    REQUESTS.labels(route=request.scope["route"].path).inc()
    return response
```

## When not to
Where the values are few and known, as the names of a handful of tenants, ignore the rule.

## References
- https://prometheus.io/docs/practices/naming/#labels
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import CallSite, Finding, Function, Project, ProjectRule, Role, Scope, Severity, Unit, ir, words

_METRICS = frozenset({"counter", "gauge", "histogram", "summary", "updowncounter"})
_STATSD = frozenset({"increment", "incr", "decr", "decrement", "gauge", "histogram", "timing", "distribution"})
_OTEL = frozenset({"add", "record", "set"})
_LIBRARIES = ("prometheus_client", "opentelemetry.metrics", "statsd", "datadog", "aioprometheus")
_PATH = re.compile(
    r"(?:^|\.)(?:request|req)\.(?:path|path_info|full_path|url|raw_path|url\.path|rel_url|rel_url\.path)$"
)
_ADDRESS = re.compile(r"(?:^|\.)(?:remote_addr|client\.host|client_ip|ip_address|remote_ip)$")
_IDS = frozenset(
    {("user", "id"), ("request", "id"), ("session", "id"), ("trace", "id"), ("correlation", "id"), ("customer", "id")}
    | {("order", "id"), ("account", "id"), ("message", "id"), ("job", "id"), ("email",), ("username",)}
)


class HighCardinalityMetric(ProjectRule):
    code = "SEC410"
    preview = True
    severity = Severity.MEDIUM
    cwe = (400,)
    owasp = ("A09:2021", "A09:2025")
    unit = Unit.MODULE

    def check(self, project: Project) -> Iterator[Finding]:
        for site, label, value in _labels(project):
            what = _endless(value, site.scope, project)
            if what is not None:
                yield self.finding(
                    site.scope.module.place(value),
                    f"the label {f'`{label}` ' if label else ''}is `{what[0]}`, {what[1]}: each value is a time series of its own",
                    help=what[2],
                    discriminator=label,
                )

    def examined(self, project: Project) -> list[str]:
        return sorted({site.scope.module.path for site, _, _ in _labels(project)})


def _labels(project: Project) -> Iterator[tuple[CallSite, str, ir.Expr]]:
    """The labels that are set, each with its name where that is written."""
    for scope in project.scopes(Role.APP):
        if not any(each.module.startswith(_LIBRARIES) for each in scope.module.facts.imports):
            if not isinstance(scope, Function):
                continue
        for site in project.sites(scope):
            if site.method == "labels" and _is_metric(site, project):
                for arg in site.call.args:
                    yield site, arg.keyword or "", arg.value
            elif site.method in _OTEL and _is_metric(site, project):
                given = site.call.argument(1, "attributes")
                if type(given) is ir.Dict:
                    yield from _entries(site, given)
            elif site.method in _STATSD and (site.symbol or "").startswith(("statsd.", "datadog.")):
                given = site.call.argument(None, "tags")
                if type(given) is ir.Sequence:
                    for item in given.items:
                        if type(item) is ir.Text:
                            for piece in item.pieces:
                                if type(piece) is not ir.Const:
                                    yield site, "", piece


def _entries(site: CallSite, given: ir.Dict) -> Iterator[tuple[CallSite, str, ir.Expr]]:
    for key, value in zip(given.keys, given.values, strict=True):
        yield site, str(key.value) if type(key) is ir.Const else "", value


def _is_metric(site: CallSite, project: Project) -> bool:
    func = site.call.func
    if (site.symbol or "").startswith(_LIBRARIES):
        return True
    kind = project.type_of(func.value, site.scope) if type(func) is ir.Attribute else None
    return kind is not None and kind.name.startswith(_LIBRARIES) and kind.name.rpartition(".")[2].lower() in _METRICS


def _endless(value: ir.Expr, scope: Scope, project: Project) -> tuple[str, str, str] | None:
    """What a value is that has no end of values: how it is written, what it is, and what to write instead."""
    match value:
        case ir.Call(func=ir.Name(id="str" | "repr"), args=[ir.Argument(value=inner)]):
            if type(inner) is ir.Name and _is_caught(inner.id, scope):
                return f"str({inner.id})", "the text of an exception", "Use the name of its class."
            return _endless(inner, scope, project)
        case ir.Text(pieces=pieces):
            return next((found for each in pieces if (found := _endless(each, scope, project)) is not None), None)
        case ir.Name(id=name) if isinstance(scope, Function) and name in scope.locals and scope.parameter(name) is None:
            bound = [each for each in project.types.bindings(scope).get(name, ()) if each.kind == "value"]
            if len(bound) == 1 and type(bound[0].expr) in (ir.Attribute, ir.Text):
                found = _endless(bound[0].expr, scope, project)
                if found is not None:
                    return found
    name = ir.dotted(value)
    if name is None:
        return None
    if _PATH.search(name):
        return (
            name,
            "the path as the client asked for it",
            "Use the route's template (`/orders/{id}`), or leave the label out.",
        )
    if _ADDRESS.search(name):
        return name, "the address of a client", "Leave it out; the log is the place for single clients."
    spoken = words(name.replace(".", "_"))
    if spoken[-2:] in _IDS or spoken[-1:] in _IDS:
        return name, "one value for each of them", "Leave it out; the log or the trace is the place for single ones."
    return None


def _is_caught(name: str, scope: Scope) -> bool:
    return isinstance(scope, Function) and any(
        type(stmt) is ir.Try and any(each.name == name for each in stmt.handlers) for stmt in scope.statements
    )
