"""Request that was complete lacks something now.

## What it does
Reports parameters and body fields of existing operations that are required now and were optional or unknown in the
earlier contract.

## Why it matters
Requests of all existing clients are refused (422 or 400) from the moment of the deployment on.

## Example
```python
# base/app.py
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class NewOrder(BaseModel):
    product: str


@app.post("/orders")
def create(order: NewOrder) -> int: ...
# head/app.py
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class NewOrder(BaseModel):
    product: str
    quantity: int


@app.post("/orders")
def create(order: NewOrder) -> int: ...
```

## Use instead
```python
# base/app.py
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class NewOrder(BaseModel):
    product: str


@app.post("/orders")
def create(order: NewOrder) -> int: ...
# head/app.py
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class NewOrder(BaseModel):
    product: str
    quantity: int = 1


@app.post("/orders")
def create(order: NewOrder) -> int: ...
```

## When not to
What a new operation requires breaks nobody, and is not reported; neither are path parameters, which come with the path.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import (
    Changed,
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


class RequiredInputAdded(ContractRule):
    code = "API402"
    severity = Severity.HIGH

    def compared(self, changes: Comparison, project: Project) -> Iterator[Finding]:
        yield from map(self._parameter, by_place(_parameters(changes)))
        for changed in changes.objects[Direction.INPUT]:
            if not all(each.method == "PATCH" and each.framework == "drf" for each in changed.operations):
                yield from self._fields(changed)

    def _parameter(self, found: tuple[Place, str, list[Endpoint]]) -> Finding:
        at, what, operations = found
        return self.finding(
            at,
            f"{labels(operations)} {'require' if len(operations) > 1 else 'requires'} {what}: requests without it are refused",
            help="Give it a default, or serve the change under a new version.",
            related=[Step(each.at, f"`{each.label}`") for each in operations[:20]],
            discriminator=what,
            unit=operations[0].label,
        )

    def _fields(self, changed: Changed) -> Iterator[Finding]:
        demanded = [
            (old, new)
            for old, new in changed.fields()
            if new is not None and not new.read_only and _is_demanded(old, new) and not changed.before.is_open
        ]
        for is_new, how in ((True, "new and required"), (False, "required now, and could be left out")):
            found = [(old, new) for old, new in demanded if (old is None or old.read_only) is is_new]
            if found:
                names = listed((new.name for _, new in found if new is not None), 5)
                yield self.finding(
                    found[0][1].at,  # type: ignore[union-attr]
                    f"{names} of `{changed.after.name}` {'are' if len(found) > 1 else 'is'} {how}: "
                    f"{users(changed)} refuse{_s(changed)} requests without",
                    help="Give it a default, or serve the change under a new version.",
                    related=[Step(changed.before.at, f"`{changed.before.name}` as it was")],
                    discriminator=f"{changed.after.name} {is_new}",
                    unit=changed.operations[0].label,
                )


def _parameters(changes: Comparison) -> Iterator[tuple[Place, str, Endpoint]]:
    for before, after in changes.kept:
        for old, new in parameter_pairs(before, after):
            if new is not None and new.is_declared and _is_demanded(old, new):
                kind = {"form": "form field", "query": "parameter", "body": "body"}.get(new.where, new.where)
                how = "a new" if old is None else "the once optional"
                yield new.at, f"{how} {kind} `{new.name}`", after


def _is_demanded(old: ContractField | None, new: ContractField) -> bool:
    return new.required and (old is None or old.read_only or not old.required)


def _s(changed: Changed) -> str:
    return "s" if len({each.label for each in changed.operations}) == 1 else ""
