"""Log calls: the standard library's logging, structlog, loguru, print, and audit trails of the project's own."""

from __future__ import annotations

import re

from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Project
from backend_lint.project.calls import CallSite
from backend_lint.project.model import LogCall

_LEVELS = {
    "debug": "debug",
    "trace": "debug",
    "info": "info",
    "success": "info",
    "warning": "warning",
    "warn": "warning",
    "error": "error",
    "critical": "critical",
    "fatal": "critical",
    "exception": "exception",
    "msg": "info",
    "log": "",
}
_ASYNC = {f"a{name}": level for name, level in _LEVELS.items()}
_OWNERS = {
    "logging": "logging",
    "logging.Logger": "logging",
    "logging.LoggerAdapter": "logging",
    "structlog.BoundLogger": "structlog",
    "structlog.stdlib.BoundLogger": "structlog",
    "structlog.typing.FilteringBoundLogger": "structlog",
    "loguru.Logger": "loguru",
    "loguru.logger": "loguru",
}
_CHAINED = frozenset({"bind", "opt", "new", "unbind", "contextualize", "getChild", "patch"})
_NAMED = re.compile(r"(?:^|_)(?:log|logger|logging)$", re.IGNORECASE)
_AUDIT = re.compile(
    r"^(?:audit|audit_?log(?:ger)?|log_audit|audit_event|log_security_event|security_log)$", re.IGNORECASE
)
_AUDIT_METHODS = frozenset({"log", "record", "write", "add", "event", "emit", "info"})
_TRACES = frozenset({"traceback.format_exc", "traceback.print_exc", "sys.exc_info"})


def read(project: Project) -> None:
    for scope in project.scopes(Role.APP, Role.SCRIPT):
        for site in project.sites(scope):
            found = _log_call(site, project)
            if found is not None:
                project.logs.append(found)


def _log_call(site: CallSite, project: Project) -> LogCall | None:
    call = site.call
    if site.symbol == "builtins.print":
        return _made(site, "print", "print", project, 0)
    if type(call.func) is not ir.Attribute:
        name = site.method or ""
        return _made(site, "audit", "project", project, 0) if _AUDIT.match(name) and site.targets else None
    method = call.func.name
    if method not in _LEVELS and method not in _ASYNC:
        return _made(site, "audit", "project", project, 0) if _is_audit(call.func) else None
    library = _library(site, call.func.value)
    if library is None:
        return _made(site, "audit", "project", project, 0) if _is_audit(call.func) else None
    level = _LEVELS.get(method, _ASYNC.get(method, ""))
    if level:
        return _made(site, level, library, project, 0)
    return _made(site, _named_level(call.argument(0, "level")), library, project, 1)


def _library(site: CallSite, owner: Expr) -> str | None:
    """The library of a logger: by type, through what `bind` and the like give, else by the logger's name."""
    found = _OWNERS.get((site.symbol or "").rpartition(".")[0])
    if found is not None:
        return found
    if site.receiver is not None and site.receiver.name in _OWNERS:
        return _OWNERS[site.receiver.name]
    while type(owner) is ir.Call and type(owner.func) is ir.Attribute and owner.func.name in _CHAINED:
        owner = owner.func.value
    if site.targets and site.is_certain:
        return None
    name = owner.name if type(owner) is ir.Attribute else owner.id if type(owner) is ir.Name else ""
    return "logging" if _NAMED.search(name) else None


def _is_audit(func: ir.Attribute) -> bool:
    owner = ir.dotted(func.value) or ""
    return _AUDIT.match(func.name) is not None or (
        func.name in _AUDIT_METHODS and _AUDIT.match(owner.rpartition(".")[2]) is not None
    )


def _named_level(expr: Expr | None) -> str:
    """The level that `logger.log(logging.WARNING, …)` names; `info` where it is computed."""
    name = expr.value if type(expr) is ir.Const else (ir.dotted(expr) or "").rpartition(".")[2]
    if isinstance(name, int) and not isinstance(name, bool):
        return {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}.get(name, "info")
    return _LEVELS.get(str(name).lower()) or "info"


def _made(site: CallSite, level: str, library: str, project: Project, position: int) -> LogCall:
    values = site.call.positional
    message = values[position] if position < len(values) else site.call.keywords.get("event")
    return LogCall(
        site=site,
        scope=site.scope,
        at=site.at,
        level=level,
        library=library,
        message=message,
        args=values[position + 1 :],
        keywords=site.call.keywords,
        has_traceback=(level == "exception" and not _is_off(site.call)) or _carries_traceback(site, project),
    )


def _is_off(call: ir.Call) -> bool:
    value = call.keywords.get("exc_info")
    return type(value) is ir.Const and not value.value


def _carries_traceback(site: CallSite, project: Project) -> bool:
    keywords = site.call.keywords
    value = keywords.get("exc_info", keywords.get("exception"))
    if value is not None:
        return not _is_off(site.call)
    for node in ir.walk_expression(site.call):
        if type(node) is ir.Call and node is not site.call:
            if project.site(node, site.scope).symbol in _TRACES:
                return True
            if type(node.func) is ir.Attribute and node.func.name == "opt" and "exception" in node.keywords:
                return True
    return False
