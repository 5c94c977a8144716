"""Failure in the background that nobody will see.

## What it does
Reports work handed to an executor whose future is dropped, and `asyncio.gather(..., return_exceptions=True)` whose
results are dropped, where the work does not log its own errors.

## Why it matters
An executor keeps the exception in the future, and `gather` in its list of results. When nobody looks there, the work
has failed and nothing says so: no log, no traceback, no answer.

## Example
```python
from concurrent.futures import ThreadPoolExecutor

from flask import Flask, request

from mail import deliver

app = Flask(__name__)
executor = ThreadPoolExecutor(2)


@app.post("/orders")
def order():
    executor.submit(deliver, request.form["address"])
    return ""
```

## Use instead
```python
import logging
from concurrent.futures import Future, ThreadPoolExecutor

from flask import Flask, request

from mail import deliver

app = Flask(__name__)
executor = ThreadPoolExecutor(2)
logger = logging.getLogger(__name__)


def report(future: Future) -> None:
    if future.exception() is not None:
        logger.error("not delivered", exc_info=future.exception())


@app.post("/orders")
def order():
    future = executor.submit(deliver, request.form["address"])
    future.add_done_callback(report)
    return ""
```

## When not to
Work that catches and logs its own errors is left out.

## References
- https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Future.exception
- https://docs.python.org/3/library/asyncio-task.html#asyncio.gather
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import CallSite, Finding, Function, Project, ProjectRule, Severity, Unit, ir

_EXECUTORS = frozenset(
    f"concurrent.futures.{owner}.submit"
    for owner in ("ThreadPoolExecutor", "ProcessPoolExecutor", "Executor", "thread.ThreadPoolExecutor")
)
_GATHER = "asyncio.gather"
_BROAD = frozenset({"Exception", "BaseException"})


class BackgroundFailureInvisible(ProjectRule):
    code = "SEC406"
    preview = True
    severity = Severity.MEDIUM
    cwe = (391, 778)
    owasp = ("A09:2021", "A10:2025")
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterator[Finding]:
        for function in project.functions():
            sites = [site for site in project.sites(function) if _may_hide(site)]
            if not sites:
                continue
            dropped = _dropped(function)
            for site in sites:
                if id(site.call) not in dropped:
                    continue
                if site.symbol == _GATHER:
                    if _keeps_errors(site, project) and not all(
                        _sees_to_itself(each, project) for each in _gathered(site, project)
                    ):
                        yield self.finding(
                            site.at,
                            "`gather()` returns the errors here, and what it returns is dropped",
                            help="Look through the results and log the exceptions among them.",
                        )
                    continue
                if (ir.dotted(site.call.argument(0)) or "").endswith(("run_forever", "serve_forever")):
                    continue
                work = _submitted(site, project)
                if work is None or not _sees_to_itself(work, project):
                    name = ir.dotted(site.call.argument(0)) or "what is submitted"
                    yield self.finding(
                        site.at,
                        f"when `{name}` fails, its future keeps the error, and the future is dropped",
                        help="Add a done-callback that logs `future.exception()`, or catch and log in the work itself.",
                    )

    def examined(self, project: Project) -> list[str]:
        return [
            f"{function.module.path}:{function.facts.qualname}"
            for function in project.functions()
            if any(_may_hide(site) for site in project.sites(function))
        ]


def _may_hide(site: CallSite) -> bool:
    return site.symbol == _GATHER or site.symbol in _EXECUTORS


def _dropped(function: Function) -> set[int]:
    """The calls whose outcome nothing looks at: statements of their own, awaited or not."""
    found = set()
    for stmt in function.statements:
        if type(stmt) is ir.Evaluate:
            value = stmt.value.value if type(stmt.value) is ir.Await else stmt.value
            found.add(id(value))
    return found


def _keeps_errors(site: CallSite, project: Project) -> bool:
    return project.constant(site.call.keywords.get("return_exceptions"), site.scope) is True


def _submitted(site: CallSite, project: Project) -> Function | None:
    work = site.call.argument(0, "fn")
    if type(work) is ir.Attribute and work.name == "run":
        work = site.call.argument(1)  # of a context, which runs what comes next
    if isinstance(site.scope, Function) and type(work) is ir.Name and work.id in site.scope.nested:
        return site.scope.nested[work.id]
    kind = project.type_of(work, site.scope)
    return None if kind is None or not kind.itself else project.function(kind.name)


def _gathered(site: CallSite, project: Project) -> list[Function]:
    """The functions of the project whose coroutines are gathered; those of a cancellation have no errors of note."""
    found = []
    for arg in site.call.args:
        for node in ir.walk_expression(arg.value):
            if type(node) is ir.Call:
                found += project.site(node, site.scope).targets[:1]
    return found


def _sees_to_itself(function: Function, project: Project) -> bool:
    """Whether the whole of a function's work stands in a `try` that catches everything and does something about it."""
    for stmt in function.statements:
        if type(stmt) is ir.Try and any(each.type is None or ir.dotted(each.type) in _BROAD for each in stmt.handlers):
            return True
    body = [stmt for stmt in function.body if type(stmt) is not ir.Evaluate or type(stmt.value) is not ir.Const]
    if len(body) == 1:
        calls = [call for call in ir.calls(body) if project.site(call, function).targets]
        return len(calls) == 1 and _sees_to_itself(project.site(calls[0], function).targets[0], project)
    return False
