"""Writes that are no change of what a client sees: records of what was done, and what happens on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import CallSite, Function, Path, Project, Query, ir, words

_RECORDS = re.compile(
    r"logs?|logging|audits?|events?|visits?|views?|hits?|stats?|statistics?|metrics?|sessions?|tokens?|caches?|cached|history"
    r"|histories|activit(?:y|ies)|notif\w+|analytics?|track\w*|usages?|recents?|recently|seen|attempts?|locks?|queues?"
    r"|jobs?|nonces?|grants?|codes?|states?|migrations?|settings?|configs?|configuration|preferences?"
)
_TRACES = frozenset(
    {"count", "counts", "counter", "seen", "views", "hits", "updated", "modified", "accessed", "timestamp", "cache"}
    | {"cached"}
)
_PROBED = frozenset({"last", "sync", "online", "connection", "health", "read"})
_ON_THE_WAY = re.compile(
    r"(?:^|_)(?:or_create|ensure\w*|upsert|init\w*|defaults?|seeds?|setup|log_?in|log_?out|sign_?in|sign_?out|auth\w*|oauth\w*"
    r"|callbacks?|verif\w+|confirm\w*|activat\w+|unsubscribe\w*|accept\w*|refresh\w*|sync\w*|migrat\w+|records?|track\w*"
    r"|logs?|logging|touch|expire\w*|clean\w*|caches?|cached|lazy|tokens?|sessions?)(?=_|$)"
)
_READING = re.compile(
    r"^_*a?(get|find|load|fetch|list|search|read|query|count|is|has|check|resolve|require)(?:_|[A-Z])"
)
SAVES = frozenset({"add", "add_all", "merge", "save"})


class Writes:
    """What handlers change of what clients see: rows that queries write, and attributes that are set and committed."""

    def __init__(self, project: Project) -> None:
        self.project = project
        found = [query for query in project.queries if query.is_write]
        found += _set_and_committed(project)
        self._by_call = {
            id(query.site.call): query for query in found if not is_record(query, table_of(query, project))
        }

    def paths(self, handler: Function, depth: int) -> Iterator[tuple[Path, Query]]:
        """The ways from a handler to what it surely changes, with what that is."""
        sites = [site for site in self.project.sites(handler) if site.is_certain]
        for path in self.project.paths(sites, self._changes, depth=depth):
            yield path, self._by_call[id(path.last.call)]

    def _changes(self, site: CallSite) -> bool:
        return id(site.call) in self._by_call and site.is_certain


def _set_and_committed(project: Project) -> Iterator[Query]:
    """Updates that a unit of work makes of attributes: `order.state = "paid"`, then the commit of the same function."""
    for commit in project.commits:
        scope = commit.scope
        if commit.kind != "commit" or not isinstance(scope, Function):
            continue
        for stmt in scope.statements:
            match stmt:
                case ir.Assign(targets=[ir.Attribute(value=ir.Name() as held, name=name)], value=value) if (
                    value is not None
                ):
                    kind = project.type_of(held, scope)
                    model = None if kind is None or kind.itself else project.models.get(kind.name)
                    if model is None or model.orm != "sqlalchemy" or name not in model.columns:
                        continue
                    if stmt.end <= commit.site.call.at and not _is_made(held.id, scope, model.name):
                        yield Query(
                            commit.site,
                            scope,
                            scope.place(stmt),
                            "update",
                            "sqlalchemy",
                            model=model.qualified,
                            values={name: value},
                        )
                        break


def is_on_the_way(text: str) -> bool:
    """Whether a name or a path speaks of what is done on the way to something else: `ensure_profile`, `/oauth/callback`."""
    return _ON_THE_WAY.search("_".join(words(text))) is not None


def table_of(query: Query, project: Project) -> str:
    """What a write changes: its entity, or the table that its SQL names; empty where that cannot be told."""
    if query.model is not None:
        return query.model.rpartition(".")[2]
    text = None if query.text is None else project.constant(query.text, query.scope)
    named = _TABLE.match(text) if isinstance(text, str) else None
    return named[1] if named is not None else ""


_TABLE = re.compile(r"""\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+["`]?(?:\w+\.)?(\w+)""", re.IGNORECASE)


def is_record(query: Query, name: str) -> bool:
    """Whether a write only notes that something was read; `name` is what it writes to."""
    if not name or any(map(_RECORDS.fullmatch, words(name))):
        return True
    written = set(query.values) or _assigned(query)
    return query.operation == "update" and bool(written) and all(map(_is_trace, written))


def _is_trace(attribute: str) -> bool:
    """Whether an attribute notes what happened to a row: `last_seen`, `opened_at`, `view_count`."""
    parts = words(attribute)
    if not parts:
        return False
    if parts[-1] == "status":
        return not _PROBED.isdisjoint(parts)
    return parts[0] == "last" or parts[-1] in ("at", "on") or not _TRACES.isdisjoint(parts)


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
    return bool(written) and all(map(_is_trace, written))


def is_incidental(path: Path) -> bool:
    """Whether the write is part of reading: of a function that is called for what it gives, or of keeping records."""
    if any(_READING.search(site.method or "") for site in path.sites[:-1]):
        return True
    return any(is_on_the_way(site.method or "") or not site.is_certain for site in path.sites)


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
    return _is_made(saved.id, query.scope, (query.model or "").rpartition(".")[2])


def _is_made(name: str, function: Function, model: str) -> bool:
    """Whether a function gives a name a new entity."""
    return any(
        isinstance(stmt, ir.Assign)
        and isinstance(stmt.value, ir.Call)
        and (ir.dotted(stmt.value.func) or "").rpartition(".")[2] == model
        and any(isinstance(each, ir.Name) and each.id == name for each in stmt.targets)
        for stmt in function.statements
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
