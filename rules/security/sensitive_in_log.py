"""Secret or whole request written to the log.

## What it does
Reports log calls, audit calls and prints that are given passwords, tokens, keys and other credentials by name, or the
whole of what a client sent: its body, headers or cookies, or a validated form that holds a password. Values that a
mask, a hash or a length stands for are left out, and so are identifiers.

## Why it matters
Logs are copied, kept and read by many more people and systems than the database. A password in them is a password
that all of those have, for as long as logs are kept.

## Example
```python
import logging
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
logger = logging.getLogger(__name__)


class Login(BaseModel):
    name: str
    password: str


@app.post("/login")
def login(form: Login) -> None:
    logger.info("login of %s with %s", form.name, form.password)
```

## Use instead
```python
import logging
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
logger = logging.getLogger(__name__)


class Login(BaseModel):
    name: str
    password: str


@app.post("/login")
def login(form: Login) -> None:
    logger.info("login of %s", form.name)
```

## When not to
Where a processor of the logging configuration redacts the name, say so in a suppression.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Confidence, Finding, LogCall, Module, Project, ProjectRule, Severity, Unit, ir
from backend_lint.rules.security._sensitive import is_secret, secret_parts

_COMMAND_LINES = frozenset({"argparse", "click", "typer", "docopt", "fire", "optparse"})


class SensitiveInLog(ProjectRule):
    code = "SEC304"
    severity = Severity.HIGH
    cwe = (532, 200)
    owasp = ("A09:2021", "A09:2025")
    unit = Unit.LOG

    def check(self, project: Project) -> Iterator[Finding]:
        served = {route.handler.module.path for route in project.routes if route.handler is not None}
        for log in project.logs:
            if log.at.path not in served and (log.level == "print" or _is_command(log.scope.module)):
                continue  # the output of a command is no log
            seen: set[str] = set()
            for expr in _given(log):
                for node, name, what in secret_parts(expr, log.scope, project):
                    if name not in seen and not _is_stripped(name, log):
                        seen.add(name)
                        yield self._finding(log, node, name, what)

    def _finding(self, log: LogCall, node: ir.Expr, name: str, what: str) -> Finding:
        where = "standard output" if log.level == "print" else "the log"
        is_debug = log.level in ("debug", "print")
        return self.finding(
            log.scope.module.place(node),
            f"`{name}`{what} is written to {where}",
            help="Log who and what happened, not the secret; a mask or the length says enough.",
            severity=Severity.MEDIUM if is_debug or what else Severity.HIGH,
            confidence=Confidence.HIGH if not what else Confidence.MEDIUM,
            discriminator=name,
        )


def _is_stripped(name: str, log: LogCall) -> bool:
    """Whether the secret is taken out of a mapping before: `credentials.pop("password")`."""
    return any(
        call.at < log.site.call.at
        and type(call.func) is ir.Attribute
        and call.func.name == "pop"
        and ir.dotted(call.func.value) == name
        and type(key := call.argument(0)) is ir.Const
        and is_secret(str(key.value))
        for call in ir.calls(log.scope.body)
    )


def _is_command(module: Module) -> bool:
    """Whether a file is a command of its own: what it says is for the one who called it."""
    return module.path.endswith("__main__.py") or any(
        each.module.partition(".")[0] in _COMMAND_LINES for each in module.facts.imports
    )


def _given(log: LogCall) -> Iterator[ir.Expr]:
    if log.message is not None:
        yield log.message
    yield from log.args
    yield from (value for name, value in log.keywords.items() if name not in ("exc_info", "stack_info", "event"))
