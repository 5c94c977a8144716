"""Client data is returned as HTML.

## What it does
Follows data from the client to responses of an HTML type, `Markup` and `mark_safe`, and reports it where nothing
escapes it.

## Why it matters
A link is enough to run script in the browser of whoever follows it, with their session.

## Example
```python
from flask import Flask, request

app = Flask(__name__)


@app.get("/hello")
def hello():
    return "<h1>Hello " + request.args["name"] + "</h1>"
```

## Use instead
```python
from flask import Flask, request
from markupsafe import escape

app = Flask(__name__)


@app.get("/hello")
def hello():
    return "<h1>Hello " + escape(request.args["name"]) + "</h1>"
```

## References
- https://cwe.mitre.org/data/definitions/79.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class ReflectedXss(FlowRule):
    code = "SEC208"
    severity = Severity.HIGH
    cwe = (79,)
    owasp = ("A03:2021", "A05:2025")
    kinds = ("xss",)
    harm = "a link runs script in the browser of whoever follows it"
    remedy = "Escape it (`markupsafe.escape`, `format_html`) or render a template."
