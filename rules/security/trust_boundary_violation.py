"""Client data is kept as if it were trusted.

## What it does
Follows data from the client into the session: to its keys, and to values under names that others take for something the
application decided, like `user_id`, `role` or `is_admin`.

## Why it matters
What stands in the session is trusted: a role or a user id that the client chose opens what it should guard.

## Example
```python
from flask import Flask, request, session

app = Flask(__name__)


@app.post("/switch")
def switch():
    session["role"] = request.form["role"]
    return "ok"
```

## Use instead
```python
from flask import Flask, request, session

app = Flask(__name__)


@app.post("/switch")
def switch():
    session["theme"] = "dark" if request.form["theme"] == "dark" else "light"
    return "ok"
```

## When not to
What a client chooses for itself, like a language or where to go next, is left alone.

## References
- https://cwe.mitre.org/data/definitions/501.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class TrustBoundaryViolation(FlowRule):
    code = "SEC226"
    severity = Severity.LOW
    cwe = (501,)
    owasp = ("A04:2021", "A06:2025")
    kinds = ("trust-boundary",)
    harm = "other code will trust it as the session's own"
    remedy = "Store what you looked up for the client, not what the client sent."
