"""The client decides where the server connects.

## What it does
Follows data from the client to the address of outbound requests, and reports it where it can choose the host.

## Why it matters
The server stands behind the firewall: through it, whoever calls the endpoint reaches internal services and the
cloud's metadata, with the server's own rights.

## Example
```python
import httpx
from fastapi import FastAPI

app = FastAPI()


@app.post("/preview")
def preview(url: str) -> str:
    return httpx.get(url, timeout=5).text
```

## Use instead
```python
import httpx
from fastapi import FastAPI

app = FastAPI()


@app.post("/preview")
def preview(article: str) -> str:
    return httpx.get(f"https://articles.example/{article}", timeout=5).text
```

## References
- https://cwe.mitre.org/data/definitions/918.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class Ssrf(FlowRule):
    code = "SEC206"
    severity = Severity.HIGH
    cwe = (918,)
    owasp = ("A10:2021", "A01:2025", "API7:2023")
    kinds = ("ssrf",)
    harm = "it makes the server call any address, internal ones included"
    remedy = "Compare the host with a fixed set before the request, and do not follow redirects."
