"""Success answers otherwise than it did.

## What it does
Reports existing operations whose success status changed, and response fields of a closed set of values that may hold a
value now that clients do not know.

## Why it matters
Clients that compare the status take a success for a failure; those with an exhaustive `switch` or a generated enum fail
on the first answer with the new value.

## Example
```python
# base/app.py
from fastapi import FastAPI

app = FastAPI()


@app.post("/orders")
def create() -> int: ...
# head/app.py
from fastapi import FastAPI

app = FastAPI()


@app.post("/orders", status_code=202)
def create() -> int: ...
```

## Use instead
```python
# base/app.py
from fastapi import FastAPI

app = FastAPI()


@app.post("/orders")
def create() -> int: ...
# head/app.py
from fastapi import FastAPI

app = FastAPI()


@app.post("/orders")
def create() -> int: ...


@app.post("/v2/orders", status_code=202)
def create_later() -> int: ...
```

## When not to
Where the documentation tells clients to expect further values of a set, that set is open; suppress the finding there, or
type the field as a plain string.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Comparison, ContractRule, Direction, Endpoint, Finding, Project, Severity, Step, listed
from backend_lint.rules.api._contract import users


class ResponseContractChanged(ContractRule):
    code = "API405"
    severity = Severity.LOW

    def compared(self, changes: Comparison, project: Project) -> Iterator[Finding]:
        for before, after in changes.kept:
            old, new = _status(before), _status(after)
            if old is not None and new is not None and old != new:
                yield self.finding(
                    after.at,
                    f"`{after.label}` answers {new} on success, and answered {old}",
                    help=f"Keep {old}, or serve the change under a new version.",
                    related=[Step(before.at, "as it was")],
                    discriminator=after.label,
                    unit=after.label,
                )
        for changed in changes.objects[Direction.OUTPUT]:
            for old_field, new_field in changed.fields():
                if old_field is None or new_field is None or not old_field.enum:
                    continue
                fresh = [each for each in new_field.enum if each not in old_field.enum]
                if fresh:
                    yield self.finding(
                        new_field.at,
                        f"`{new_field.name}` of `{changed.after.name}` may be {listed(fresh)} now, "
                        f"which clients of {users(changed)} do not know",
                        help="Tell clients first, or answer them with a value that they know.",
                        related=[Step(old_field.at, "as it was")],
                        discriminator=f"{changed.after.name} {new_field.name}",
                        unit=changed.operations[0].label,
                    )


def _status(operation: Endpoint) -> int | None:
    """The status that it declares, or that its framework answers with when nothing is declared."""
    return 200 if operation.status is None and operation.framework == "fastapi" else operation.status
