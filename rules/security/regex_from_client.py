"""The client supplies a regular expression.

## What it does
Follows data from the client to the pattern of a regular expression, and to subjects of patterns that take
exponential time.

## Why it matters
A short pattern keeps a worker busy for hours; a few requests stop the service.

## Example
```python
import re

from flask import Flask, request

app = Flask(__name__)
NAMES = ["ada", "grace"]


@app.get("/names")
def names():
    return [name for name in NAMES if re.search(request.args["pattern"], name)]
```

## Use instead
```python
import re

from flask import Flask, request

app = Flask(__name__)
NAMES = ["ada", "grace"]


@app.get("/names")
def names():
    return [name for name in NAMES if re.search(re.escape(request.args["pattern"]), name)]
```

## References
- https://cwe.mitre.org/data/definitions/1333.html
- https://cwe.mitre.org/data/definitions/730.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class RegexFromClient(FlowRule):
    code = "SEC212"
    severity = Severity.MEDIUM
    preview = True
    cwe = (1333, 730)
    owasp = ("A03:2021", "A05:2025", "API4:2023")
    kinds = ("regex",)
    harm = "a short pattern keeps a worker busy for hours"
    remedy = "Escape it with `re.escape`, search for plain text, or use a linear-time engine."
