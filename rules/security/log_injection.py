"""Client data adds lines to a log.

## What it does
Follows data from the client to the message of plain-text log calls, and reports it where a line break can forge an
entry.

## Why it matters
Whoever calls the endpoint writes entries of their own into the log that an incident is judged by.

## Example
```python
import logging

from flask import Flask, request

app = Flask(__name__)
logger = logging.getLogger(__name__)


@app.post("/login")
def login():
    logger.warning("login failed for " + request.form["user"])
    return "no", 401
```

## Use instead
```python
import logging

from flask import Flask, request

app = Flask(__name__)
logger = logging.getLogger(__name__)


@app.post("/login")
def login():
    logger.warning("login failed for %r", request.form["user"])
    return "no", 401
```

## References
- https://cwe.mitre.org/data/definitions/117.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class LogInjection(FlowRule):
    code = "SEC404"
    severity = Severity.LOW
    cwe = (117,)
    owasp = ("A09:2021", "A09:2025")
    kinds = ("log",)
    harm = "a line break in it forges a log entry"
    remedy = "Log `repr(value)` (`%r`), or structured fields through a JSON formatter."
    preview = True
