"""The client chooses where it is redirected.

## What it does
Follows data from the client to the target of a redirect, and reports it where it can name another host.

## Why it matters
A link to your site that ends on another one is what phishing needs, and it carries tokens of the login along.

## Example
```python
from flask import Flask, redirect, request

app = Flask(__name__)


@app.get("/next")
def forward():
    return redirect(request.args["to"])
```

## Use instead
```python
from flask import Flask, redirect, request

app = Flask(__name__)
PAGES = {"home": "/", "cart": "/cart"}


@app.get("/next")
def forward():
    return redirect(PAGES[request.args["to"]])
```

## References
- https://cwe.mitre.org/data/definitions/601.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class OpenRedirect(FlowRule):
    code = "SEC209"
    severity = Severity.MEDIUM
    cwe = (601,)
    owasp = ("A01:2021", "A01:2025")
    kinds = ("redirect",)
    harm = "a link to this site can lead to any other"
    remedy = "Accept paths of your own only: `url_has_allowed_host_and_scheme`, or compare the parsed host."
