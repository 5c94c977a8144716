"""Upload read whole into memory, however large.

## What it does
Reports handlers that read an uploaded file with `read()` where nothing limits its size: neither the handler, nor a setting
(`MAX_CONTENT_LENGTH`), nor middleware.

## Why it matters
The client decides how much memory the process takes. A few requests with a gigabyte each end it, with all that it was
doing for others.

## Example
```python
from fastapi import FastAPI, UploadFile

app = FastAPI()


@app.post("/avatars")
async def upload(file: UploadFile):
    content = await file.read()
    return {"length": len(content)}
```

## Use instead
```python
from fastapi import FastAPI, HTTPException, UploadFile

app = FastAPI()
LIMIT = 1_000_000


@app.post("/avatars")
async def upload(file: UploadFile):
    content = await file.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise HTTPException(413)
    return {"length": len(content)}
```

## When not to
Where the proxy in front limits the body; say so in the suppression.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, Function, GuardKind, Place, Project, ProjectRule, Route, Severity, Unit, ir

_LIMIT = re.compile(r"size|limit|length|max|quota", re.IGNORECASE)


class UnvalidatedUpload(ProjectRule):
    code = "API213"
    severity = Severity.LOW
    cwe = (400, 434)
    owasp = ("API4:2023",)
    unit = Unit.ROUTE
    preview = True

    def check(self, project: Project) -> Iterator[Finding]:
        if any("MAX_CONTENT_LENGTH" in each.name for each in project.settings):
            return
        seen: set[Place] = set()
        for route in _judged(project):
            handler = route.handler
            if handler is None or handler.at in seen or _is_limited(project, route, handler):
                continue
            seen.add(handler.at)
            files = {each.variable or each.name for each in route.inputs if each.where == "file"}
            for node in ir.walk(handler.body):
                match node:
                    case ir.Call(func=ir.Attribute(value=ir.Name(id=name), name="read"), args=[]) if name in files:
                        yield self.finding(
                            handler.place(node),
                            f"`{route.label}` reads `{name}` whole into memory, and nothing limits its size",
                            help="Read at most a limit and answer 413 beyond it, or copy it in chunks.",
                            discriminator=route.label,
                            unit=route.label,
                        )
                        break

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for route in _judged(project))


def _judged(project: Project) -> Iterator[Route]:
    for route in project.routes:
        if any(each.where == "file" for each in route.inputs) and not route.has_guard(GuardKind.AUTHORIZATION):
            yield route


def _is_limited(project: Project, route: Route, handler: Function) -> bool:
    """Whether something about the route speaks of a size: a name in the handler, a dependency, middleware."""
    around = [each.name for each in route.dependencies]
    around += [each.name for app in project.apps if app.name == route.app for each in app.middleware]
    if any(_LIMIT.search(each) for each in around):
        return True
    for node in ir.walk(handler.body):
        name = node.id if isinstance(node, ir.Name) else node.name if isinstance(node, ir.Attribute) else ""
        if _LIMIT.search(name):
            return True
    return any(_LIMIT.search(target.name) for site in project.sites(handler) for target in site.targets)
