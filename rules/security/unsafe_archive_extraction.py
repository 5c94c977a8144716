"""An uploaded archive is extracted.

## What it does
Follows an upload to where it is extracted as an archive without a filter or a check of its members.

## Why it matters
A member's name may be absolute, climb with `..` or be a link: extracting writes wherever the archive says.

## Example
```python
import tarfile

from flask import Flask, request

app = Flask(__name__)


@app.post("/import")
def load():
    with tarfile.open(fileobj=request.files["archive"].stream) as archive:
        archive.extractall("/srv/imports")
    return "ok"
```

## Use instead
```python
import tarfile

from flask import Flask, request

app = Flask(__name__)


@app.post("/import")
def load():
    with tarfile.open(fileobj=request.files["archive"].stream) as archive:
        archive.extractall("/srv/imports", filter="data")
    return "ok"
```

## References
- https://cwe.mitre.org/data/definitions/22.html
- https://cwe.mitre.org/data/definitions/409.html
"""

from __future__ import annotations

from backend_lint.api import Flow, FlowRule, Project, Severity
from backend_lint.rules.security import _members


class UnsafeArchiveExtraction(FlowRule):
    code = "SEC213"
    severity = Severity.HIGH
    cwe = (22, 409)
    owasp = ("A01:2021", "A01:2025")
    kinds = ("archive",)
    harm = "its members are written wherever their names say"
    remedy = 'Pass `filter="data"`, and check the number and size of the members.'

    def counts(self, flow: Flow, project: Project) -> bool:
        scope = project.enclosing(flow.sink)
        sites = project.sites(scope) if scope is not None else []
        return not any(site.at == flow.sink and _members.are_looked_at(site, project) for site in sites)
