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
        for old, new in changed.fields():
            if new is None or new.read_only or not _is_demanded(old, new) or changed.before.is_open:
                continue
            how = "is new and required" if old is None or old.read_only else "was optional and is required now"
            yield self.finding(
                new.at,
                f"`{new.name}` of `{changed.after.name}` {how}: {users(changed)} refuse{_s(changed)} requests without it",
                help="Give it a default, or serve the change under a new version.",
                related=[Step(changed.before.at if old is None else old.at, "as it was")],
                discriminator=f"{changed.after.name} {new.name}",
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
