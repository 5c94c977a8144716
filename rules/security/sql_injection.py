"""Client data becomes SQL.

## What it does
Follows data from the client through calls, objects and files to where SQL is executed, and reports it where it is
part of the statement's text instead of a bound parameter, identifiers and sort orders included.

## Why it matters
Whoever calls the endpoint runs SQL of their own: they read and change every table that the application can.

## Example
```python
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.orm import Session

app = FastAPI()


@app.get("/orders")
def orders(q: str) -> list:
    session = Session()
    return session.execute(text(f"select * from orders where note like '%{q}%'")).all()
```

## Use instead
```python
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.orm import Session

app = FastAPI()


@app.get("/orders")
def orders(q: str) -> list:
    session = Session()
    return session.execute(text("select * from orders where note like :q"), {"q": f"%{q}%"}).all()
```

## References
- https://cwe.mitre.org/data/definitions/89.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class SqlInjection(FlowRule):
    code = "SEC201"
    severity = Severity.CRITICAL
    cwe = (89,)
    owasp = ("A03:2021", "A05:2025")
    kinds = ("sql",)
    harm = "whoever calls the endpoint can run SQL of their own"
    remedy = "Bind the value as a parameter; choose identifiers from a fixed set."
