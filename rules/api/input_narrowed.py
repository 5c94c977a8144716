"""Request that was accepted is refused now.

## What it does
Reports parameters and body fields of existing operations that take less than the earlier contract says: a value of a
closed set is gone, a bound is tighter or new, a pattern was added, null is refused, the type is narrower.

## Why it matters
Requests that clients have been sending, and data that they have stored to send again, are refused.

## Example
```python
# base/app.py
from typing import Literal

from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def orders(sort: Literal["date", "total", "customer"] = "date") -> list[str]: ...
# head/app.py
from typing import Literal

from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def orders(sort: Literal["date", "total"] = "date") -> list[str]: ...
```

## Use instead
```python
# base/app.py
from typing import Literal

from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def orders(sort: Literal["date", "total"] = "date") -> list[str]: ...
# head/app.py
from typing import Literal

from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def orders(sort: Literal["date", "total", "customer"] = "date") -> list[str]: ...
```

## When not to
Bounds that say the same in another way (`gt=0` and `ge=1` of a whole number) are equal. Where the type of either side is
not known, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import (
    Comparison,
    ContractField,
    ContractRule,
    Direction,
    Endpoint,
    Finding,
    Place,
    Project,
    Severity,
    Step,
    listed,
    parameter_pairs,
)
from backend_lint.rules.api._contract import by_place, labels, users

_LOWER = {"ge": "be at least", "gt": "be more than", "min_length": "have a length of at least"}
_UPPER = {"le": "be at most", "lt": "be less than", "max_length": "have a length of at most"}
_OTHER = {"ge": "gt", "gt": "ge", "le": "lt", "lt": "le"}
_IN_TEXT = frozenset({"query", "header", "cookie", "form"})


class InputNarrowed(ContractRule):
    code = "API404"
    severity = Severity.MEDIUM

    def compared(self, changes: Comparison, project: Project) -> Iterator[Finding]:
        for at, what, operations in by_place(_parameters(changes)):
            yield self.finding(
                at,
                f"{what}, in {labels(operations)}",
                help="Keep taking what was taken, or serve the change under a new version.",
                related=[Step(each.at, f"`{each.label}`") for each in operations[:20]],
                discriminator=what,
                unit=operations[0].label,
            )
        for changed in changes.objects[Direction.INPUT]:
            for old, new in changed.fields():
                if old is None or new is None or old.read_only or new.read_only:
                    continue
                for what in narrowed(old, new, in_text=False):
                    yield self.finding(
                        new.at,
                        f"`{new.name}` of `{changed.after.name}` {what}, in {users(changed)}",
                        help="Keep taking what was taken, or serve the change under a new version.",
                        related=[Step(old.at, "as it was")],
                        discriminator=f"{changed.after.name} {new.name} {what}",
                        unit=changed.operations[0].label,
                    )


def _parameters(changes: Comparison) -> Iterator[tuple[Place, str, Endpoint]]:
    for before, after in changes.kept:
        for old, new in parameter_pairs(before, after):
            if old is not None and new is not None and old.is_declared and new.is_declared:
                for what in narrowed(old, new, in_text=new.where in _IN_TEXT):
                    yield new.at, f"`{new.name}` {what}", after


def narrowed(old: ContractField, new: ContractField, *, in_text: bool) -> Iterator[str]:
    """What is taken no more, each in words. `in_text` where every value is sent as text."""
    if old.enum and new.enum:
        gone = [each for each in old.enum if each not in new.enum]
        if gone:
            yield f"does not take {listed(gone)} any more"
    elif new.enum and (old.type or "").partition(":")[0] == "string":
        yield f"takes only {listed(new.enum)} now"
    elif _is_narrower(old.type, new.type, in_text=in_text):
        yield f"takes {_article(new.type)} only, and took {_article(old.type)}"
    if old.many and not new.many and None not in (old.type, new.type):
        yield "takes one value, and took a list"
    if old.nullable and not new.nullable and None not in (old.type, new.type) and not in_text:
        yield "refuses null"
    if old.type == new.type:
        yield from _bounds(old, new)


def _bounds(old: ContractField, new: ContractField) -> Iterator[str]:
    for name, phrase in (_LOWER | _UPPER).items():
        before, after = old.constraints.get(name), new.constraints.get(name)
        if not isinstance(after, int | float) or isinstance(before, str) or (name == "min_length" and after <= 0):
            continue
        if before is None and _OTHER.get(name) in old.constraints:
            continue
        if before is None or (after > before if name in _LOWER else after < before):
            yield f"must {phrase} {after}, and {'had no such bound' if before is None else f'the bound was {before}'}"
    pattern = new.constraints.get("pattern")
    if pattern is not None and pattern != old.constraints.get("pattern"):
        yield f"must match `{pattern}`" + (", and matched another pattern" if "pattern" in old.constraints else "")


def _is_narrower(old: str | None, new: str | None, *, in_text: bool) -> bool:
    if old is None or new is None or old == new:
        return False
    first, second = old.partition(":")[0], new.partition(":")[0]
    if first == second:
        return old == first  # a string becomes a UUID
    if in_text:
        return first == "string" or (first, second) == ("number", "integer")
    return (first, second) != ("integer", "number")


def _article(kind: str | None) -> str:
    name = (kind or "").partition(":")[2] or kind or ""
    return f"{'an' if name[:1] in 'aeio' else 'a'} {name}"
