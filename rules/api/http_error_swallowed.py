"""HTTP error that a broad `except` turns into another.

## What it does
Reports a `try` whose body raises one of the framework's HTTP errors, itself or through a call, and whose broad
`except` catches it and answers something else. Decorators that wrap a handler in such a `try`, and
`@app.errorhandler(Exception)` of Flask, count as well.

## Why it matters
The client was meant to read 404 and reads 500 (or 200): it retries what cannot succeed, and alarms ring for requests
that were merely wrong.

## Example
```python
from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/orders/{order_id}")
def read_order(order_id: int):
    try:
        if order_id < 0:
            raise HTTPException(404, "no such order")
        return {"id": order_id}
    except Exception:
        raise HTTPException(500, "could not read the order")
```

## Use instead
```python
from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/orders/{order_id}")
def read_order(order_id: int):
    try:
        if order_id < 0:
            raise HTTPException(404, "no such order")
        return {"id": order_id}
    except HTTPException:
        raise
    except Exception:
        raise HTTPException(500, "could not read the order")
```

## When not to
A handler that raises again, looks at the type or the status of the error, or hands it on to a function is not reported;
nor is a helper like `user_or_none()`, which does nothing but return what a call gives, or None where that raises.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Edit, Finding, Fix, Function, Project, ProjectRule, Safety, Severity, Step, Unit, ir
from backend_lint.rules.api._errors import Answer, Answers, answering, is_broad, passes_on, status_of


class HttpErrorSwallowed(ProjectRule):
    code = "API207"
    severity = Severity.MEDIUM
    cwe = (755,)
    owasp = ("A10:2025",)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterator[Finding]:
        answers = project.derived(Answers)
        handlers = {route.handler.qualified for route in project.routes if route.handler is not None}
        for function in answering(project):
            for stmt in function.statements:
                if isinstance(stmt, ir.Try) and (function.qualified in handlers or not _only_asks(stmt)):
                    yield from self._swallowed(answers, stmt, answers.raised(stmt.body, function), function)
            yield from self._wrapped(answers, function)
        yield from self._registered(project)

    def _swallowed(
        self, answers: Answers, stmt: ir.Try, raised: Iterator[Answer], function: Function
    ) -> Iterator[Finding]:
        """One finding a handler: for the first error it should not catch."""
        seen: set[int] = set()
        for answer in raised:
            handler = answers.catching(stmt, answer, function)
            if handler is None or id(handler) in seen or not is_broad(answers.project, handler, function):
                continue
            seen.add(id(handler))
            if not passes_on(answers.project, handler, function):
                finding = self._finding(answers, answer, handler, function)
                if finding is not None:
                    yield finding

    def _wrapped(self, answers: Answers, function: Function) -> Iterator[Finding]:
        """Decorators of the project that call the function in a `try`."""
        for expr in function.decorators:
            target = ir.callee(expr)
            decorator = answers.project.function(answers.project.qualified(target, function.around) or "")
            for wrapper in _wrappers(decorator):
                for stmt in wrapper.statements:
                    if isinstance(stmt, ir.Try) and _calls_a_parameter(stmt, wrapper):
                        yield from self._swallowed(answers, stmt, iter(answers.leaving(function)), wrapper)

    def _finding(self, answers: Answers, answer: Answer, handler: ir.Handler, function: Function) -> Finding | None:
        """None where the same status is answered after all, or where the function goes on without what failed."""
        instead = _answered(answers, handler, function)
        goes_on = not isinstance(handler.body[-1], ir.Return | ir.Raise)
        if instead == answer.status or (answer.way and (goes_on or answer.status is None)):
            return None
        what = f"{answer.status} of `{answer.written}`" if answer.status else f"`{answer.written}`"
        then = "the request goes on" if goes_on else f"answered as {instead}" if instead else "not answered as such"
        return self.finding(
            function.module.place(handler.type) if handler.type else function.place(handler),
            f"the {what} is caught by the broad `except` of `{function.facts.qualname}`, and {then}",
            help="Let HTTP errors through before it: `except HTTPException: raise`, or narrow what is caught.",
            related=[Step(answer.at, f"`{answer.written}` is raised here")],
            trace=[Step(site.at, f"`{site.name}` leads to it") for site in answer.way],
            fix=self._fix(answer, handler, function),
        )

    def _fix(self, answer: Answer, handler: ir.Handler, function: Function) -> Fix | None:
        if answer.at.path != function.module.path or not answer.written.endswith("HTTPException"):
            return None
        indent = " " * (function.module.facts.line_column(handler.at)[1] - 1)
        text = f"except {answer.written}:\n{indent}    raise\n{indent}"
        return Fix(
            (Edit(function.module.path, handler.at, handler.at, text),),
            Safety.SAFE,
            "other errors are caught as before",
        )

    def _registered(self, project: Project) -> Iterator[Finding]:
        """Flask hands HTTP errors to a handler of `Exception`; FastAPI's and Starlette's own come first."""
        for app in project.apps:
            names = {name for handler in app.handlers for name in handler.exceptions}
            if app.framework != "flask" or any(name.endswith(".HTTPException") for name in names):
                continue
            for handler in app.handlers:
                function = handler.function
                if function is None or "builtins.Exception" not in handler.exceptions or not function.parameters:
                    continue
                as_handler = ir.Handler(
                    function.facts.at, function.facts.end, None, function.parameters[0].name, function.body
                )
                if not passes_on(project, as_handler, function):
                    yield self.finding(
                        handler.at,
                        f"`{function.name}` handles `Exception`, and so every 404 and 405 of the application, too",
                        help="Return the error itself where it is an `HTTPException`, or register a handler for that.",
                    )


def _only_asks(stmt: ir.Try) -> bool:
    """Whether a `try` makes the optional form of what it calls: `return user_of(token)`, and None where that refuses."""
    match stmt.body, [handler.body for handler in stmt.handlers]:
        case [ir.Return(value=ir.Call() | ir.Await())], [[ir.Return(value=None | ir.Const())]]:
            return True
    return False


def _answered(answers: Answers, handler: ir.Handler, function: Function) -> int | None:
    """The status that a handler of errors answers, if it names one."""
    for stmt in ir.walk_statements(handler.body):
        match stmt:
            case ir.Raise(exc=exc) if exc is not None:
                found = answers.error(exc, function)
                if found is not None:
                    return found.status
            case ir.Return(value=ir.Call() as call):
                given = call.keywords.get("status_code") or call.keywords.get("status")
                return status_of(answers.project, given, function)
            case ir.Return(value=ir.Sequence(items=[_, given, *_])):
                return status_of(answers.project, given, function)
    return None


def _wrappers(decorator: Function | None) -> Iterator[Function]:
    if decorator is not None:
        for each in decorator.nested.values():
            yield each
            yield from _wrappers(each)


def _calls_a_parameter(stmt: ir.Try, wrapper: Function) -> bool:
    """Whether the body calls what the decorator around was given."""
    given: set[str] = set()
    outer = wrapper.parent
    while outer is not None:
        given |= {each.name for each in outer.parameters}
        outer = outer.parent
    return any(isinstance(call.func, ir.Name) and call.func.id in given for call in ir.calls(stmt.body))
