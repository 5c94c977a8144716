"""Secret in a URL.

## What it does
Reports routes that take a password, an API key or another lasting credential as a query parameter, and requests to
other services that carry one in the URL.

## Why it matters
URLs are written down everywhere: in the access log, in the proxy's, in the browser's history, in the `Referer` of the
next page. Headers and bodies are not.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/login")
def login(name: str, password: str): ...
```

## Use instead
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Login(BaseModel):
    name: str
    password: str


@app.post("/login")
def login(form: Login): ...
```

## When not to
Links that work once (a reset, an invitation), signed URLs, and WebSockets, whose browsers can send no header, are left
out, and so are API keys sent to other services, many of which offer no other way.

## References
- https://cwe.mitre.org/data/definitions/598.html
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Confidence, Finding, Project, ProjectRule, Route, Severity, Unit, words
from backend_lint.rules.security._sensitive import is_lasting, secret_parts
from backend_lint.rules.security._shared import is_application, place_of

_LASTING = (
    ("password",),
    ("passwd",),
    ("passphrase",),
    ("api", "key"),
    ("apikey",),
    ("secret", "key"),
    ("client", "secret"),
)
_OUTBOUND = (
    ("password",),
    ("passwd",),
    ("passphrase",),
    ("secret", "key"),
    ("client", "secret"),
    ("access", "token"),
    ("auth", "token"),
)
_QUESTIONS = frozenset({"has", "is", "needs", "require", "requires"})


class SensitiveInUrl(ProjectRule):
    code = "SEC305"
    severity = Severity.MEDIUM
    cwe = (598,)
    owasp = ("A04:2021", "A04:2025")
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        told: set[tuple[object, str]] = set()
        for route in project.routes:
            if is_application(route, project) and not route.is_websocket:
                yield from self._taken(route, told)
        for call in project.outbound:
            if call.kind == "http" and call.url is not None:
                for node, name, _ in secret_parts(call.url, call.scope, project):
                    if _ends(name, _OUTBOUND):
                        yield self.finding(
                            call.scope.module.place(node),
                            f"`{name}` is part of the URL of a request to another service",
                            help="Send it in the `Authorization` header, or in the body.",
                            confidence=Confidence.MEDIUM,
                            severity=Severity.LOW,
                            discriminator=name,
                        )

    def _taken(self, route: Route, told: set[tuple[object, str]]) -> Iterator[Finding]:
        if not is_lasting(f"{route.path} {route.handler_name.rpartition('.')[2]}"):
            return
        for each in route.inputs:
            if each.where in ("query", "path") and _ends(each.name, _LASTING) and each.type not in ("bool", "int"):
                code = (route.handler or route.view or route.path, each.name)
                if code in told:
                    continue
                told.add(code)
                yield self.finding(
                    each.at or place_of(route),
                    f"`{route.label}` takes `{each.name}` in the URL, where every log on the way writes it down",
                    help="Take it in a header or in the body.",
                    discriminator=f"{route.label} {each.name}",
                    unit=route.label,
                )


def _ends(name: str, ends: tuple[tuple[str, ...], ...]) -> bool:
    spoken = words(name.rpartition(".")[2])
    return any(spoken[-len(end) :] == end for end in ends) and is_lasting(name) and not _QUESTIONS & set(spoken)
