"""File and JSON body in one request.

## What it does
Reports FastAPI operations that take an upload and, beside it, a model or another body that is read as JSON.

## Why it matters
A request has one content type. With the upload it is a form, whose fields are text: the model never validates, and every
request is answered with 422.

## Example
```python
from fastapi import FastAPI, UploadFile
from pydantic import BaseModel

app = FastAPI()


class Details(BaseModel):
    title: str


@app.post("/documents")
def upload(file: UploadFile, details: Details): ...
```

## Use instead
```python
from typing import Annotated

from fastapi import FastAPI, Form, UploadFile

app = FastAPI()


@app.post("/documents")
def upload(file: UploadFile, title: Annotated[str, Form()]): ...
```

## References
- https://fastapi.tiangolo.com/tutorial/request-forms-and-files/
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Project, ProjectRule, Route, Severity, Step, Unit


class MixedFileAndJsonBody(ProjectRule):
    code = "API214"
    severity = Severity.HIGH
    unit = Unit.ROUTE
    preview = True

    def check(self, project: Project) -> Iterator[Finding]:
        for route in _judged(project):
            files = [each for each in route.inputs if each.where == "file"]
            given = [each for each in route.inputs if each.where == "body"] if files else []
            bodies = [each for each in given if _is_object(project, each.type)]
            if bodies:
                yield self.finding(
                    bodies[0].at or route.at,
                    f"`{bodies[0].name}` of `{route.label}` is read as JSON, and the request is a form because of "
                    f"`{files[0].name}`: it never validates",
                    help="Take its fields as `Form()`, or the file in a request of its own.",
                    related=[Step(files[0].at or route.at, f"`{files[0].name}` is an upload")],
                    discriminator=route.label,
                    unit=route.label,
                )

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for route in _judged(project) if any(each.where == "file" for each in route.inputs))


def _judged(project: Project) -> Iterator[Route]:
    return (route for route in project.routes if route.framework == "fastapi" and route.handler is not None)


def _is_object(project: Project, written: str | None) -> bool:
    """Whether a type is a model of the project that no form can be: one that parses no text by itself."""
    found = [each for each in project.schemas.values() if each.name == written and each.kind == "pydantic"]
    return bool(found) and not any(_parses(project, each.qualified) for each in found)


def _parses(project: Project, qualified: str) -> bool:
    """Whether a model turns text into itself before validation."""
    cls = project.cls(qualified)
    names = {"model_validator", "root_validator", "__get_validators__"}
    return cls is not None and any(
        not names.isdisjoint(each.methods) or any(_is_before(method) for method in each.methods.values())
        for each in project.classes.mro(cls)
        if not isinstance(each, str)
    )


def _is_before(method: object) -> bool:
    return any("validator" in str(getattr(each, "func", each)) for each in method.decorators)  # type: ignore[attr-defined]
