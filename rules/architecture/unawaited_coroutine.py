"""A coroutine is made and never awaited.

## What it does
Reports a call of an `async def` of the project whose result is thrown away or tested for truth without `await`.

## Why it matters
The body never runs. What it should have done, like writing an audit row or checking a permission, silently does not
happen; as a condition, a coroutine is always true.

## Example
```python
async def audit(event: str) -> None:
    print(event)


async def delete_user(user_id: int) -> None:
    audit(f"deleted {user_id}")
```

## Use instead
```python
async def audit(event: str) -> None:
    print(event)


async def delete_user(user_id: int) -> None:
    await audit(f"deleted {user_id}")
```
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import CallSite, Finding, Project, ProjectRule, Scope, Severity, Step, Unit, ir

_HARMLESS = frozenset({"staticmethod", "classmethod", "abstractmethod", "override", "final", "overload"})


class UnawaitedCoroutine(ProjectRule):
    code = "ARC403"
    severity = Severity.HIGH
    cwe = (252,)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        for scope in project.scopes():
            for call, use in _dropped(scope):
                site = project.site(call, scope)
                if _is_coroutine(site):
                    target = site.targets[0]
                    yield self.finding(
                        site.at,
                        f"`{site.name}()` makes a coroutine that is {use}: the body of `{target.name}` never runs",
                        help=f"Write `await {site.name}(…)`, or hand it to a task that is kept.",
                        related=[Step(target.at, f"`{target.name}` is `async def`")],
                    )


def _dropped(scope: Scope) -> Iterator[tuple[ir.Call, str]]:
    statements = getattr(scope, "statements", None) or ir.walk_statements(scope.body)
    for stmt in statements:
        match stmt:
            case ir.Evaluate(value=ir.Call() as call):
                yield call, "thrown away"
            case ir.If(test=test) | ir.While(test=test) | ir.Assert(test=test):
                yield from ((call, "always true") for call in _tested(test))


def _tested(test: ir.Expr) -> Iterator[ir.Call]:
    match test:
        case ir.Call():
            yield test
        case ir.Unary(op="not", value=value):
            yield from _tested(value)
        case ir.Bool(values=values):
            for value in values:
                yield from _tested(value)


def _is_coroutine(site: CallSite) -> bool:
    """Whether every function that may be called is a plain `async def`; a decorator may have made it something else."""
    return (
        bool(site.targets)
        and site.is_certain
        and all(
            target.is_async
            and not target.facts.is_generator
            and all((ir.dotted(each) or "?").rpartition(".")[2] in _HARMLESS for each in target.decorators)
            for target in site.targets
        )
    )
