"""An outbound call may wait for ever.

## What it does
Reports calls to other services whose library sets no bound of its own and that nobody gives one: no `timeout` in the
call, in the client, in a class derived from it, in what a wrapper is handed, nor around the call. Where the library has
a default (httpx, aiohttp, botocore), only what switches it off is reported.

## Why it matters
A service that accepts the connection and then says nothing holds a worker until somebody restarts it. A few dozen such
requests are an outage of the caller.

## Example
```python
import requests


def rates() -> dict:
    return requests.get("https://rates.example/latest").json()
```

## Use instead
```python
import requests


def rates() -> dict:
    return requests.get("https://rates.example/latest", timeout=(3, 10)).json()
```

## When not to
A script that somebody starts and nobody imports, such as the probe of a container, is stopped from outside; it is not
reported.

## References
- https://requests.readthedocs.io/en/latest/user/advanced/#timeouts
- https://www.python-httpx.org/advanced/timeouts/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Function, Outbound, Place, Project, ProjectRule, Role, Severity, Step, Unit, ir
from backend_lint.rules.architecture._shared import run_by_hand

_KINDS = frozenset({"http", "mail", "socket", "rpc", "storage"})
_STREAMS = re.compile(r"Stream|Subscribe|Watch|Track|Listen")
_BOUNDS = frozenset({"wait_for", "timeout", "timeout_at", "fail_after", "move_on_after", "async_timeout"})


_OF_PYTHON = frozenset({"imaplib", "smtplib", "poplib", "ftplib", "http", "urllib", "telnetlib", "socket"})


class OutboundWithoutTimeout(ProjectRule):
    code = "ARC408"
    severity = Severity.MEDIUM
    cwe = (1088,)
    owasp = ("API4:2023",)
    unit = Unit.OUTBOUND

    def check(self, project: Project) -> Iterable[Finding]:
        groups: dict[tuple[object, ...], list[Outbound]] = {}
        for each in _outbound(project):
            if each.timeout == "none" and not _is_bounded_around(each) and not _is_streamed(each):
                groups.setdefault(_client(each), []).append(each)
        for found in groups.values():
            yield self._finding(found)

    def _finding(self, found: list[Outbound]) -> Finding:
        each, *others = found
        if each.made is not None and each.timeout_value is None:
            return self._made_without(each.made, found)
        off = "switches the timeout off" if each.timeout_value is not None else "has no timeout"
        more = f", nor {_counted(len(others))} of this client" if others else ""
        return self.finding(
            each.at,
            f"`{each.site.name}()` {off}{more}: a server that does not answer holds it for ever",
            help="Pass `timeout=` in seconds, here or where the client is made.",
            related=[Step(other.at, f"`{other.site.name}()`, too") for other in others[:10]],
        )

    def _made_without(self, made: Place, found: list[Outbound]) -> Finding:
        calls = f"{len(found)} calls" if len(found) > 1 else f"`{found[0].site.name}()`"
        return self.finding(
            made,
            f"the {found[0].library} client has no timeout: a server that does not answer holds {calls} for ever",
            help="Pass `socket_timeout=` in seconds.",
            related=[Step(each.at, f"`{each.site.name}()`") for each in found[:5]],
        )

    def examined(self, project: Project) -> Iterable[str]:
        return [str(each.at) for each in _outbound(project)]


def _counted(others: int) -> str:
    return "has 1 more call" if others == 1 else f"have {others} more calls"


def _outbound(project: Project) -> Iterator[Outbound]:
    scripts = project.derived(run_by_hand)
    for each in project.outbound:
        known = (
            each.kind in _KINDS or each.timeout_value is not None or (each.kind == "cache" and each.timeout == "none")
        )
        if each.scope.module.role is Role.APP and known and not _is_by_hand(each, scripts):
            yield each


def _is_by_hand(each: Outbound, scripts: frozenset[str]) -> bool:
    """Whether somebody waits for it who can stop it: in a script, or in a command of Click or Typer."""
    decorators = each.scope.decorators if isinstance(each.scope, Function) else []
    names = [ir.dotted(ir.callee(each)) or "" for each in decorators]
    return each.scope.module.name in scripts or any(name.endswith(".command") for name in names)


def _client(each: Outbound) -> tuple[object, ...]:
    """What one change would mend: a call of a function alone, the calls of a client together."""
    func, scope = each.site.call.func, each.scope
    if each.made is not None and each.timeout_value is None:
        return (each.made,)
    if (kept := _assigned(each)) is not None and each.kind in ("mail", "socket"):
        return (scope.module.path, id(scope), kept)
    if each.site.receiver is None:
        return (each.at,)
    if type(func) is ir.Attribute and (name := ir.dotted(func.value)) is not None:
        owner = scope.owner if isinstance(scope, Function) and name.startswith("self.") else None
        return ((owner or scope).module.path, id(owner or scope), name)
    return (each.at,)


def _assigned(each: Outbound) -> str | None:
    """The name that a connection gets where it is made."""
    for stmt in ir.walk_statements(each.scope.body):
        if type(stmt) is ir.Assign and stmt.value is each.site.call:
            return ir.dotted(stmt.targets[0])
        if type(stmt) is ir.With:
            for item in stmt.items:
                if item.value is each.site.call:
                    return ir.dotted(item.target)
    return None


def _is_streamed(each: Outbound) -> bool:
    """Whether the answer is a stream that stays open on purpose."""
    if each.method == "stream" or each.site.method == "stream":
        return True
    if each.kind != "rpc":
        return False
    names = {_assigned(each)} - {None}
    return any(
        type(stmt) is ir.For and (stmt.iter is each.site.call or ir.dotted(stmt.iter) in names)
        for stmt in ir.walk_statements(each.scope.body)
    ) or bool(_STREAMS.search(each.method))


def _is_bounded_around(each: Outbound) -> bool:
    """Whether the call stands in `asyncio.wait_for(…)`, or in a block that bounds what it waits for."""
    call = each.site.call
    if each.library in _OF_PYTHON and any(
        ir.dotted(other.func) == "socket.setdefaulttimeout" for other in ir.calls(each.scope.body)
    ):
        return True
    for node in ir.walk(each.scope.body):
        if type(node) is ir.Call and _bounds(node) and node.at < call.at and call.end <= node.end:
            return True
    return any(
        type(stmt) is ir.With and stmt.at <= call.at < stmt.end and any(_bounds(item.value) for item in stmt.items)
        for stmt in ir.walk_statements(each.scope.body)
    )


def _bounds(expr: ir.Expr) -> bool:
    return type(expr) is ir.Call and (ir.dotted(expr.func) or "").rpartition(".")[2] in _BOUNDS
