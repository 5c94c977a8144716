"""An assertion is the only check of what the client sent.

## What it does
Reports `assert` statements in handlers whose condition depends on a parameter of the route, on the request or on who is
logged in. Assertions that only tell a type checker what is known (`is not None`, `isinstance`) are left alone.

## Why it matters
`python -O` and `PYTHONOPTIMIZE` remove assertions, and the check with them. Where they stay, the client gets a 500 that
says nothing.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.post("/transfers")
def transfer(amount: int) -> dict:
    assert amount > 0
    return {"amount": amount}
```

## Use instead
```python
from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.post("/transfers")
def transfer(amount: int) -> dict:
    if amount <= 0:
        raise HTTPException(422, "the amount must be positive")
    return {"amount": amount}
```

## When not to
The condition follows from a check that was made before.

## References
- https://docs.python.org/3/reference/simple_stmts.html#the-assert-statement
- https://cwe.mitre.org/data/definitions/617.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Function, Project, ProjectRule, Route, Severity, Unit, ir, words

_REQUESTS = ("request.", "self.request.", "flask.request.")
_SENT = frozenset(
    {"json", "form", "values", "args", "data", "POST", "GET", "query_params", "headers", "cookies", "FILES"}
)
_PRINCIPAL = frozenset({"request.user", "self.request.user", "current_user", "flask_login.current_user", "g.user"})


class AssertGuardsInput(ProjectRule):
    code = "DAT213"
    severity = Severity.MEDIUM
    cwe = (617,)
    owasp = ("A04:2021", "A06:2025")
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterable[Finding]:
        for name, routes in project.handlers.items():
            handler = routes[0].handler
            assert handler is not None and handler.qualified == name
            for stmt, what in _asserted(handler, routes[0], project):
                label = routes[0].label
                yield self.finding(
                    project.place(stmt, handler),
                    f"only an assertion checks {what} of `{label}`, and `python -O` leaves assertions out",
                    help="Raise the error that the client should get: `if not …: raise …`.",
                    unit=label,
                )


def _asserted(handler: Function, route: Route, project: Project) -> Iterator[tuple[ir.Assert, str]]:
    """The assertions of a handler that depend on the client, and on what of it."""
    sent = {each.variable or each.name for each in route.inputs}
    callers = set(_callers(handler, route, project))
    for stmt in handler.statements:
        if type(stmt) is ir.Assert and not _narrows(stmt.test):
            what = next(_client_data(stmt.test, sent, callers), None)
            if what is not None:
                yield stmt, what


def _callers(handler: Function, route: Route, project: Project) -> Iterator[str]:
    """The parameters in which guards hand over who calls."""
    guards = [guard.function for guard in route.guards if guard.function is not None]
    given = {kind.name for guard in guards if (kind := project.types.returned(guard)) is not None}
    for parameter in handler.parameters if given else ():
        kind = project.types.parameter(parameter, handler)
        if kind is not None and kind.name in given and project.cls(kind.name) is not None:
            yield parameter.name


def _narrows(test: ir.Expr) -> bool:
    """Whether a condition only tells what a value is."""
    match test:
        case ir.Compare(op="is" | "is not" | "isnot"):
            return True
        case ir.Compare(right=ir.Const(value=None)):
            return True
        case ir.Call(func=ir.Name(id="isinstance" | "issubclass" | "callable" | "hasattr")):
            return True
        case ir.Bool(values=values):
            return all(_narrows(each) for each in values)
        case ir.Unary(op="not", value=value):
            return _narrows(value)
        case ir.Attribute(name=name) if words(name)[:1] in _ASKING:
            return False  # `assert request.user.is_staff`: it may
        case ir.Name() | ir.Attribute() | ir.Const():
            return True  # `assert user`: it is there
        case _:
            return False


_ASKING = (("is",), ("has",), ("can",), ("may",))


def _client_data(test: ir.Expr, sent: set[str], callers: set[str]) -> Iterator[str]:
    for node in ir.walk_expression(test):
        if type(node) is ir.Name and node.id in sent:
            yield f"`{node.id}`"
        elif type(node) is ir.Attribute:
            name = ir.dotted(node) or ""
            is_principal = name in _PRINCIPAL or any(name.startswith(f"{each}.") for each in _PRINCIPAL | callers)
            is_request = name.startswith(_REQUESTS) and name.rpartition("request.")[2].partition(".")[0] in _SENT
            if is_principal or is_request:
                yield f"`{name}`"
