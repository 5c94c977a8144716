"""Any origin may call with credentials.

## What it does
Reports CORS middleware that allows credentials together with every origin: `"*"`, a pattern that matches anything,
`null`, or the framework's switch for all.

## Why it matters
With credentials, Starlette and django-cors-headers answer the wildcard by naming whatever origin asked. Any page that a
logged-in user opens can then read and change that user's data.

## Example
```python
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
```

## Use instead
```python
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"], allow_credentials=True)
```

## References
- https://fetch.spec.whatwg.org/#cors-protocol-and-credentials
- https://cwe.mitre.org/data/definitions/942.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from backend_lint.api import UNKNOWN, Finding, Place, Project, ProjectRule, Scope, Severity, Unit, ir
from backend_lint.rules.security._shared import production_settings

_ORIGINS = ("allow_origins", "origins", "allowed_origins")
_PATTERNS = ("allow_origin_regex", "origin_regex")
_CREDENTIALS = ("allow_credentials", "supports_credentials")
_MIDDLEWARE = frozenset({"starlette.middleware.cors.CORSMiddleware"})
_CALLS = frozenset({"flask_cors.CORS", "flask_cors.cross_origin", "litestar.config.cors.CORSConfig"})
_EVERYTHING = re.compile(r"^\^?(?:https?\??:?/?/?)?[(]?\.[*+][)]?\$?$")


class CorsCredentialsAnyOrigin(ProjectRule):
    code = "SEC214"
    severity = Severity.HIGH
    cwe = (942, 346)
    owasp = ("A05:2021", "A02:2025", "API8:2023")
    unit = Unit.PROJECT

    def check(self, project: Project) -> Iterable[Finding]:
        for at, options, scope in _configurations(project):
            values = {name: project.constant(value, scope) for name, value in options.items()}
            if _is_open(values) and any(values.get(name) is True for name in _CREDENTIALS):
                yield self._finding(at)
        yield from self._django(project)

    def _finding(self, at: Place) -> Finding:
        return self.finding(
            at,
            "every origin may call this API with the cookies of whoever is logged in",
            help="List the origins of your own front ends, or switch credentials off.",
        )

    def _django(self, project: Project) -> Iterator[Finding]:
        for settings in production_settings(project, "CORS_ALLOW_CREDENTIALS"):
            credentials = settings["CORS_ALLOW_CREDENTIALS"]
            if project.constant(credentials.value, credentials.scope) is not True:
                continue
            for name in ("CORS_ALLOW_ALL_ORIGINS", "CORS_ORIGIN_ALLOW_ALL"):
                setting = settings.get(name)
                if setting is not None and project.constant(setting.value, setting.scope) is True:
                    yield self._finding(setting.at)


def _configurations(project: Project) -> Iterator[tuple[Place, Mapping[str, ir.Expr], Scope]]:
    for app in project.apps:
        for middleware in app.middleware:
            if middleware.name in _MIDDLEWARE and middleware.scope is not None:
                yield middleware.at, middleware.options, middleware.scope
    for scope in project.scopes():
        for site in project.sites(scope):
            if site.symbol in _CALLS:
                yield site.at, site.call.keywords, scope


def _is_open(values: Mapping[str, Any]) -> bool:
    for name in _ORIGINS:
        origins = values.get(name)
        if origins == "*" or (isinstance(origins, (list, tuple, set)) and bool({"*", "null"} & _texts(origins))):
            return True
    return any(isinstance(values.get(name), str) and _EVERYTHING.match(values[name]) for name in _PATTERNS)


def _texts(values: Iterable[Any]) -> set[str]:
    return {value for value in values if value is not UNKNOWN and isinstance(value, str)}
