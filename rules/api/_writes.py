"""Writes that are no change of what a client sees: records of what was done, and what happens on the way."""

from __future__ import annotations

import re

from backend_lint.api import CallSite, Function, Path, Query, ir

_RECORDS = re.compile(
    r"log|audit|event|visit|view|hit|stat|metric|session|token|cache|history|activit|notif|analytic|track|usage|recent"
    r"|seen|attempt|lock|queue|job|nonce|grant|code|state|migration|setting|config|preference",
    re.IGNORECASE,
)
_TRACES = re.compile(
    r"^last_|_at$|_on$|count|seen|views|hits|updated|modified|accessed|timestamp|cache|(?:^|last_|sync_|online_|connection_|health_|read_)status$",
    re.IGNORECASE,
)
ON_THE_WAY = re.compile(
    r"or_create|ensure|upsert|init|default|seed|setup|login|logout|sign_?in|sign_?out|auth|oauth|callback|verify|confirm"
    r"|activate|unsubscribe|accept|refresh|sync|migrat|record|track|log|touch|expire|cleanup|clean_|cache|lazy|token|session",
    re.IGNORECASE,
)
_READING = re.compile(
    r"^_*a?(get|find|load|fetch|list|search|read|query|count|is|has|check|resolve|require)(?:_|[A-Z])"
)
SAVES = frozenset({"add", "add_all", "merge", "save"})


def is_record(query: Query) -> bool:
    """Whether a write only notes that something was read."""
    name = (query.model or "").rpartition(".")[2]
    if not name or _RECORDS.search(name):
        return True
    written = set(query.values) or _assigned(query)
    return query.operation == "update" and bool(written) and all(map(_TRACES.search, written))


def _assigned(query: Query) -> set[str]:
    """The attributes that are set on an object which is then saved, in the function that does both."""
    func = query.site.call.func
    if query.site.method != "save" or not isinstance(func, ir.Attribute) or not isinstance(query.scope, Function):
        return set()
    owner = ir.dotted(func.value)
    return _set_on(owner, query.scope)


def _set_on(owner: str | None, function: Function) -> set[str]:
    """The attributes of what a name holds that a function sets."""
    targets = [target for stmt in function.statements if isinstance(stmt, ir.Assign) for target in stmt.targets]
    targets += [stmt.target for stmt in function.statements if isinstance(stmt, ir.Augment)]
    return {each.name for each in targets if isinstance(each, ir.Attribute) and ir.dotted(each.value) == owner}


def notes_only(path: Path) -> bool:
    """Whether all that the first step saves is a trace, set beside it: `topic.views += 1; topic.save()`."""
    site = path.first
    func, scope = site.call.func, site.scope
    if site.method != "save" or not isinstance(func, ir.Attribute) or not isinstance(scope, Function):
        return False
    written = _set_on(ir.dotted(func.value), scope)
    return bool(written) and all(map(_TRACES.search, written))


def is_incidental(path: Path) -> bool:
    """Whether the write is part of reading: of a function that is called for what it gives, or of keeping records."""
    if any(_READING.search(site.method or "") for site in path.sites[:-1]):
        return True
    return any(ON_THE_WAY.search(site.method or "") for site in path.sites) or any(
        not site.is_certain for site in path.sites
    )


def is_first_use(query: Query, looked_for: set[str | None]) -> bool:
    """Whether a row is made where one was looked for and not found."""
    return (
        query.operation == "insert"
        and query.model in looked_for
        and (bool(query.values) or query.site.method not in SAVES)
    )


def is_new(query: Query) -> bool:
    """Whether what is saved was made in the function that saves it, rather than looked up there."""
    if query.values or query.site.method not in SAVES:
        return True
    saved = query.site.call.argument(0)
    if not isinstance(saved, ir.Name) or not isinstance(query.scope, Function):
        return isinstance(saved, ir.Call)
    made = (query.model or "").rpartition(".")[2]
    return any(
        isinstance(stmt, ir.Assign)
        and isinstance(stmt.value, ir.Call)
        and (ir.dotted(stmt.value.func) or "").rpartition(".")[2] == made
        and any(isinstance(each, ir.Name) and each.id == saved.id for each in stmt.targets)
        for stmt in query.scope.statements
    )


def is_made_where_none(site: CallSite, function: Function) -> bool:
    """Whether a call stands where something was looked for and not found: `if found: return found`, then the call."""
    got = {
        target.id
        for stmt in function.statements
        if isinstance(stmt, ir.Assign) and isinstance(_awaited(stmt.value), ir.Call)
        for target in stmt.targets
        if isinstance(target, ir.Name)
    }
    for stmt in function.statements:
        if isinstance(stmt, ir.If) and stmt.body:
            found, missed = _asked(stmt.test)
            if found in got and stmt.end <= site.call.at and isinstance(stmt.body[-1], ir.Return):
                return True
            if missed in got and stmt.body[0].at <= site.call.at < stmt.body[-1].end:
                return True
    return False


def _awaited(expr: ir.Expr | None) -> ir.Expr | None:
    return expr.value if isinstance(expr, ir.Await) else expr


def _asked(test: ir.Expr) -> tuple[str, str]:
    """The name that a condition says was found, and the one that was not."""
    match test:
        case ir.Name(id=name) | ir.Compare(op="is not", left=ir.Name(id=name), right=ir.Const(value=None)):
            return name, ""
        case (
            ir.Unary(op="not", value=ir.Name(id=name))
            | ir.Compare(op="is", left=ir.Name(id=name), right=ir.Const(value=None))
        ):
            return "", name
    return "", ""
