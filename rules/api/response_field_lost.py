"""Response lacks what clients read in it.

## What it does
Reports fields of response schemas that the earlier contract has and this one has not, that changed their type, or that
may be null now; and answers that turned from a list into an object, or the reverse.

## Why it matters
Clients fail where they read the field, far from this change, and generated clients do not even parse the answer.

## Example
```python
# base/app.py
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    id: int
    total: str


@app.get("/orders/{order_id}")
def read(order_id: int) -> Order: ...
# head/app.py
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    id: int
    amount: str


@app.get("/orders/{order_id}")
def read(order_id: int) -> Order: ...
```

## Use instead
```python
# base/app.py
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    id: int
    total: str


@app.get("/orders/{order_id}")
def read(order_id: int) -> Order: ...
# head/app.py
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    id: int
    total: str
    amount: str


@app.get("/orders/{order_id}")
def read(order_id: int) -> Order: ...
```

## When not to
Schemas whose fields are made by code are not compared; a class that merely has another name is the same schema.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import (
    Changed,
    Comparison,
    ContractField,
    ContractRule,
    Direction,
    Finding,
    Project,
    Severity,
    Step,
    contract_place,
    listed,
)
from backend_lint.rules.api._contract import users


class ResponseFieldLost(ContractRule):
    code = "API403"
    severity = Severity.HIGH

    def compared(self, changes: Comparison, project: Project) -> Iterator[Finding]:
        for before, after in changes.kept:
            old, new = before.response, after.response
            if old is None or new is None:
                continue
            what = _retyped(old, new)
            if what is not None:
                yield self.finding(
                    contract_place(new, after),
                    f"`{after.label}` answers {what}",
                    help="Serve the new shape under a new version, and keep this one until clients have moved.",
                    related=[Step(contract_place(old, before), "as it was")],
                    discriminator=after.label,
                    unit=after.label,
                )
        for changed in changes.objects[Direction.OUTPUT]:
            yield from self._fields(changed)

    def _fields(self, changed: Changed) -> Iterator[Finding]:
        shared = [(old, new) for old, new in changed.fields() if old is not None and not old.write_only]
        gone = [old for old, new in shared if new is None or new.write_only]
        if gone and not changed.after.is_open:
            yield self._lost(changed, gone)
        for old, new in shared:
            if new is None or new.write_only:
                continue
            what, severity = _retyped(old, new), Severity.HIGH
            if what is None and new.nullable and not old.nullable and old.type is not None and old.required:
                what, severity = "null sometimes, and never was", Severity.LOW
            if what is not None:
                yield self.finding(
                    new.at,
                    f"`{new.name}` of `{changed.after.name}` is {what}, in the answer of {users(changed)}",
                    help="Add a field for the new value, and keep this one until clients have moved.",
                    related=[Step(old.at, "as it was")],
                    discriminator=f"{changed.after.name} {new.name}",
                    unit=changed.operations[0].label,
                    severity=severity,
                )

    def _lost(self, changed: Changed, gone: list[ContractField]) -> Finding:
        fresh = [new for old, new in changed.fields() if old is None and new is not None and not new.write_only]
        like = [
            each
            for each in fresh
            if (each.type, each.many, each.schema) == (gone[0].type, gone[0].many, gone[0].schema)
        ]
        renamed = f" (`{like[0].name}` is new)" if len(gone) == len(like) == 1 and gone[0].type is not None else ""
        return self.finding(
            changed.after.at,
            f"{listed((each.name for each in gone), 5)} of `{changed.after.name}` {'are' if len(gone) > 1 else 'is'} gone"
            f"{renamed} from the answer of {users(changed)}",
            help="Keep what clients read, marked as deprecated, until they have stopped reading it.",
            related=[Step(each.at, f"`{each.name}` was here") for each in gone[:20]],
            discriminator=changed.after.name,
            unit=changed.operations[0].label,
        )


def _retyped(old: ContractField, new: ContractField) -> str | None:
    """What a value turned into, in words; None where it is the same on the wire or not known well enough."""
    if old.many != new.many and None not in (old.type, new.type):
        return "one object and was a list" if old.many else "a list and was one object"
    first, second = (None if each is None else each.partition(":")[0] for each in (old.type, new.type))
    if first is None or second is None or first == second or (first, second) == ("number", "integer"):
        return None
    return f"{_article(second)} and was {_article(first)}"


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
