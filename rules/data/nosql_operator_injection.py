"""A value from the client becomes an operator of a query.

## What it does
Follows data from the client into the filters of PyMongo, Motor, mongoengine and of search engines, where it may be a
mapping instead of the value that is meant.

## Why it matters
`{"password": {"$ne": ""}}` in a JSON body matches every password. `$where` runs JavaScript in the database.

## Example
```python
from flask import Flask, request
from pymongo import MongoClient

app = Flask(__name__)
users = MongoClient()["shop"]["users"]


@app.post("/login")
def login():
    body = request.get_json()
    user = users.find_one({"name": body["name"], "password": body["password"]})
    return {"ok": user is not None}
```

## Use instead
```python
from flask import Flask, request
from pymongo import MongoClient

app = Flask(__name__)
users = MongoClient()["shop"]["users"]


@app.post("/login")
def login():
    body = request.get_json()
    user = users.find_one({"name": str(body["name"]), "password": str(body["password"])})
    return {"ok": user is not None}
```

## References
- https://cwe.mitre.org/data/definitions/943.html
- https://owasp.org/www-project-web-security-testing-guide/latest/4-Web_Application_Security_Testing/07-Input_Validation_Testing/05.6-Testing_for_NoSQL_Injection
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class NosqlOperatorInjection(FlowRule):
    code = "DAT205"
    severity = Severity.HIGH
    preview = True
    cwe = (943,)
    owasp = ("A03:2021", "A05:2025")
    kinds = ("nosql",)
    harm = "the client sends an operator instead of a value"
    remedy = "Make it a string (`str(value)`), or validate it through a schema."
