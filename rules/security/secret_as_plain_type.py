"""Secret in the message of an error.

## What it does
Reports errors whose message is made with a password, a token, a key or another credential, and settings that are
written out as a whole while they hold a secret as a plain `str`.

## Why it matters
Messages of errors travel: to the log, to the error tracker, often to the client. Whoever writes `raise` does not decide
who reads it. A dump of the settings is read by even more.

## Example
```python
from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/orders")
def orders(api_key: str):
    if api_key not in ("a", "b"):
        raise HTTPException(401, f"unknown key {api_key}")
    return []
```

## Use instead
```python
from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/orders")
def orders(api_key: str):
    if api_key not in ("a", "b"):
        raise HTTPException(401, "unknown key")
    return []
```

## When not to
A message that shows a mask or the last characters is silent already.

## References
- https://cwe.mitre.org/data/definitions/209.html
- https://docs.pydantic.dev/latest/api/types/#pydantic.types.SecretStr
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Class, Finding, Project, ProjectRule, Scope, Severity, Unit, ir, words
from backend_lint.rules.security._sensitive import is_secret, secret_parts

_REFERS = re.compile(r"not (?:exist|found|available)|no such|referenced|specified", re.IGNORECASE)
_DUMPS = frozenset({"dict", "model_dump", "model_dump_json", "json", "asdict", "vars"})


class SecretAsPlainType(ProjectRule):
    code = "SEC309"
    severity = Severity.MEDIUM
    cwe = (209, 522)
    owasp = ("A04:2021", "A10:2025")
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterator[Finding]:
        for function in project.functions():
            for stmt in function.statements:
                if type(stmt) is ir.Raise and type(stmt.exc) is ir.Call:
                    for arg in stmt.exc.args:
                        if type(arg.value) is ir.Text:
                            yield from self._message(arg.value, function, project)
        for log in project.logs:
            for expr in (log.message, *log.args):
                yield from self._dump(expr, log.scope, project, "written to the log")
        for route in project.routes:
            for stmt in route.handler.statements if route.handler is not None else ():
                if type(stmt) is ir.Return and route.handler is not None:
                    yield from self._dump(stmt.value, route.handler, project, f"the answer of `{route.label}`")

    def _message(self, text: ir.Text, scope: Scope, project: Project) -> Iterator[Finding]:
        for node, name, what in secret_parts(text, scope, project):
            if not what and not _is_reference(name, text):
                yield self.finding(
                    scope.module.place(node),
                    f"`{name}` becomes part of an error's message, and goes wherever that goes",
                    help="Say what was wrong, not with which secret.",
                    discriminator=name,
                )

    def _dump(self, expr: ir.Expr | None, scope: Scope, project: Project, where: str) -> Iterator[Finding]:
        for node in ir.walk_expression(expr) if expr is not None else ():
            if type(node) is not ir.Call:
                continue
            match node.func:
                case ir.Attribute(value=owner, name=name) if name in _DUMPS and not node.keywords:
                    held = owner
                case ir.Name(id=name) if name in _DUMPS and node.positional:
                    held = node.positional[0]
                case _:
                    continue
            kind = project.type_of(held, scope)
            cls = None if kind is None or kind.itself else project.cls(kind.name)
            field = None if cls is None else _plain_secret(cls, project)
            if field is not None:
                yield self.finding(
                    scope.module.place(node),
                    f"the settings are {where} as a whole, with `{field}` in clear",
                    help=f"Make `{field}` a `SecretStr`, and write out what is needed by name.",
                    severity=Severity.HIGH,
                    discriminator=field,
                )


def _is_reference(name: str, text: ir.Text) -> bool:
    """Whether a message names a secret that is kept elsewhere: "the secret `orders-db` does not exist"."""
    said = " ".join(str(piece.value) for piece in text.pieces if type(piece) is ir.Const)
    return words(name)[-1:] == ("secret",) and _REFERS.search(said) is not None


def _plain_secret(cls: Class, project: Project) -> str | None:
    """A field of a class of settings that holds a secret and would be shown."""
    if not project.classes.is_subclass(cls, "pydantic_settings.BaseSettings", "pydantic.BaseSettings"):
        return None
    for each in project.classes.mro(cls):
        for name, stmt in each.attributes.items() if isinstance(each, Class) else ():
            if (
                is_secret(name)
                and "Secret" not in " ".join(ir.dotted(node) or "" for node in ir.walk_expression(stmt.annotation))
                if stmt.annotation is not None
                else False
            ):
                return name
    return None
