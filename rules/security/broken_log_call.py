"""Log call that fails or loses what it is given.

## What it does
Reports calls of loggers that cannot write what they were asked to write: arguments that the message has no place for
(or the reverse), fields that the library does not take, `extra` keys that belong to the log record, and `exception()`
where no exception is being handled. The logger must be known by its type: `logging`, `structlog` and `loguru` differ.

## Why it matters
Logging swallows its own errors: the program goes on, the line is missing or says `NoneType: None`, and it is missed on
the day when it is needed. A wrong keyword or a reserved `extra` key is worse: it raises, in the middle of the request.

## Example
```python
import logging

from flask import Flask, request

app = Flask(__name__)
logger = logging.getLogger(__name__)


@app.post("/orders")
def order():
    logger.info("order of", request.form["name"])
    return ""
```

## Use instead
```python
import logging

from flask import Flask, request

app = Flask(__name__)
logger = logging.getLogger(__name__)


@app.post("/orders")
def order():
    logger.info("order of %s", request.form["name"])
    return ""
```

## When not to
Where a `LoggerAdapter`, a filter or a subclass of the project's own gives these arguments a meaning.

## References
- https://docs.python.org/3/library/logging.html#logging.Logger.debug
- https://loguru.readthedocs.io/en/stable/resources/migration.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, Function, LogCall, Module, Project, ProjectRule, Severity, Unit, ir

_FIELD = re.compile(
    r"%(?:%|(?P<key>\(\w+\))?[-#0 +]*(?P<width>\*|\d+)?(?:\.(?P<precision>\*|\d+))?[hlL]?[diouxXeEfFgGcrsa])"
)
_BRACE = re.compile(r"\{[^{}]*\}")
_STANDARD = ("logging.Logger.", "logging.")
_TAKEN = frozenset({"exc_info", "stack_info", "stacklevel", "extra", "msg", "level"})
_RESERVED = frozenset(
    [
        "args",
        "asctime",
        "created",
        "exc_info",
        "exc_text",
        "filename",
        "funcName",
        "levelname",
        "levelno",
        "lineno",
        "message",
        "module",
        "msecs",
        "msg",
        "name",
        "pathname",
        "process",
        "processName",
        "relativeCreated",
        "stack_info",
        "taskName",
        "thread",
        "threadName",
    ]
)
_ERRORS = re.compile(r"^(?:e|err|ex|exc|exception|error|exc_\w+|failure|context|einfo|\w*_(?:exc|error|exception))$")


class BrokenLogCall(ProjectRule):
    code = "SEC405"
    severity = Severity.MEDIUM
    cwe = (778,)
    owasp = ("A09:2021", "A09:2025")
    unit = Unit.LOG

    def check(self, project: Project) -> Iterator[Finding]:
        for log in project.logs:
            symbol = log.site.symbol or ""
            if symbol.startswith("loguru."):
                yield from self._loguru(log)
            elif _is_standard(symbol, project):
                yield from self._standard(log, project)

    def _standard(self, log: LogCall, project: Project) -> Iterator[Finding]:
        unknown = [name for name in log.keywords if name not in _TAKEN]
        if unknown:
            yield self.finding(
                log.at,
                f"`{log.site.name}()` takes no field `{unknown[0]}`: this line raises `TypeError`",
                help=f'Pass fields as `extra={{"{unknown[0]}": …}}`, or put the value into the message.',
                severity=Severity.HIGH,
            )
        extra = project.constant(log.keywords.get("extra"), log.scope)
        clash = sorted(_RESERVED & extra.keys()) if isinstance(extra, dict) else []
        if clash:
            yield self.finding(
                log.at,
                f"`extra` has the key `{clash[0]}`, which every record has already: this line raises `KeyError`",
                help=f"Call it otherwise, such as `{clash[0]}_`.",
                severity=Severity.HIGH,
            )
        wanted = _places(log, project)
        given = len(log.args)
        if wanted == 0 and given == 1 and type(log.args[0]) is ir.Dict:
            yield self.finding(
                log.at,
                "the message has no `%(name)s` for the values that it is given, so they are never written",
                help="Write `%(name)s` where the value of `name` belongs.",
            )
        elif wanted is not None and given and wanted != given and not log.site.call.has_unpacking:
            yield self.finding(
                log.at,
                f"the message has {_counted(wanted, 'place')} for {_counted(given, 'argument')}, so the line is lost",
                help="Give the message one `%s` for each argument.",
            )
        if log.level == "exception" and log.site.method == "exception" and _is_outside(log, project):
            yield self.finding(
                log.at,
                "`exception()` where no exception is being handled writes `NoneType: None`",
                help="Call `error()`, or pass the exception as `exc_info`.",
                severity=Severity.LOW,
            )

    def _loguru(self, log: LogCall) -> Iterator[Finding]:
        text = log.message.value if type(log.message) is ir.Const else None
        if isinstance(text, str) and log.args and not _BRACE.search(text):
            yield self.finding(
                log.at,
                f"loguru fills `{{}}`, and this message has none: {_counted(len(log.args), 'argument')} lost",
                help="Write `{}` where the value belongs.",
            )


def _is_standard(symbol: str, project: Project) -> bool:
    """Whether a call is one of the standard library's own loggers, which a project cannot have replaced unseen."""
    owner, _, method = symbol.rpartition(".")
    return owner in ("logging", "logging.Logger") and bool(method) and "logging" not in project.modules


def _places(log: LogCall, project: Project) -> int | None:
    """How many arguments the message takes; None where that cannot be told."""
    text = project.constant(log.message, log.scope)
    if not isinstance(text, str):
        return None
    count = 0
    for match in _FIELD.finditer(text):
        if match["key"]:
            return None
        if match[0] != "%%":
            count += 1 + (match["width"] == "*") + (match["precision"] == "*")
    return None if "%" in _FIELD.sub("", text) else count


def _counted(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def _is_outside(log: LogCall, project: Project) -> bool:
    """Whether no exception can be in hand: not here, and not where this function is called."""
    if "exc_info" in log.keywords:
        return False
    scope = log.scope
    if isinstance(scope, Module):
        return not _is_handling(scope.body, log.site.call)
    if not isinstance(scope, Function) or _is_handling(scope.body, log.site.call):
        return False
    if scope.parent is not None or scope.cls is not None or scope.decorators:
        return False
    if any(_ERRORS.match(each.name) or each.kind == "stars" for each in scope.parameters):
        return False
    return bool(project.callers(scope)) and not _is_called_handling(scope, project)


def _is_called_handling(function: Function, project: Project) -> bool:
    """Whether an exception may be in hand where a function is called, or where its callers are."""
    seen = {function.qualified}
    pending = [function]
    while pending:
        for site in project.callers(pending.pop()):
            caller = site.scope
            if _is_handling(caller.body, site.call):
                return True
            if isinstance(caller, Function) and caller.qualified not in seen:
                if any(_ERRORS.match(each.name) for each in caller.parameters):
                    return True
                seen.add(caller.qualified)
                pending.append(caller)
    return False


def _is_handling(body: list[ir.Stmt], call: ir.Call) -> bool:
    """Whether a call stands in an `except` block, or in a `finally`, where one may be on its way."""
    for stmt in ir.walk_statements(body):
        if type(stmt) is ir.Try:
            for block in (*(handler.body for handler in stmt.handlers), stmt.final):
                if block and block[0].at <= call.at and call.end <= block[-1].end:
                    return True
    return False
