"""Text of a request parsed where nothing answers for a mistake.

## What it does
Reports `int()`, `float()`, `UUID()`, `Decimal()`, `json.loads()`, `strptime()`, `fromisoformat()` of a query parameter, form field or header,
in handlers of Flask and Django, where no `except` around catches what they raise.

## Why it matters
`?page=two` is the client's mistake and is answered with 500: it raises alarms, fills the error log, and tells the client
to try again.

## Example
```python
from flask import Flask, request

app = Flask(__name__)


@app.get("/orders")
def orders():
    page = int(request.args.get("page", 1))
    return {"page": page}
```

## Use instead
```python
from flask import Flask, request

app = Flask(__name__)


@app.get("/orders")
def orders():
    page = request.args.get("page", 1, type=int)
    return {"page": page}
```

## When not to
Where the text was tested before (`isdigit`, a pattern, a form or schema), or an error handler of the application answers
`ValueError` with 400, nothing is reported.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Function, Place, Project, ProjectRule, Route, Severity, Step, Unit, ir
from backend_lint.rules.api._errors import caught

_RAISING = {
    "builtins.int": "ValueError",
    "builtins.float": "ValueError",
    "uuid.UUID": "ValueError",
    "decimal.Decimal": "InvalidOperation",
    "json.loads": "JSONDecodeError",
    "datetime.datetime.strptime": "ValueError",
    "datetime.datetime.fromisoformat": "ValueError",
    "datetime.date.fromisoformat": "ValueError",
}
_CATCHING = (
    "ValueError",
    "Exception",
    "BaseException",
    "TypeError",
    "InvalidOperation",
    "JSONDecodeError",
    "ArithmeticError",
)
_TESTS = frozenset(
    {"isdigit", "isnumeric", "isdecimal", "match", "fullmatch", "is_valid", "validate", "full_clean", "search"}
)
_FRAMEWORKS = frozenset({"flask", "quart", "django", "drf"})
_WHERE = frozenset({"query", "form", "header", "cookie"})


class UnguardedParse(ProjectRule):
    code = "API215"
    severity = Severity.LOW
    cwe = (755,)
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        if any(
            name.rpartition(".")[2] == "ValueError"
            for app in project.apps
            for each in app.handlers
            for name in each.exceptions
        ):
            return
        seen: set[Place] = set()
        for route in project.routes:
            handler = route.handler
            if route.framework not in _FRAMEWORKS or handler is None or handler.at in seen or _tests(handler):
                continue
            seen.add(handler.at)
            reads = {each.at: each.name for each in route.inputs if each.where in _WHERE and each.at is not None}
            for call in _open(project, handler.body, handler) if reads else ():
                symbol = project.site(call, handler).symbol or ""
                read = _read(project, call, handler, reads) if symbol in _RAISING else None
                if read is not None:
                    yield self._finding(route, handler, call, symbol, reads[read], read)

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for route in project.routes if route.framework in _FRAMEWORKS)

    def _finding(self, route: Route, handler: Function, call: ir.Call, symbol: str, name: str, read: Place) -> Finding:
        written = ir.dotted(call.func) or symbol
        return self.finding(
            handler.place(call),
            f"`{written}()` of `{name}` raises `{_RAISING[symbol]}` when `{route.label}` gets something else: the client gets 500",
            help="Catch it and answer 400, or let the framework convert: `request.args.get(name, type=int)`.",
            trace=[Step(read, f"`{name}` is what the client sends")],
            discriminator=f"{route.label} {name}",
            unit=route.label,
        )


def _open(project: Project, block: list[ir.Stmt], handler: Function) -> Iterator[ir.Call]:
    """The calls of a block whose errors nothing in the function catches."""
    for stmt in block:
        if isinstance(stmt, ir.Try):
            names = [name for each in stmt.handlers for name in caught(project, each, handler)]
            if not any(name.endswith(_CATCHING) for name in names):
                yield from _open(project, stmt.body, handler)
            for rest in (*(each.body for each in stmt.handlers), stmt.orelse, stmt.final):
                yield from _open(project, rest, handler)
            continue
        if isinstance(stmt, ir.With) and any(_suppresses(each.value) for each in stmt.items):
            continue
        for expr in ir.children(stmt):
            for node in ir.walk_expression(expr):
                if isinstance(node, ir.Call):
                    yield node
        for inner in ir.blocks(stmt):
            yield from _open(project, inner, handler)


def _suppresses(expr: ir.Expr) -> bool:
    return isinstance(expr, ir.Call) and (ir.dotted(expr.func) or "").rpartition(".")[2] == "suppress"


def _is_tested(name: str, handler: Function) -> bool:
    """Whether a name is given to a function in a condition: `if not is_valid_uuid(text)`."""
    tests = [stmt.test for stmt in handler.statements if isinstance(stmt, ir.If | ir.While)]
    calls = (node for test in tests for node in ir.walk_expression(test) if isinstance(node, ir.Call))
    return any(isinstance(each.value, ir.Name) and each.value.id == name for call in calls for each in call.args)


def _read(project: Project, call: ir.Call, handler: Function, reads: dict[Place, str]) -> Place | None:
    """The input that a call parses: read in its argument, or by the only assignment to the name that it is given."""
    given = call.args[0].value if call.args else None
    if isinstance(given, ir.Name):
        if _is_tested(given.id, handler):
            return None
        bindings = project.types.bindings(handler).get(given.id, ())
        given = (
            bindings[0].expr if len(bindings) == 1 and bindings[0].kind == "value" and not bindings[0].path else None
        )
    if isinstance(given, ir.Bool) and given.op == "or":
        given = given.values[0]
    at = None if given is None else handler.place(given)
    return at if at in reads else None


def _tests(handler: Function) -> bool:
    """Whether text is tested somewhere in a handler before it is used."""
    return any(
        isinstance(node, ir.Call) and isinstance(node.func, ir.Attribute) and node.func.name in _TESTS
        for node in ir.walk(handler.body)
    )
