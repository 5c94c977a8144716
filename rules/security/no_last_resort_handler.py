"""Handler of all errors that hides them.

## What it does
Finds the place where an application catches every error (Flask's `errorhandler(Exception)`, a middleware around the
next handler, the `EXCEPTION_HANDLER` of Django REST framework) and reports it where nothing on its way logs the error,
raises it again or hands it to an error tracker.

## Why it matters
Without such a handler the framework answers 500 and writes the traceback to the log. This one answers 500 and writes
nothing: every defect of the application becomes invisible at once.

## Example
```python
from flask import Flask, jsonify

app = Flask(__name__)


@app.errorhandler(Exception)
def failed(error):
    return jsonify(error="internal error"), 500
```

## Use instead
```python
from flask import Flask, jsonify

app = Flask(__name__)


@app.errorhandler(Exception)
def failed(error):
    app.logger.exception("request failed")
    return jsonify(error="internal error"), 500
```

## When not to
Handlers of named errors, and Starlette's handler of `Exception`, after which the error is raised again, are left out.

## References
- https://flask.palletsprojects.com/en/stable/errorhandling/#generic-exception-handlers
- https://cwe.mitre.org/data/definitions/248.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, Function, Project, ProjectRule, Severity, Unit, ir
from backend_lint.rules.security._shared import nested

_BROAD = frozenset({"Exception", "BaseException", "builtins.Exception", "builtins.BaseException"})
_RECORDS = re.compile(
    r"^(?:capture_exception|capture_message|record_exception|notice_error|print_exc|format_exc|exc_info|log_exception|"
    r"log_error|report_exc_info|notify|exception|got_request_exception|send_robust|error|critical|warning|warn|audit)$"
)
_NEXT = re.compile(r"^(?:call_next|get_response|next_handler|handler|app|self\.(?:get_response|app|_get_response))$")
_FORWARDS = "rest_framework.views.exception_handler"
_DEPTH = 3


class NoLastResortHandler(ProjectRule):
    code = "SEC408"
    severity = Severity.MEDIUM
    cwe = (778, 390)
    owasp = ("A09:2021", "A10:2025")
    unit = Unit.PROJECT

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[str] = set()
        for function, how in _last_resorts(project):
            if function.qualified not in seen and not _records(function, project):
                seen.add(function.qualified)
                yield self._finding(function, function.at, how)
        for function in _around(project):
            for handler in _catching(function):
                if not _is_recorded(handler.body, function, project):
                    yield self._finding(function, function.place(handler), "a middleware")

    def _finding(self, function: Function, at: object, how: str) -> Finding:
        return self.finding(
            at,  # type: ignore[arg-type]
            f"`{function.name}` answers every error as {how} and records none",
            help="Log it first with `logger.exception()`, or let it rise: the framework logs it and answers 500.",
        )


def _last_resorts(project: Project) -> Iterator[tuple[Function, str]]:
    """Functions that answer for every error, in frameworks that then forget it."""
    for app in project.apps:
        for each in app.handlers:
            if app.framework == "flask" and each.function is not None and _BROAD & set(each.exceptions):
                yield each.function, "the handler of `Exception`"
    for setting in project.settings:
        if setting.name == "REST_FRAMEWORK" and setting.profile in ("base", "production"):
            options = project.constant(setting.value, setting.scope)
            name = options.get("EXCEPTION_HANDLER") if isinstance(options, dict) else None
            function = project.function(name) if isinstance(name, str) else None
            if function is not None and _answers_unknown(function, project):
                yield function, "`EXCEPTION_HANDLER`"


def _answers_unknown(function: Function, project: Project) -> bool:
    """Whether an exception handler of DRF answers also those errors for which the framework's has no answer."""
    last = function.body[-1] if function.body else None
    if type(last) is not ir.Return or type(last.value) is not ir.Call:
        return False
    symbol = project.site(last.value, function).symbol or ""
    return symbol in ("rest_framework.response.Response", "django.http.JsonResponse")


def _around(project: Project) -> list[Function]:
    """Functions of middleware that call what comes next."""
    found: dict[str, Function] = {}
    for app in project.apps:
        for each in app.middleware:
            for function in _methods(each.function, each.name, project):
                found[function.qualified] = function
    return sorted(found.values(), key=lambda each: each.at)


def _methods(function: Function | None, name: str, project: Project) -> Iterator[Function]:
    cls = project.cls(name)
    if cls is not None:
        for method in cls.methods.values():
            yield from nested(method)
    elif function is not None:
        yield from nested(function)


def _catching(function: Function) -> Iterator[ir.Handler]:
    """The broad handlers around a call of what comes next, which answer themselves."""
    for stmt in function.statements:
        if type(stmt) is not ir.Try or not any(_NEXT.match(ir.dotted(call.func) or "") for call in ir.calls(stmt.body)):
            continue
        for handler in stmt.handlers:
            is_broad = handler.type is None or ir.dotted(handler.type) in _BROAD
            if is_broad and any(type(each) is ir.Return for each in ir.walk_statements(handler.body)):
                yield handler


def _records(function: Function, project: Project) -> bool:
    return any(_is_recorded(each.body, each, project) for each in nested(function))


def _is_recorded(body: list[ir.Stmt], function: Function, project: Project, depth: int = _DEPTH) -> bool:
    """Whether a block logs, raises, or hands on, itself or in what it calls."""
    if any(type(stmt) is ir.Raise for stmt in ir.walk_statements(body)):
        return True
    for call in ir.calls(body):
        site = project.site(call, function)
        if _RECORDS.match(site.method or "") or "log" in (site.name.lower().rpartition(".")[0]):
            return True
        if depth and any(_is_recorded(each.body, each, project, depth - 1) for each in site.targets[:1]):
            return True
    return False
