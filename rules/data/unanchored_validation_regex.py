"""A pattern that should describe the whole value describes a part of it.

## What it does
Reports patterns of schemas and parameters (`pattern=`, `regex=`, `RegexValidator`) that are not anchored at both ends,
and `re.match` or `re.search` as the test of a value that is refused otherwise, where the pattern ends before the value
does. Patterns that end in anything (`.*`) and groups that are read from the match are left alone.

## Why it matters
`re.match(r"[a-z0-9-]+", name)` accepts `ok; rm -rf /`. What passes is used as though it were only letters.

## Example
```python
from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI()


class Account(BaseModel):
    name: str = Field(pattern=r"[a-z0-9-]+")


@app.post("/accounts")
def create(account: Account) -> dict:
    return {"name": account.name}
```

## Use instead
```python
from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI()


class Account(BaseModel):
    name: str = Field(pattern=r"^[a-z0-9-]+$")


@app.post("/accounts")
def create(account: Account) -> dict:
    return {"name": account.name}
```

## When not to
The value only has to contain or begin with something.

## References
- https://cwe.mitre.org/data/definitions/777.html
- https://docs.python.org/3/library/re.html#search-vs-match
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Function, Place, Project, ProjectRule, Severity, Unit, ir

_OPEN_END = re.compile(r"(?:\$|\\Z|\\z|\.\*|\.\+|\.\*\?|\(\?=|\(\?!|\\b)[)?]*$")
_CLASS_END = re.compile(r"(?:\]|\\[wd])(?:[*+]|[{]\d+(?:,\d*)?[}])[)?]*$")
_START = re.compile(r"^\(?(?:\?:)?(?:\(\?[aimsux]+\))?(?:\^|\\A)")


class UnanchoredValidationRegex(ProjectRule):
    code = "DAT211"
    severity = Severity.MEDIUM
    cwe = (777, 185)
    owasp = ("A03:2021", "A05:2025")
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        seen: set[tuple[str, int]] = set()
        for at, owner, pattern, is_anchored_start in _patterns(project):
            missing = _missing(pattern, is_anchored_start=is_anchored_start)
            key = (at.path, at.line)
            if missing is None or key in seen:
                continue
            seen.add(key)
            yield self.finding(
                at,
                f"the pattern of {owner} accepts values that only {missing} what it describes: `{_short(pattern)}`",
                help="Anchor it at both ends: `^…$`, or use `re.fullmatch`.",
                discriminator=owner,
            )

    def examined(self, project: Project) -> Iterable[str]:
        return [str(at) for at, *_ in _patterns(project)]


def _missing(pattern: str, *, is_anchored_start: bool) -> str | None:
    """`contain` or `begin with`; None where the pattern is whole, or not meant to be."""
    if "|" in pattern or not _CLASS_END.search(pattern) or _OPEN_END.search(pattern):
        return None
    starts = is_anchored_start or _START.match(pattern) is not None
    return "begin with" if starts else "contain"


def _short(pattern: str) -> str:
    return (pattern if len(pattern) <= 40 else f"{pattern[:37]}…").replace("`", "'")


def _patterns(project: Project) -> Iterator[tuple[Place, str, str, bool]]:
    """Places, owners and texts of patterns that accept or refuse a value; the last says whether they start with it."""
    for schema in project.schemas.values():
        for field in schema.fields.values():
            for name in ("pattern", "regex"):
                held = field.constraints.get(name)
                if isinstance(held, str) and schema.kind == "pydantic":
                    yield field.at, f"`{schema.name}.{field.name}`", held, name == "regex"
    for route in project.routes:
        for each in route.inputs:
            for name in ("pattern", "regex"):
                held = each.constraints.get(name)
                if isinstance(held, str) and each.at is not None and each.where in ("path", "query", "header", "form"):
                    yield each.at, f"`{each.name}`", held, name == "regex"
    for function in _refusing(project):
        yield from _tests(project, function)


def _refusing(project: Project) -> Iterator[Function]:
    """Functions that run for requests in modules that know regular expressions, validators included."""
    running = project.served
    for function in project.functions():
        if "re" in function.module.names and (function.qualified in running or _is_validator(function)):
            yield function


def _is_validator(function: Function) -> bool:
    names = [ir.dotted(ir.callee(each)) or "" for each in function.decorators]
    return function.name.startswith(("validate_", "clean_", "is_valid_")) or any("validat" in each for each in names)


def _tests(project: Project, function: Function) -> Iterator[tuple[Place, str, str, bool]]:
    for stmt in function.statements:
        if type(stmt) is not ir.If or not _refuses(stmt.body):
            continue
        test = stmt.test.value if type(stmt.test) is ir.Unary and stmt.test.op == "not" else _is_none(stmt.test)
        if type(test) is not ir.Call:
            continue
        site = project.site(test, function)
        pattern = _text(project, test, site.symbol or "", function)
        is_match = type(test.func) is ir.Attribute and test.func.name == "match"
        if pattern is not None and (is_match or _START.match(pattern)):  # a search has to find something anywhere
            yield project.place(test, function), f"`{function.name}()`", pattern, is_match


def _is_none(test: ir.Expr) -> ir.Expr | None:
    match test:
        case ir.Compare(op="is" | "==", left=left, right=ir.Const(value=None)):
            return left
        case _:
            return None


def _refuses(body: list[ir.Stmt]) -> bool:
    """Whether a block ends in an error, or in a result that says no."""
    last = body[-1] if body else None
    if type(last) is ir.Return:
        return type(last.value) is ir.Const and last.value.value in (False, None)
    return type(last) is ir.Raise


def _text(project: Project, call: ir.Call, symbol: str, function: Function) -> str | None:
    """The pattern of a test."""
    if symbol in ("re.match", "re.search"):
        held = project.constant(call.argument(0, "pattern"), function)
        return held if isinstance(held, str) else None
    if type(call.func) is ir.Attribute and call.func.name in ("match", "search") and type(call.func.value) is ir.Name:
        made = function.module.assignments.get(call.func.value.id)
        value = made[-1].value if made else None
        if type(value) is ir.Call and project.qualified(value.func, function.module) == "re.compile":
            held = project.constant(value.argument(0, "pattern"), function.module)
            return held if isinstance(held, str) else None
    return None
