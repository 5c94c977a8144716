"""Client data chooses a file.

## What it does
Follows data from the client to paths that are opened, served, written or removed, and reports it where it can climb
out of its directory.

## Why it matters
With `..` or an absolute path, whoever calls the endpoint reads or replaces any file that the server can reach.

## Example
```python
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse

app = FastAPI()
BASE = Path("/srv/manuals")


@app.get("/manuals")
def manual(name: str) -> FileResponse:
    return FileResponse(BASE / name)
```

## Use instead
```python
from pathlib import Path

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse

app = FastAPI()
BASE = Path("/srv/manuals")


@app.get("/manuals")
def manual(name: str) -> FileResponse:
    path = (BASE / name).resolve()
    if not path.is_relative_to(BASE):
        raise HTTPException(404)
    return FileResponse(path)
```

## References
- https://cwe.mitre.org/data/definitions/22.html
- https://cwe.mitre.org/data/definitions/73.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class PathTraversal(FlowRule):
    code = "SEC205"
    severity = Severity.HIGH
    cwe = (22, 73)
    owasp = ("A01:2021", "A01:2025")
    kinds = ("path",)
    harm = "with `..` it leads to any file that the server can reach"
    remedy = "Take the name alone (`Path(name).name`, `secure_filename`), or resolve the path and require `is_relative_to(base)`."
