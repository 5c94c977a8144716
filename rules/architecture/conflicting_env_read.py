"""One environment variable is read with two defaults.

## What it does
Reports a variable that is read from the environment in several modules whose defaults differ.

## Why it matters
Where the variable is not set, parts of the application work with different values: the worker talks to another host
than the API, one half logs what the other hides. Nobody sees it until the variable is missing somewhere.

## Example
```python
# shop/cache.py
import os

HOST = os.environ.get("CACHE_HOST", "localhost")


# shop/worker.py
import os

HOST = os.getenv("CACHE_HOST", "cache.internal")
```

## Use instead
```python
# shop/settings.py
import os

CACHE_HOST = os.environ.get("CACHE_HOST", "localhost")


# shop/cache.py
from shop.settings import CACHE_HOST

HOST = CACHE_HOST


# shop/worker.py
from shop.settings import CACHE_HOST

HOST = CACHE_HOST
```

## When not to
Settings of different environments, of tests and of scripts may have defaults of their own and are not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import UNKNOWN, Finding, Module, Project, ProjectRule, Role, Setting, Severity, Step, Unit, ir

_OFF = frozenset({"", "0", "false", "no", "none", "off"})


class ConflictingEnvRead(ProjectRule):
    code = "ARC105"
    severity = Severity.LOW
    cwe = (1188,)
    unit = Unit.SETTING

    def check(self, project: Project) -> Iterable[Finding]:
        for variable, reads in _reads(project).items():
            defaults: dict[str, tuple[Setting, object]] = {}
            for each in reads:
                value = project.constant(each.default, each.scope)
                if each.default is None or value is UNKNOWN:
                    continue
                if _plain(value):  # nothing as a default asks whether the variable is set
                    defaults.setdefault(_plain(value), (each, value))
            if len({each.scope.module.name for each, _ in defaults.values()}) > 1:
                first, *others = sorted(defaults.values(), key=lambda each: each[0].at)
                last, value = others[-1]
                yield self.finding(
                    last.at,
                    f"`{variable}` is {value!r} here where it is not set, and {first[1]!r} in `{first[0].at.path}`",
                    help="Read it once, in the settings, and take it from there everywhere.",
                    related=[Step(each.at, f"the default is {held!r} here") for each, held in (first, *others[:-1])],
                    discriminator=variable,
                )

    def examined(self, project: Project) -> Iterable[str]:
        return _reads(project)


def _reads(project: Project) -> dict[str, list[Setting]]:
    found: dict[str, list[Setting]] = {}
    for each in _environment(project):
        found.setdefault(each.variable or "", []).append(each)
    return found


def _environment(project: Project) -> Iterator[Setting]:
    for each in project.settings:
        module = each.scope.module
        if each.variable and module.role is Role.APP and each.profile in ("base", "production"):
            if not (each.scope is module and _is_conditional(each, module)):
                yield each


def _is_conditional(setting: Setting, module: Module) -> bool:
    """Whether a setting is read in one branch of several, each for an environment of its own."""
    return any(
        type(stmt) in (ir.If, ir.Try) and module.place(stmt).line <= setting.at.line <= module.place(stmt).end_line
        for stmt in module.body
    )


def _plain(value: object) -> str:
    """A default as the code that reads it sees it: `5` and `"5"` are one, and so are all that mean nothing."""
    if value is None:
        return ""
    text = str(value).strip().removeprefix("./").rstrip("/").lower()
    return "" if text in _OFF else text
