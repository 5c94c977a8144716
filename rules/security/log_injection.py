"""Client data adds lines to a log.

## What it does
Follows text from the client to the message of plain-text log calls, and reports it where a line break can forge an
entry. Dictionaries and schemas are written as `repr()` shows them, without line breaks, and are left out, as are calls
at level `debug`.

## Why it matters
Whoever calls the endpoint writes entries of their own into the log that an incident is judged by.

## Example
```python
import logging

from flask import Flask, request

app = Flask(__name__)
logger = logging.getLogger(__name__)


@app.post("/login")
def login():
    logger.warning("login failed for " + request.form["user"])
    return "no", 401
```

## Use instead
```python
import logging

from flask import Flask, request

app = Flask(__name__)
logger = logging.getLogger(__name__)


@app.post("/login")
def login():
    logger.warning("login failed for %r", request.form["user"])
    return "no", 401
```

## When not to
Where a formatter writes JSON, line breaks are escaped; a project that has one is left alone.

## References
- https://cwe.mitre.org/data/definitions/117.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Flow, FlowRule, LogCall, Place, Project, Severity, ir

_JSON = re.compile(r"json_?logg|JsonFormatter|JSONFormatter|JSONRenderer|json_formatter|json_log_formatter|ecs_logging")
_WAY = 5
"""Steps after which nobody who reads the call knows that a client has a say in it."""
_MAPPINGS = frozenset(
    {
        "cleaned_data",
        "headers",
        "POST",
        "GET",
        "FILES",
        "META",
        "form",
        "json",
        "data",
        "query_params",
        "args",
        "values",
    }
    | {"path_params", "cookies", "validated_data", "errors", "__dict__"}
)
_GIVES_MAPPINGS = frozenset(
    {"get_json", "json", "dict", "model_dump", "to_dict", "copy", "keys", "items", "list", "len"}
)


class LogInjection(FlowRule):
    code = "SEC404"
    severity = Severity.LOW
    cwe = (117,)
    owasp = ("A09:2021", "A09:2025")
    kinds = ("log",)
    harm = "a line break in it forges a log entry"
    remedy = "Log `repr(value)` (`%r`), or structured fields through a JSON formatter."

    def counts(self, flow: Flow, project: Project) -> bool:
        if flow.assumed or len(flow.trace) > _WAY or project.derived(_writes_json):
            return False
        if flow.source.at in project.derived(_matched):
            return False
        call = _call(flow.sink, project)
        return call is None or (call.level != "debug" and any(_texts(call, project)))

    def subject(self, flow: Flow, project: Project) -> str:
        if flow.source.note.startswith("`"):
            return flow.source.note
        call = _call(flow.sink, project)
        texts = [] if call is None else list(_texts(call, project))
        name = ir.dotted(texts[0]) if len(texts) == 1 else None
        return flow.source.note if name is None else f"`{name}` is {flow.source.note}"


def _matched(project: Project) -> frozenset[Place]:
    """The parameters that a pattern has to match, which line breaks do not."""
    return frozenset(
        each.at
        for route in project.routes
        for each in route.inputs
        if each.at is not None and not {"pattern", "regex"}.isdisjoint(each.constraints)
    )


def _writes_json(project: Project) -> bool:
    """Whether a formatter of the project escapes line breaks."""
    for module in project.modules.values():
        if any(_JSON.search(f"{each.full_module}.{each.name or ''}") for each in module.facts.imports):
            return True
        for stmt in module.assignments.get("LOGGING", ()):
            for node in ir.walk_expression(stmt.value) if stmt.value is not None else ():
                if type(node) is ir.Const and isinstance(node.value, str) and _JSON.search(node.value):
                    return True
    return False


def _call(at: Place, project: Project) -> LogCall | None:
    return project.derived(_by_line).get((at.path, at.line))


def _by_line(project: Project) -> dict[tuple[str, int], LogCall]:
    """The log calls by where they stand; of several on a line the first."""
    return {(each.at.path, each.at.line): each for each in reversed(project.logs)}


def _texts(call: LogCall, project: Project) -> Iterator[ir.Expr]:
    """What may be a text in a message, which stands in the log as it is."""
    message = call.message
    for each in (*(message.pieces if type(message) is ir.Text else [message]), *call.args):
        if each is not None and _may_be_text(each, call, project):
            yield each


def _may_be_text(value: ir.Expr, call: LogCall, project: Project) -> bool:
    match value:
        case ir.Const() | ir.Dict() | ir.Sequence() | ir.Attribute(name="id" | "pk"):
            return False
        case ir.Attribute(name=name) if name in _MAPPINGS:
            return False
        case ir.Call(func=ir.Attribute(name=name) | ir.Name(id=name)) if name in _GIVES_MAPPINGS:
            return False
    kind = project.type_of(value, call.scope)
    return kind is None or not (
        kind.name in project.schemas or kind.name in project.models or kind.name in _WITHOUT_BREAKS
    )


_WITHOUT_BREAKS = frozenset(
    {
        "builtins.dict",
        "builtins.list",
        "builtins.set",
        "builtins.tuple",
        "builtins.int",
        "builtins.float",
        "builtins.bool",
    }
    | {"uuid.UUID", "datetime.datetime", "datetime.date"}
)
