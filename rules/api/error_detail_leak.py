"""Text of an exception sent to the client.

## What it does
Reports an answer that carries the text of a caught exception, or a traceback, where what is caught may be anything: a
broad `except`, or errors of the database, the operating system, another service.

## Why it matters
Such texts hold SQL, paths, host names and versions: a map of the system for whoever provokes the error. Clients, on the
other hand, cannot act on them.

## Example
```python
from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.post("/orders")
def create_order(order: dict):
    try:
        return save(order)
    except Exception as error:
        raise HTTPException(500, detail=f"failed: {error}")
```

## Use instead
```python
import logging

from fastapi import FastAPI, HTTPException

app = FastAPI()
logger = logging.getLogger(__name__)


@app.post("/orders")
def create_order(order: dict):
    try:
        return save(order)
    except Exception:
        logger.exception("order not saved")
        raise HTTPException(500, detail="the order could not be saved")
```

## When not to
Exceptions of the project's own classes, and `ValueError`, are taken as written for the client.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Function, Place, Project, ProjectRule, Severity, Step, Unit, ir
from backend_lint.rules.api._errors import Answers, answering, caught

_REVEALING = (
    "builtins.Exception",
    "builtins.BaseException",
    "builtins.OSError",
    "builtins.IOError",
    "builtins.FileNotFoundError",
    "builtins.PermissionError",
    "builtins.ConnectionError",
    "builtins.RuntimeError",
    "sqlalchemy.",
    "psycopg.",
    "psycopg2.",
    "asyncpg.",
    "sqlite3.",
    "pymysql.",
    "MySQLdb.",
    "pymongo.",
    "redis.",
    "peewee.",
    "django.db.",
    "subprocess.",
    "requests.",
    "httpx.",
    "aiohttp.Client",
    "botocore.",
    "paramiko.",
    "ldap",
    "smtplib.",
)
_DRIVERS = (
    "sqlalchemy.",
    "psycopg",
    "asyncpg.",
    "sqlite3.",
    "pymysql.",
    "MySQLdb.",
    "pymongo.",
    "django.db.",
    "peewee.",
)
_TRACEBACKS = frozenset({"traceback.format_exc", "traceback.format_exception", "traceback.format_tb"})
_TEXTS = frozenset({"builtins.str", "builtins.repr", "builtins.format", "traceback.format_exception"})
_ATTRIBUTES = frozenset({"args", "message", "msg", "orig", "pgerror", "stderr", "strerror", "reason", "detail"})


class ErrorDetailLeak(ProjectRule):
    code = "API204"
    severity = Severity.MEDIUM
    cwe = (209,)
    owasp = ("A10:2025",)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterator[Finding]:
        answers = project.derived(Answers)
        for function in answering(project):
            for stmt in function.statements:
                if isinstance(stmt, ir.Try) and not _only_validates(stmt.body):
                    for handler in stmt.handlers:
                        yield from self._leaks(answers, handler, function)
        yield from self._registered(project)

    def _leaks(self, answers: Answers, handler: ir.Handler, function: Function) -> Iterator[Finding]:
        project = answers.project
        names = caught(project, handler, function)
        revealing = next((name for name in names if name.startswith(_REVEALING)), None)
        for stmt in ir.walk_statements(handler.body):
            sent = _sent(answers, stmt, function)
            if sent is None:
                continue
            shown, origin = _revealed(project, sent, handler, function)
            is_trace = origin is not None and _is_traceback(project, origin, function)
            if shown is not None and (is_trace or revealing is not None):
                yield self._finding(function, shown, handler, "" if is_trace else revealing or "")
                return

    def _finding(self, function: Function, shown: ir.Expr, handler: ir.Handler, name: str) -> Finding:
        short = name.rpartition(".")[2]
        what = f"the text of any `{short}`" if name.startswith("builtins.") else f"the text of `{short}`"
        what = what if name else "a traceback"
        is_driver = not name or name.startswith(_DRIVERS)
        return self.finding(
            function.place(shown),
            f"`{function.facts.qualname}` sends {what} to the client",
            help="Log the exception, and answer with a sentence of your own.",
            related=[Step(function.place(handler.type or handler), "the exception is caught here")],
            severity=Severity.HIGH if is_driver else None,
        )

    def _registered(self, project: Project) -> Iterator[Finding]:
        """Handlers of all errors, as in `@app.exception_handler(Exception)`."""
        answers = project.derived(Answers)
        seen: set[Place] = set()
        for app in project.apps:
            for each in app.handlers:
                function = each.function
                if function is None or function.at in seen or not set(each.exceptions) & {"builtins.Exception", "500"}:
                    continue
                seen.add(function.at)
                if not function.parameters:
                    continue
                name = function.parameters[-1].name
                handler = ir.Handler(function.facts.at, function.facts.end, None, name, function.body)
                for stmt in function.statements:
                    sent = _sent(answers, stmt, function)
                    shown, _ = (None, None) if sent is None else _revealed(project, sent, handler, function)
                    if shown is not None:
                        yield self.finding(
                            function.place(shown),
                            f"`{function.facts.qualname}` sends the text of every unhandled exception to the client",
                            help="Log the exception, and answer with a sentence of your own.",
                        )
                        break


_VALIDATES = frozenset(
    {"model_validate", "model_validate_json", "validate_python", "validate_json", "parse_obj", "parse_raw"}
)


def _only_validates(body: list[ir.Stmt]) -> bool:
    """Whether all that can fail is what the client sent, so that the text says what is wrong with it."""
    called = [call.func.name if isinstance(call.func, ir.Attribute) else "" for call in ir.calls(body)]
    return bool(called) and set(called) <= _VALIDATES


def _sent(answers: Answers, stmt: ir.Stmt, function: Function) -> ir.Expr | None:
    """What a statement sends to the client: the arguments of an HTTP error, a returned body."""
    match stmt:
        case ir.Raise(exc=ir.Call() as call) if answers.error(call, function) is not None:
            return call
        case ir.Evaluate(value=ir.Call() as call) if (answers.project.site(call, function).symbol or "").endswith(
            ".abort"
        ):
            return call
        case ir.Return(value=value):
            return value
    return None


def _revealed(
    project: Project, sent: ir.Expr, handler: ir.Handler, function: Function
) -> tuple[ir.Expr | None, ir.Expr | None]:
    """The part of an answer that holds the exception's text, and what makes it so: one assignment is followed."""
    assigned = {
        target.id: stmt.value
        for stmt in ir.walk_statements(handler.body)
        if isinstance(stmt, ir.Assign) and stmt.value is not None
        for target in stmt.targets
        if isinstance(target, ir.Name)
    }
    for node in _shown_parts(project, sent, function):
        if _holds(project, node, handler.name, function):
            return node, node
        if isinstance(node, ir.Name) and node.id in assigned:
            for each in _shown_parts(project, assigned[node.id], function):
                if _holds(project, each, handler.name, function):
                    return node, each
    return None, None


def _shown_parts(project: Project, expr: ir.Expr, function: Function) -> Iterator[ir.Expr]:
    """The expressions whose value ends up in the answer: not those that are only tested, counted or looked up."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        match node:
            case ir.Conditional(body=body, orelse=orelse):
                stack += [orelse, body]
            case ir.Call():
                symbol = project.qualified(node.func, function) or ""
                if symbol in _TEXTS or symbol in _TRACEBACKS or not symbol.startswith("builtins."):
                    stack += [arg.value for arg in reversed(node.args)]
            case ir.Compare() | ir.Subscript() | ir.Attribute() | ir.Lambda():
                continue
            case _:
                stack += reversed(list(ir.children(node)))


def _holds(project: Project, node: ir.Expr, name: str | None, function: Function) -> bool:
    if _is_traceback(project, node, function):
        return True
    match node:
        case ir.Call(func=func, args=[ir.Argument(value=ir.Name(id=id)), *_]) if name is not None and id == name:
            return (project.qualified(func, function) or "") in _TEXTS
        case ir.Text(pieces=pieces) if name is not None:
            return any(isinstance(piece, ir.Name) and piece.id == name for piece in pieces)
        case ir.Attribute(value=ir.Name(id=id), name=attribute) if name is not None and id == name:
            return attribute in _ATTRIBUTES
    return False


def _is_traceback(project: Project, node: ir.Expr, function: Function) -> bool:
    return isinstance(node, ir.Call) and project.qualified(node.func, function) in _TRACEBACKS
