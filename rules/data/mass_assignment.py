"""Client-chosen keys are written onto an entity.

## What it does
Reports where the raw mapping of a request is unpacked into a model or a create or update call, and loops that set
attributes by its keys. A schema with fixed fields, or a filter on the keys, ends the search.

## Why it matters
The client chooses the keys: `is_admin`, `owner_id` and `balance` are written as readily as the name.

## Example
```python
from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80))
    is_admin = db.Column(db.Boolean, default=False)


@app.post("/users")
def create():
    db.session.add(User(**request.get_json()))
    db.session.commit()
    return "", 201
```

## Use instead
```python
from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80))
    is_admin = db.Column(db.Boolean, default=False)


@app.post("/users")
def create():
    db.session.add(User(name=request.get_json()["name"]))
    db.session.commit()
    return "", 201
```

## References
- https://cwe.mitre.org/data/definitions/915.html
- https://owasp.org/API-Security/editions/2023/en/0xa3-broken-object-property-level-authorization/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import CallSite, Finding, Function, Place, Project, ProjectRule, Severity, Step, Unit, ir

_ATTRIBUTES = frozenset({"json", "form", "values", "args", "data", "POST", "GET", "query_params"})
_METHODS = frozenset({"get_json", "json", "form", "to_dict", "dict", "copy", "loads"})
_WRITES = frozenset(
    {"create", "update", "get_or_create", "update_or_create", "insert", "values", "filter_by", "acreate"}
)


_DEPTH = 2


class MassAssignment(ProjectRule):
    code = "DAT201"
    severity = Severity.HIGH
    cwe = (915,)
    owasp = ("A04:2021", "A06:2025", "API3:2023")
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterable[Finding]:
        for function in {route.handler.qualified: route.handler for route in project.routes if route.handler}.values():
            for path, place, what in _written(function, set(), project):
                label = project.handlers[function.qualified][0].label
                yield self.finding(
                    place,
                    f"`{label}` lets the client name {what}",
                    help="Name the fields, validate through a schema with fixed fields, or keep only allowed keys.",
                    trace=[Step(each.at, f"`{each.name}` gets what the client sent") for each in path],
                    unit=label,
                )


def _written(
    function: Function, given: set[str], project: Project, path: tuple[CallSite, ...] = ()
) -> Iterator[tuple[tuple[CallSite, ...], Place, str]]:
    """Where a function, or one that it hands the request's mapping, lets its keys say what is written."""
    raw = _raw_names(function, given)
    for node, what in _assignments(function, raw, project):
        yield path, project.place(node, function), what
    for site in project.sites(function) if len(path) < _DEPTH else ():
        target = site.targets[0] if len(site.targets) == 1 and site.is_certain else None
        if target is None or target is function:
            continue
        passed = {
            each.name: site.passed(target, each.name) for each in target.parameters if _may_be_mapping(each.annotation)
        }
        held = {name for name, value in passed.items() if value is not None and _is_raw(value, raw)}
        if held:
            yield from _written(target, held, project, (*path, site))


def _may_be_mapping(annotation: ir.Expr | None) -> bool:
    """Whether a parameter may hold any mapping: it has no type, or that of one."""
    named = annotation.value if type(annotation) is ir.Subscript else annotation
    return named is None or (ir.dotted(named) or "").rpartition(".")[2] in ("dict", "Dict", "Mapping", "Any")


def _raw_names(function: Function, given: set[str]) -> set[str]:
    """Local names that hold the request's mapping as it came; `given` are parameters that do."""
    names = set(given)
    for stmt in function.statements:
        if type(stmt) is ir.Assign and stmt.value is not None:
            for target in stmt.targets:
                if type(target) is ir.Name:
                    names.discard(target.id)
                    if _is_raw(stmt.value, names):
                        names.add(target.id)
        elif type(stmt) is ir.For and type(stmt.target) is ir.Name and _is_raw(stmt.iter, names):
            names.add(stmt.target.id)  # one of several that the client sent
    return names


def _is_raw(expr: ir.Expr, names: set[str]) -> bool:
    match expr:
        case ir.Name(id=name):
            return name in names
        case ir.Await(value=value) | ir.Bool(op="or", values=[value, *_]):
            return _is_raw(value, names)
        case ir.Call(func=ir.Attribute(value=owner, name=name)) if name in _METHODS:
            return _is_request(owner) or _is_raw(owner, names) or any(_is_raw(arg.value, names) for arg in expr.args)
        case ir.Call(func=ir.Name(id="dict"), args=[ir.Argument(value=value)]):
            return _is_raw(value, names)
        case ir.Attribute(value=owner, name=name) if name in _ATTRIBUTES:
            return _is_request(owner)
        case ir.Dict(keys=keys, values=values):
            return any(key is None and _is_raw(value, names) for key, value in zip(keys, values, strict=True))
    return False


def _is_request(expr: ir.Expr) -> bool:
    return (ir.dotted(expr) or "") in ("request", "self.request", "flask.request", "req")


def _assignments(function: Function, raw: set[str], project: Project) -> Iterator[tuple[ir.Node, str]]:
    targets = (target for stmt in function.statements if type(stmt) is ir.Assign for target in stmt.targets)
    own = {ir.dotted(target) for target in targets if type(target) is ir.Attribute}  # `request.GET = {…}`
    for site in project.sites(function):
        for arg in site.call.args:
            if arg.stars == 2 and _is_raw(arg.value, raw) and ir.dotted(arg.value) not in own - {None}:
                if site.symbol in project.models:
                    yield site.call, f"the columns of `{project.models[site.symbol].name}` that it sets"
                elif site.method in _WRITES and _is_query(site.receiver, project):
                    yield site.call, f"the columns that `{site.name}` writes"
        match site.call:
            case ir.Call(
                func=ir.Attribute(value=ir.Attribute(name="__dict__"), name="update"),
                args=[ir.Argument(value=value, stars=0)],
            ) if _is_raw(value, raw):
                yield site.call, "the attributes that are set"
    for stmt in function.statements:
        match stmt:
            case ir.For(
                target=ir.Sequence(items=[ir.Name(id=key), *_]),
                iter=ir.Call(func=ir.Attribute(value=owner, name="items")),
            ):
                if _is_raw(owner, raw) and not _filters(stmt.body, key):
                    yield from _set_attributes(stmt.body, key)
            case ir.For(target=ir.Name(id=key), iter=iterable):
                if _is_raw(iterable, raw) and not _filters(stmt.body, key):
                    yield from _set_attributes(stmt.body, key)


def _is_query(receiver: object, project: Project) -> bool:
    name = getattr(receiver, "name", "")
    return name.startswith(("django.db.models.", "sqlalchemy.")) or name in project.models


def _set_attributes(body: list[ir.Stmt], key: str) -> Iterator[tuple[ir.Node, str]]:
    for call in ir.calls(body):
        match call:
            case ir.Call(func=ir.Name(id="setattr"), args=[ir.Argument(), ir.Argument(value=ir.Name(id=name)), *_]) if (
                name == key
            ):
                yield call, "the attributes that are set"


def _filters(body: list[ir.Stmt], key: str) -> bool:
    """Whether the keys are compared with something before they are used."""
    return any(
        type(node) is ir.Compare and any(type(each) is ir.Name and each.id == key for each in (node.left, node.right))
        for node in ir.walk(body)
    )
