"""The units of each kind in a project: what scores count."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

from backend_lint.api.rule import Unit
from backend_lint.core import Place, Role
from backend_lint.discover import Changes, is_touched
from backend_lint.project import Function, Project

PROJECT = "project"


class Units:
    """Units by kind, counted over reported files of the given roles, and found by place.

    Files that are only read have no findings, so their units would pass for clean ones.
    """

    def __init__(self, project: Project, is_reported: Callable[[str], bool] = lambda _: True) -> None:
        self.project = project
        self._unreported = frozenset(path for path in project.by_path if not is_reported(path))
        self._known: dict[tuple[Unit, frozenset[Role]], dict[str, list[tuple[int, int, str]]]] = {}

    def count(self, kind: Unit, roles: frozenset[Role]) -> int:
        """How many units of a kind there are; the project itself is one wherever it has code."""
        if kind is Unit.PROJECT:
            return int(any(module.role in roles for module in self.project.modules.values()))
        return len(self._names(kind, roles))

    def reported(self, names: Sequence[str], kind: Unit, roles: frozenset[Role]) -> Sequence[str]:
        """Of units that a rule named, those that do not lie in a file that is only read."""
        if not self._unreported:
            return names
        elsewhere = self._names(kind, roles, is_reported=False) - self._names(kind, roles)
        return [each for each in names if each not in elsewhere and each.partition(":")[0] not in self._unreported]

    def _names(self, kind: Unit, roles: frozenset[Role], *, is_reported: bool = True) -> set[str]:
        return {
            name
            for path, spans in self._spans(kind, roles).items()
            if (path not in self._unreported) is is_reported
            for _, _, name in spans
        }

    def at(self, place: Place, kind: Unit, roles: frozenset[Role]) -> str:
        """The innermost unit of the kind around a place; where there is none, the place's line is a unit of its own."""
        if kind is Unit.PROJECT:
            return PROJECT
        spans = self._spans(kind, roles).get(place.path, [])
        around = [span for span in spans[: bisect_right(spans, (place.line, 1 << 60, ""))] if place.line <= span[1]]
        return max(around)[2] if around else f"{place.path}:{place.line}"

    def touched(self, kind: Unit, roles: frozenset[Role], changes: Changes) -> set[str]:
        """The names of the units of a kind in which a line was changed; the project is one where anything was."""
        if kind is Unit.PROJECT:
            return (
                {PROJECT}
                if any(self.project.by_path[path].role in roles for path in changes if path in self.project.by_path)
                else set()
            )
        return {
            name
            for path, spans in self._spans(kind, roles).items()
            for first, last, name in spans
            if path in changes and is_touched(changes[path], first, last)
        }

    def _spans(self, kind: Unit, roles: frozenset[Role]) -> dict[str, list[tuple[int, int, str]]]:
        key = (kind, roles)
        if key not in self._known:
            found: dict[str, list[tuple[int, int, str]]] = {}
            for first, last, name in _all(self.project, kind):
                module = self.project.by_path.get(first.path)
                if module is not None and module.role in roles:
                    found.setdefault(first.path, []).append((first.line, last, name))
            for spans in found.values():
                spans.sort()
            self._known[key] = found
        return self._known[key]


def _all(project: Project, kind: Unit) -> Iterator[tuple[Place, int, str]]:
    """First place, last line and name of each unit of a kind."""
    match kind:
        case Unit.MODULE:
            for module in project.modules.values():
                yield module.first_line(), len(module.facts.line_starts), module.path
        case Unit.FUNCTION:
            for module in project.modules.values():
                for function in module.functions:
                    if not function.facts.is_lambda:
                        yield function.at, _last_line(function), f"{module.path}:{function.facts.qualname}"
        case Unit.CLASS:
            for module in project.modules.values():
                for cls in module.classes:
                    last = module.facts.line_column(max(0, cls.facts.end - 1))[0]
                    yield cls.at, last, f"{module.path}:{cls.facts.qualname}"
        case Unit.ROUTE:
            for route in project.routes:
                yield route.at, route.at.end_line, route.label
                if route.handler is not None:
                    yield route.handler.at, _last_line(route.handler), route.label
        case Unit.MODEL:
            for model in project.models.values():
                yield _class_span(project, model.at, model.qualified)
        case Unit.SCHEMA:
            for schema in project.schemas.values():
                yield _class_span(project, schema.at, schema.qualified)
        case Unit.MIGRATION:
            for migration in project.migrations:
                yield migration.module.first_line(), len(migration.module.facts.line_starts), migration.module.path
        case _:
            for item in _listed(project, kind):
                yield item, item.end_line, str(item)


def _listed(project: Project, kind: Unit) -> Iterable[Place]:
    lists = {
        Unit.QUERY: project.queries,
        Unit.TRANSACTION: project.transactions,
        Unit.TASK: project.tasks,
        Unit.ENQUEUE: project.enqueues,
        Unit.OUTBOUND: project.outbound,
        Unit.SETTING: project.settings,
        Unit.LOG: project.logs,
    }
    return [item.at for item in lists.get(kind, ())]  # type: ignore[attr-defined]


def _last_line(function: Function) -> int:
    return function.module.facts.line_column(max(0, function.facts.end - 1))[0]


def _class_span(project: Project, at: Place, name: str) -> tuple[Place, int, str]:
    cls = project.cls(name)
    last = at.end_line if cls is None else cls.module.facts.line_column(max(0, cls.facts.end - 1))[0]
    return at, last, name
