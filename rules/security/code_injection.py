"""Client data is run as code.

## What it does
Follows data from the client to `eval`, `exec`, imports, attribute look-ups that are called, and format templates.

## Why it matters
Whoever calls the endpoint runs Python in the server's process, or reads its memory through a format template.

## Example
```python
from flask import Flask, request

app = Flask(__name__)


@app.post("/sum")
def total():
    return str(eval(request.form["expression"]))
```

## Use instead
```python
import ast

from flask import Flask, request

app = Flask(__name__)


@app.post("/sum")
def total():
    return str(ast.literal_eval(request.form["expression"]))
```

## References
- https://cwe.mitre.org/data/definitions/94.html
- https://cwe.mitre.org/data/definitions/95.html
- https://cwe.mitre.org/data/definitions/470.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class CodeInjection(FlowRule):
    code = "SEC203"
    severity = Severity.CRITICAL
    cwe = (94, 95, 470)
    owasp = ("A03:2021", "A05:2025")
    kinds = ("code", "format")
    harm = "whoever calls the endpoint can run code in the server"
    apart = {"format": (Severity.HIGH, "as a template it reads whatever the formatted objects lead to")}
    remedy = "Parse the value (`ast.literal_eval`, `int`), or look the operation up in a dictionary."
