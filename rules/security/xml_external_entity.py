"""Client XML is parsed with entities.

## What it does
Follows data from the client to XML parsers that resolve external entities or load DTDs, by the parser's options and
the library's defaults.

## Why it matters
An entity can name a file or an address: whoever sends the document reads the server's files, or makes it call out.

## Example
```python
from flask import Flask, request
from lxml import etree

app = Flask(__name__)


@app.post("/feed")
def feed():
    parser = etree.XMLParser(resolve_entities=True)
    return etree.fromstring(request.data, parser).tag
```

## Use instead
```python
from flask import Flask, request
from lxml import etree

app = Flask(__name__)


@app.post("/feed")
def feed():
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.fromstring(request.data, parser).tag
```

## References
- https://cwe.mitre.org/data/definitions/611.html
- https://cwe.mitre.org/data/definitions/776.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class XmlExternalEntity(FlowRule):
    code = "SEC210"
    severity = Severity.HIGH
    cwe = (611, 776)
    owasp = ("A05:2021", "A02:2025")
    kinds = ("xml",)
    harm = "an entity in it reads the server's files"
    remedy = "Parse with `defusedxml`, or with `resolve_entities=False`."
