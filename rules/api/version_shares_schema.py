"""Change for one version of the API reaches another.

## What it does
Reports schemas that changed since the earlier contract and that operations of two API versions answer with or read.

## Why it matters
The older version exists so that its clients see no change. A class that both share hands them every change all the same.

## Example
```python
# base/app.py
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    id: int


@app.get("/v1/orders")
def orders() -> list[Order]: ...


@app.get("/v2/orders")
def orders_of_version_2() -> list[Order]: ...
# head/app.py
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    id: int
    total: str


@app.get("/v1/orders")
def orders() -> list[Order]: ...


@app.get("/v2/orders")
def orders_of_version_2() -> list[Order]: ...
```

## Use instead
```python
# base/app.py
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    id: int


@app.get("/v1/orders")
def orders() -> list[Order]: ...


@app.get("/v2/orders")
def orders_of_version_2() -> list[Order]: ...
# head/app.py
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    id: int


class Order2(Order):
    total: str


@app.get("/v1/orders")
def orders() -> list[Order]: ...


@app.get("/v2/orders")
def orders_of_version_2() -> list[Order2]: ...
```

## When not to
Where the change is meant for all versions; other rules judge whether it breaks any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Comparison, ContractRule, Direction, Endpoint, Finding, Project, Severity, Step, listed

_VERSION = re.compile(r"/v(\d+)(?:[._]\d+)?(?=/|$)", re.IGNORECASE)


class VersionSharesSchema(ContractRule):
    code = "API409"
    severity = Severity.LOW
    preview = True

    def compared(self, changes: Comparison, project: Project) -> Iterator[Finding]:
        seen: set[str] = set()
        for direction in Direction:
            for changed in changes.objects[direction]:
                versions: dict[str, Endpoint] = {}
                for each in changed.operations:
                    match = _VERSION.search(each.path)
                    if match is not None:
                        versions.setdefault(f"v{match[1]}", each)
                if len(versions) > 1 and changed.after.name not in seen:
                    seen.add(changed.after.name)
                    yield self.finding(
                        changed.after.at,
                        f"`{changed.after.name}` changed, and {listed(sorted(versions))} share it "
                        f"({listed(each.label for each in versions.values())})",
                        help="Give the newer version a class of its own.",
                        related=[
                            Step(changed.before.at, "as it was"),
                            *(Step(each.at, f"`{each.label}` has it") for each in versions.values()),
                        ],
                        discriminator=changed.after.name,
                        unit=changed.operations[0].label,
                    )
