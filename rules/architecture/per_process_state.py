"""State of one process is used as if all processes shared it.

## What it does
Reports containers and counters of a module that one route or task changes and another one reads. What is filled at import,
what is read where it is written (a memo), locks, and registries are left out.

## Why it matters
There are several workers, and each has its own. The login that one of them remembers is unknown to the next, the counter
that should stop an attack counts a quarter, a job's state is found or not by chance, and all is gone after a deployment.

## Example
```python
from fastapi import FastAPI

app = FastAPI()
jobs: dict[str, str] = {}


@app.post("/jobs/{key}")
def start(key: str) -> None:
    jobs[key] = "running"


@app.get("/jobs/{key}")
def state(key: str) -> dict:
    return {"state": jobs.get(key)}
```

## Use instead
```python
import redis
from fastapi import FastAPI

app = FastAPI()
jobs = redis.Redis()


@app.post("/jobs/{key}")
def start(key: str) -> None:
    jobs.set(key, "running", ex=3600)


@app.get("/jobs/{key}")
def state(key: str) -> dict:
    return {"state": jobs.get(key)}
```

## When not to
Connections that are open in this process, and metrics that are collected from each process.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from backend_lint.api import Finding, Function, Place, Project, ProjectRule, Role, Severity, Step, Unit, ir

_LOCAL = re.compile(
    r"cache|memo|lock|regist|metric|connection|client|socket|pool|handler|plugin|hook|listener|loaded|config|settings|listeners|subscribers",
    re.I,
)
_CONTAINERS = frozenset({"dict", "list", "set", "defaultdict", "OrderedDict", "deque", "Counter"})
_CHANGES = frozenset(
    {"append", "add", "update", "pop", "remove", "discard", "extend", "insert", "setdefault", "popitem", "appendleft"}
)


class PerProcessState(ProjectRule):
    code = "ARC411"
    severity = Severity.MEDIUM
    cwe = (362,)
    unit = Unit.MODULE
    preview = True

    def check(self, project: Project) -> Iterable[Finding]:
        state = dict(_state(project))
        if not state:
            return
        uses = _uses(state, project)
        for name, stmt_place in sorted(state.items()):
            use = uses.get(name)
            if use is None or use.memo or not use.written:
                continue
            writer, at = min(use.written.items())
            readers = {each: place for each, place in use.read.items() if each not in use.written}
            if not readers:
                continue
            reader, seen = min(readers.items())
            yield self.finding(
                at,
                f"`{name.rpartition('.')[2]}` is changed here for {project.served[writer]} and read for "
                f"{project.served[reader]}: each worker process has one of its own",
                help="Keep it in the database or in Redis, where all processes see it.",
                related=[Step(stmt_place, "it lives in this module"), Step(seen, "read here")],
                discriminator=name,
            )


@dataclass
class _Use:
    """By qualified name of the function, where it first changes or reads a variable."""

    written: dict[str, Place] = field(default_factory=dict)
    read: dict[str, Place] = field(default_factory=dict)
    memo: bool = False


def _state(project: Project) -> Iterator[tuple[str, Place]]:
    """The empty containers of modules, by qualified name."""
    for module in project.modules.values():
        if module.role is Role.APP:
            for name, made in module.assignments.items():
                if len(made) == 1 and not _LOCAL.search(name) and _is_empty(made[0].value):
                    yield f"{module.name}.{name}", module.place(made[0])


def _is_empty(value: ir.Expr | None) -> bool:
    match value:
        case ir.Dict(keys=[]) | ir.Sequence(kind="list" | "set", items=[]):
            return True
        case ir.Call(func=func) if (ir.dotted(func) or "").rpartition(".")[2] in _CONTAINERS:
            return not value.positional or (ir.dotted(func) or "").endswith(("defaultdict", "deque"))
    return False


def _uses(state: dict[str, Place], project: Project) -> dict[str, _Use]:
    found: dict[str, _Use] = defaultdict(_Use)
    last = {name.rpartition(".")[2] for name in state}
    for function in project.functions():
        if function.qualified not in project.served or last.isdisjoint(
            function.module.names | set(function.module.imports)
        ):
            continue
        changed = {id(node): node for node in _changed(function)}
        beside = {id(node) for stmt in function.statements if _is_change(stmt) for node in _own_nodes(stmt)}
        for node in ir.walk(function.body):
            if type(node) not in (ir.Name, ir.Attribute):
                continue
            if (node.id if type(node) is ir.Name else node.name) not in last:  # type: ignore[union-attr]
                continue
            name = project.qualified(node, function)
            if name in state and (id(node) in changed or id(node) not in beside):
                where = found[name].written if id(node) in changed else found[name].read
                where.setdefault(function.qualified, function.place(node))
    for use in found.values():
        use.memo = bool(use.written) and all(each in use.read for each in use.written)
    return found


def _is_change(stmt: ir.Stmt) -> bool:
    return isinstance(stmt, ir.Assign | ir.Augment) and any(
        type(each) is ir.Subscript for each in (stmt.targets if isinstance(stmt, ir.Assign) else [stmt.target])
    )


def _own_nodes(stmt: ir.Stmt) -> Iterator[ir.Expr]:
    """The expressions of a statement: a value that is read to be changed is not looked for, as a memo's is."""
    return (node for expr in ir.children(stmt) for node in ir.walk_expression(expr))


def _changed(function: Function) -> Iterator[ir.Expr]:
    """The expressions whose value a function changes."""
    for stmt in function.statements:
        match stmt:
            case ir.Assign(targets=targets) | ir.Delete(targets=targets):
                yield from (each.value for each in targets if type(each) is ir.Subscript)
            case ir.Augment(target=ir.Subscript(value=value)):
                yield value
            case ir.Evaluate(value=ir.Call(func=ir.Attribute(value=value, name=name))) if name in _CHANGES:
                yield value
