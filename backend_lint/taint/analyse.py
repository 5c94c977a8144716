"""The analysis of a project, from its handlers and from every function that holds a source or a sink."""

from __future__ import annotations

import functools
from collections.abc import Callable

from backend_lint.core import deep_recursion
from backend_lint.facts.ir import Expr
from backend_lint.project import Project, Scope
from backend_lint.taint import entries, selection
from backend_lint.taint.engine import Engine
from backend_lint.taint.frame import Exhausted, Frame
from backend_lint.taint.models import Models, load
from backend_lint.taint.outcome import Options, TaintResult
from backend_lint.taint.responses import makes_pages
from backend_lint.taint.state import State

Guarded = Callable[[str, Callable[[], None]], None]


def analyse(
    project: Project, models: Models | None = None, *, options: Options | None = None, guarded: Guarded | None = None
) -> TaintResult:
    """All flows of a project, in the order of their sinks.

    `guarded` runs a part by name and keeps a failing one apart; without it a failure is raised.
    """

    def part(name: str, run: Callable[[], None]) -> None:
        if guarded is None:
            run()
        else:
            guarded(name, run)
            engine.summaries.forget_unfinished()

    engine = Engine(project, models or load(), options)
    with deep_recursion():
        handlers = entries.handlers(engine)
        for handler in handlers:
            engine.paths[handler.function.key] = entries.request_path(engine, handler)
        engine.placeholders = entries.placeholders(engine)
        engine.fields.bodies = entries.bodies(engine, handlers)
        seeds = selection.seeds(engine)
        engine.seeds = seeds
        for function in selection.in_order(engine, seeds):
            part(f"taint {function.qualified}", functools.partial(engine.summarise, function))
        for function, cls in selection.hooks(engine):
            part(f"taint {function.qualified}", functools.partial(engine.summarise, function, cls))
        for handler in handlers:
            if engine.matters(handler.function) or makes_pages(handler.function, handler.framework):
                part(f"taint {handler.function.qualified}", functools.partial(entries.run, engine, handler))
        return engine.finish()


def fold(project: Project, expr: Expr, scope: Scope, models: Models | None = None) -> tuple[object, ...] | None:
    """The constants that an expression can be, where it stands in a scope and nothing is known of its locals.

    None where it can be anything else as well.
    """
    engine = _engine(project, models)
    frame = Frame(engine, scope, State({}, dict(engine.heap)))
    try:
        with deep_recursion():
            value = frame.evaluate(expr)
    except (Exhausted, RecursionError):
        return None
    return value.consts if value.is_constant else None


@functools.lru_cache(maxsize=2)
def _engine(project: Project, models: Models | None) -> Engine:
    return Engine(project, models or load())
