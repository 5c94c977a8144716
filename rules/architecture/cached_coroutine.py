"""A memo decorator on an `async def` or a generator.

## What it does
Reports `functools.lru_cache`, `cache`, `cached_property` and the like on a coroutine function or a generator.

## Why it matters
What is cached is the coroutine or the generator, not its result. The first caller uses it up; the second gets
`RuntimeError: cannot reuse already awaited coroutine`, or an empty iteration.

## Example
```python
from functools import lru_cache


@lru_cache
async def exchange_rate(currency: str) -> float:
    return 1.0
```

## Use instead
```python
from async_lru import alru_cache


@alru_cache
async def exchange_rate(currency: str) -> float:
    return 1.0
```

## References
- https://docs.python.org/3/library/functools.html#functools.lru_cache
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import Finding, Project, ProjectRule, Severity, Unit, ir

_MEMOS = frozenset(
    {
        "functools.lru_cache",
        "functools.cache",
        "functools.cached_property",
        "cachetools.cached",
        "cachetools.func.lru_cache",
        "cachetools.func.ttl_cache",
        "django.utils.functional.cached_property",
        "werkzeug.utils.cached_property",
    }
)


class CachedCoroutine(ProjectRule):
    code = "ARC407"
    severity = Severity.HIGH
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        for function in project.functions():
            if not (function.is_async or function.facts.is_generator):
                continue
            for decorator in function.decorators[-1:]:  # what stands below a cache may make something else of it
                called = ir.callee(decorator)
                if project.qualified(called, function.around) in _MEMOS:
                    kind = "generator" if function.facts.is_generator else "coroutine"
                    yield self.finding(
                        function.place(decorator),
                        f"`{ir.dotted(called)}` caches the {kind} of `{function.name}`, which can be used once, "
                        "not its result",
                        help="Cache the result: `async_lru.alru_cache`, `aiocache.cached`, or a list instead of a generator.",
                    )

    def examined(self, project: Project) -> Iterable[str]:
        return [f"{each.module.path}:{each.facts.qualname}" for each in project.functions() if each.decorators]
