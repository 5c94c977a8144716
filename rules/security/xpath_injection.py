"""Client data changes an XPath query.

## What it does
Follows data from the client to XPath expressions, and reports it where it can leave its quotes.

## Why it matters
A quote rewrites the query: a check matches any node, a search returns the whole document.

## Example
```python
from flask import Flask, request
from lxml import etree

app = Flask(__name__)
TREE = etree.parse("people.xml")


@app.get("/people")
def people():
    return str(TREE.xpath("//person[@name='" + request.args["name"] + "']"))
```

## Use instead
```python
from flask import Flask, request
from lxml import etree

app = Flask(__name__)
TREE = etree.parse("people.xml")


@app.get("/people")
def people():
    return str(TREE.xpath("//person[@name=$name]", name=request.args["name"]))
```

## References
- https://cwe.mitre.org/data/definitions/643.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class XpathInjection(FlowRule):
    code = "SEC225"
    severity = Severity.HIGH
    cwe = (643,)
    owasp = ("A03:2021", "A05:2025")
    kinds = ("xpath",)
    harm = "a quote in it rewrites the query"
    remedy = 'Pass it as an XPath variable: `tree.xpath("//a[@id=$id]", id=value)`.'
