"""Clean-up after a `yield` is skipped when something is raised.

## What it does
Reports dependencies and context managers that clean up after their `yield` outside of a `finally` and of a `with`.

## Why it matters
What the handler or the block raises is raised again at the `yield`: the statements after it do not run, so exactly the
requests that failed leave their connection, lock or temporary directory behind.

## Example
```python
from fastapi import Depends, FastAPI

from shop.database import connect

app = FastAPI()


def connection():
    opened = connect()
    yield opened
    opened.close()


@app.get("/orders")
def orders(opened=Depends(connection)):
    return opened.execute("SELECT 1").fetchall()
```

## Use instead
```python
from fastapi import Depends, FastAPI

from shop.database import connect

app = FastAPI()


def connection():
    opened = connect()
    try:
        yield opened
    finally:
        opened.close()


@app.get("/orders")
def orders(opened=Depends(connection)):
    return opened.execute("SELECT 1").fetchall()
```

## When not to
A commit after the `yield` is not clean-up: it belongs to success alone. A lifespan ends when the process does, and is
not reported.

## References
- https://docs.python.org/3/library/contextlib.html#contextlib.contextmanager
- https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Function, Project, ProjectRule, Severity, Unit, ir

_MANAGERS = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})
_CLEANS = frozenset(
    {"close", "aclose", "release", "rollback", "unlink", "rmtree", "disconnect", "shutdown", "unlock", "cleanup"}
    | {"terminate", "kill", "stop", "remove", "chdir", "clean_up", "teardown", "dispose", "reset", "close_all"}
)


class UnprotectedYield(ProjectRule):
    code = "ARC304"
    severity = Severity.MEDIUM
    cwe = (460,)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        for function in _generators(project):
            for given, cleaning in _unprotected(function.body):
                yield self.finding(
                    function.place(cleaning),
                    f"`{_shown(cleaning)}` is skipped when what `{function.name}` yields to raises: the error comes out of "
                    f"the `yield` of line {function.place(given).line}",
                    help="Put the `yield` into a `try`, and this into its `finally`.",
                )
                break

    def examined(self, project: Project) -> Iterable[str]:
        return [f"{each.module.path}:{each.facts.qualname}" for each in _generators(project)]


def _generators(project: Project) -> Iterator[Function]:
    """Generators of which one value is taken: dependencies, and what `contextlib` makes context managers of."""
    dependencies = {each.qualified for route in project.routes for each in route.dependencies}
    lifespans = {
        project.qualified(app.options.get("lifespan"), app.scope)
        for app in project.apps
        if app.scope is not None and app.options.get("lifespan") is not None
    }
    for function in project.functions():
        if function.facts.is_generator and function.qualified not in lifespans:
            names = {project.qualified(each, function.around) for each in function.decorators}
            given = [each.name for each in function.parameters if each.name != "self"]
            takes_app = given[:1] in (["app"], ["_app"], ["_"], ["application"])
            if function.qualified in dependencies or (names & _MANAGERS and not takes_app):
                yield function


def _unprotected(body: list[ir.Stmt]) -> Iterator[tuple[ir.Stmt, ir.Stmt]]:
    """A statement that yields, and one after it that cleans up; blocks that run it in any case are passed over."""
    given: ir.Stmt | None = None
    for stmt in body:
        if given is not None and _cleans(stmt):
            yield given, stmt
        if _yields(stmt):
            given = stmt
        elif type(stmt) in (ir.If, ir.With) and given is None:
            for block in ir.blocks(stmt):
                found = next(_unprotected(block), None)
                if found is not None:
                    yield found


def _yields(stmt: ir.Stmt) -> bool:
    return type(stmt) in (ir.Evaluate, ir.Assign) and any(
        type(node) is ir.Yield for child in ir.children(stmt) for node in ir.walk_expression(child)
    )


def _cleans(stmt: ir.Stmt) -> bool:
    """Whether a statement undoes or gives back something: `file.close()`, `if file: file.close()`."""
    match stmt:
        case ir.Evaluate(value=value):
            call = value.value if type(value) is ir.Await else value
            return type(call) is ir.Call and (ir.dotted(call.func) or "").rpartition(".")[2] in _CLEANS
        case ir.If(body=[inner], orelse=[]):
            return _cleans(inner)
    return False


def _shown(stmt: ir.Stmt) -> str:
    match stmt:
        case ir.Evaluate(value=value):
            call = value.value if type(value) is ir.Await else value
            return f"{ir.dotted(call.func)}()" if type(call) is ir.Call else "it"
        case ir.If(body=[inner]):
            return _shown(inner)
    return "it"
