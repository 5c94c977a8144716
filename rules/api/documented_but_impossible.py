"""Documentation names a parameter that there is not.

## What it does
Reports docstrings of handlers that describe parameters (`:param name:`, or `name:` under `Args:`) which the operation does
not take.

## Why it matters
A handler's docstring is the operation's text in the documentation: clients send what it describes, and the server drops it without a word.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def orders(customer: str):
    '''Orders of a customer.

    Args:
        customer: the customer's number.
        year: only orders of this year.
    '''
```

## Use instead
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def orders(customer: str, year: int):
    '''Orders of a customer.

    Args:
        customer: the customer's number.
        year: only orders of this year.
    '''
```

## When not to
Handlers that read the query or the body by themselves, or take `**kwargs`, may take what their docstring describes, and are
not reported; neither are fields of a body that is described beside the parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, Function, Place, Project, ProjectRule, Route, Severity, Unit, ir, listed
from backend_lint.rules.api._shared import answers_data

_FIELD = re.compile(r"^\s*:(?:param|parameter|arg|argument)\s+(?:[\w\[\], |.]+\s+)?(\w+):", re.MULTILINE)
_SECTION = re.compile(
    r"^([ \t]*)(?:Args|Arguments|Parameters|Params):[ \t]*\n((?:\1[ \t]+\S.*\n?|[ \t]*\n)+)", re.MULTILINE
)
_ENTRY = re.compile(r"^([ \t]+)\*{0,2}(\w+)(?:\s*\([^)]*\))?:", re.MULTILINE)
_READS = frozenset(
    {"args", "form", "json", "get_json", "values", "query_params", "GET", "POST", "data", "body", "files", "FILES"}
    | {"headers", "cookies", "query", "get_arguments", "get_argument", "view_args", "kwargs", "path_params"}
    | {"parse_args"}
)


class DocumentedButImpossible(ProjectRule):
    code = "API305"
    severity = Severity.INFO
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[Place] = set()
        for route in project.routes:
            handler = route.handler
            if handler is None or handler.at in seen or not _is_judged(project, route, handler):
                continue
            seen.add(handler.at)
            named = documented_parameters(handler.facts.docstring or "")
            missing = [each for each in named if each.lower() not in _taken(project, route, handler)]
            if missing:
                yield self.finding(
                    handler.at,
                    f"The docstring of `{route.label}` describes {listed(missing)}, which the operation does not take",
                    help="Take it, or leave it out of the docstring.",
                    discriminator=route.label,
                    unit=route.label,
                )

    def examined(self, project: Project) -> Iterator[str]:
        for route in project.routes:
            if route.handler is not None and documented_parameters(route.handler.facts.docstring or ""):
                yield route.label


def documented_parameters(docstring: str) -> list[str]:
    """The parameters that a docstring describes, in order."""
    found = _FIELD.findall(docstring)
    for _, section in _SECTION.findall(docstring):
        entries = _ENTRY.findall(section)
        indent = min((len(each) for each, _ in entries), default=0)
        found += [name for each, name in entries if len(each) == indent]
    return list(dict.fromkeys(found))


def _is_judged(project: Project, route: Route, handler: Function) -> bool:
    """Whether all that a handler takes stands in its signature."""
    if any(each.kind in ("star", "stars") for each in handler.parameters) or not answers_data(project, route):
        return False
    if route.framework != "fastapi" and _is_handed_more(route, handler):
        return False
    if any(isinstance(node, ir.Attribute) and node.name in _READS for node in ir.walk(handler.body)):
        return False
    if route.framework == "drf" or (route.framework == "flask" and len(handler.decorators) > 2):
        return False
    given = [each.id for node in ir.walk(handler.body) if isinstance(node, ir.Call) for each in _names(node)]
    return "request" not in given and "self" not in given


def _is_handed_more(route: Route, handler: Function) -> bool:
    """Whether a decorator gives the handler what neither path nor request does: a body that it has read."""
    known = {each.variable or each.name for each in route.inputs} | route.converters.keys() | {"self", "cls"}
    return any(each.name not in known and each.name not in route.path for each in handler.parameters)


def _names(call: ir.Call) -> list[ir.Name]:
    return [each.value for each in call.args if isinstance(each.value, ir.Name)]


def _taken(project: Project, route: Route, handler: Function) -> frozenset[str]:
    """The names of all that an operation takes, in lower case: its own, its dependencies', and the fields of bodies."""
    found = {each.name for each in handler.parameters}
    for each in route.inputs:
        found |= {each.name, each.name.replace("-", "_"), each.variable or each.name}
    for function in route.dependencies:
        found |= {each.name for each in function.parameters} | {function.name}
    for schema in project.schemas.values():
        if any(schema.name in (each.type or "") for each in route.inputs):
            for field in schema.fields.values():
                found |= {field.name, field.alias or field.name}
    found |= set(re.findall(r"\{(\w+)", route.path))
    return frozenset(each.lower() for each in found)
