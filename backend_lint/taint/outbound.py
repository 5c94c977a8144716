"""Clients with a transport of the project's own that decides which addresses they ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts import ir
from backend_lint.project.modules import Class, Function
from backend_lint.taint.domain import Value

if TYPE_CHECKING:
    from backend_lint.taint.engine import Engine
    from backend_lint.taint.frame import Frame

GUARDED = "client with a transport that refuses"  # the class of what is known to be one


def is_refusing(frame: Frame, transport: Value) -> bool:
    """Whether a transport is of a class of ours that raises on some requests."""
    kinds = {transport.type, *(obj.cls for _, obj in frame.objects(transport))}
    classes = map(frame.engine.project.cls, sorted(filter(None, kinds)))
    return any(cls is not None and _refuses(frame.engine, cls) for cls in classes)


def is_guarded(frame: Frame, client: Value) -> bool:
    """Whether a client is of a class of ours that mounts such a transport."""
    kinds = {client.type, *(obj.cls for _, obj in frame.objects(client))}
    classes = map(frame.engine.project.cls, sorted(filter(None, kinds)))
    return any(_mounts(frame.engine, cls) for cls in classes if cls is not None)


def _refuses(engine: Engine, cls: Class) -> bool:
    for method in _methods(engine, cls):
        called = [target for site in engine.project.sites(method) for target in site.targets[:2]]
        if any(
            type(stmt) is ir.Raise and stmt.exc is not None for each in (method, *called) for stmt in each.statements
        ):
            return True
    return False


def _mounts(engine: Engine, cls: Class) -> bool:
    for method in _methods(engine, cls):
        for site in engine.project.sites(method):
            transport = site.call.argument(1, "adapter") if site.method == "mount" else None
            kind = engine.type_name(transport, method)
            adapter = engine.project.cls(kind) if kind is not None else None
            if adapter is not None and _refuses(engine, adapter):
                return True
    return False


def _methods(engine: Engine, cls: Class) -> Iterator[Function]:
    for each in engine.project.classes.mro(cls):
        if isinstance(each, Class):
            yield from each.methods.values()
