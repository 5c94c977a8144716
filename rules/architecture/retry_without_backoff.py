"""What fails is tried again at once, or for ever.

## What it does
Reports retries without a wait between two tries: policies of tenacity and urllib3, and loops that call another service
again right after an error; and tasks of Celery that retry on errors without a limit.

## Why it matters
A service that is down gets all its clients' calls many times over and cannot come up again; workers that try for ever are
lost for everything else, and the error is never seen.

## Example
```python
import requests
from tenacity import retry


@retry
def rates() -> dict:
    return requests.get("https://rates.example/latest", timeout=5).json()
```

## Use instead
```python
import requests
from tenacity import retry, stop_after_attempt, wait_random_exponential


@retry(stop=stop_after_attempt(5), wait=wait_random_exponential(max=30))
def rates() -> dict:
    return requests.get("https://rates.example/latest", timeout=5).json()
```

## When not to
A bounded number of tries after a conflict of versions, where waiting would help nobody. Listeners that wait and connect
again for as long as they live are not reported.

## References
- https://tenacity.readthedocs.io/en/latest/
- https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Effect, Finding, Function, Project, ProjectRule, Scope, Severity, Unit, ir

_TENACITY = frozenset({"tenacity.retry", "tenacity.Retrying", "tenacity.AsyncRetrying"})
_URLLIB3 = frozenset({"urllib3.util.Retry", "urllib3.util.retry.Retry", "urllib3.Retry", "requests.adapters.Retry"})
_WAITS = frozenset({"sleep", "wait", "wait_for", "backoff", "delay", "input", "prompt", "confirm"})


class RetryWithoutBackoff(ProjectRule):
    code = "ARC409"
    severity = Severity.MEDIUM
    cwe = (799,)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        for scope in project.scopes():
            for node, what in _policies(scope, project):
                yield self._finding(scope, node, what)
        for task in project.tasks:
            most = task.options.get("max_retries")
            if "autoretry_for" in task.options and type(most) is ir.Const and most.value is None:
                yield self._finding(task.function, most, f"the task `{task.function.name}` is retried for ever")
        for function in project.functions():
            for loop in _busy_loops(function, project):
                yield self._finding(function, loop.test, "the loop calls again at once after an error, for ever")

    def _finding(self, scope: Scope, node: ir.Node, what: str) -> Finding:
        return self.finding(
            scope.module.place(node),
            what,
            help="Wait between two tries, longer each time and with some chance in it, and give up after a few.",
        )


def _policies(scope: Scope, project: Project) -> Iterator[tuple[ir.Node, str]]:
    for call, bare, symbol in _calls(scope, project):
        if symbol not in _TENACITY and symbol not in _URLLIB3:
            continue
        given = frozenset() if call is None else frozenset(call.keywords)
        if call is not None and call.has_unpacking:
            continue
        if symbol in _TENACITY and not (call is not None and call.positional):
            if "wait" not in given:
                end = "" if "stop" in given else ", for ever"
                yield call or bare, f"`{ir.dotted(bare)}` tries again at once, without a `wait`{end}"
        elif call is None:
            continue
        elif symbol in _URLLIB3 and "backoff_factor" not in given and _tries(call) not in (0, 1, False):
            yield call, "the retries of this adapter follow each other at once"


def _calls(scope: Scope, project: Project) -> Iterator[tuple[ir.Call | None, ir.Expr, str]]:
    """The calls of a scope, and the decorators of a function, with or without parentheses: call, callee, its name."""
    for site in project.sites(scope):
        yield site.call, site.call.func, site.symbol or ""
    if isinstance(scope, Function):
        for each in scope.decorators:
            call = each if type(each) is ir.Call else None
            bare = each if call is None else call.func
            yield call, bare, project.qualified(bare, scope.around) or ""


def _tries(call: ir.Call) -> object:
    total = call.argument(0, "total")
    return total.value if type(total) is ir.Const else None


def _busy_loops(function: Function, project: Project) -> Iterator[ir.While]:
    """Endless loops in which an error of another service leads to the next call without a wait."""
    for loop in function.statements:
        if type(loop) is not ir.While or not (type(loop.test) is ir.Const and loop.test.value):
            continue
        if any(_waits(call, function, project) for call in ir.calls(loop.body)):
            continue
        for stmt in loop.body:
            if type(stmt) is ir.Try and _calls_out(stmt, function, project):
                going_on = [
                    each
                    for each in stmt.handlers
                    if not any(type(inner) in (ir.Raise, ir.Return) for inner in ir.walk_statements(each.body))
                    and not any(
                        type(inner) is ir.Jump and inner.kind == "break" for inner in ir.walk_statements(each.body)
                    )
                ]
                if going_on and not any(_counts(each.body) for each in going_on):
                    yield loop
                    break


def _waits(call: ir.Call, function: Function, project: Project) -> bool:
    """Whether a call, or the function of the project that it calls, waits for time to pass or for a person."""
    within = (inner for each in project.site(call, function).targets[:1] for inner in ir.calls(each.body))
    return any(_last(each) in _WAITS for each in (call, *within))


def _calls_out(stmt: ir.Try, function: Function, project: Project) -> bool:
    """Whether the block sends something out, itself or in what it calls."""
    out = [each for each in project.effects.direct(Effect.OUTBOUND) if each.site is not None]
    sites, functions = {id(each.site.call) for each in out if each.site}, {each.scope for each in out}
    return any(
        id(call) in sites or not functions.isdisjoint(project.site(call, function).targets[:1])
        for call in ir.calls(stmt.body)
    )


def _counts(body: list[ir.Stmt]) -> bool:
    return any(type(stmt) is ir.Augment for stmt in ir.walk_statements(body))


def _last(call: ir.Call) -> str:
    return call.func.name if type(call.func) is ir.Attribute else (ir.dotted(call.func) or "")
