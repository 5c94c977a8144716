"""Which module of the project imports which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backend_lint.core import Place
from backend_lint.facts.types import Import
from backend_lint.project.modules import Module
from backend_lint.project.names import Names


@dataclass(frozen=True, eq=False)
class ImportEdge:
    """One module imports another. `names` are what it takes, empty for the module itself; `at` is the first place,
    one that runs where there is one.

    `is_type_checking` where every such import is for types only, `is_local` where all others stand in functions.
    """

    source: Module
    target: Module
    names: tuple[str, ...]
    at: Place
    is_local: bool
    is_type_checking: bool

    @property
    def is_eager(self) -> bool:
        """Whether importing the source runs the target."""
        return not (self.is_local or self.is_type_checking)


def import_edges(modules: Sequence[Module], names: Names) -> list[ImportEdge]:
    """All edges between modules of the project, by source and target. What a package takes from itself is none."""
    found: dict[tuple[str, str], list[tuple[Import, str]]] = {}
    by_name = {module.name: module for module in modules}
    for module in modules:
        for each in module.facts.imports:
            for target, name in _targets(each, module, names):
                if target is not module:
                    found.setdefault((module.name, target.name), []).append((each, name))
    return [_edge(by_name[source], by_name[target], uses) for (source, target), uses in sorted(found.items())]


def _targets(each: Import, module: Module, names: Names) -> Iterator[tuple[Module, str]]:
    source = names.absolute(each, module)
    if each.name is None:
        owner, _ = names.split(each.full_module or source)
        if owner is not None:
            yield owner, ""
        return
    submodule = names.modules.get(f"{source}.{each.name}")
    if submodule is not None:
        yield submodule, ""
        return
    owner = names.modules.get(source)
    if owner is not None:
        yield owner, each.name


def _edge(source: Module, target: Module, uses: list[tuple[Import, str]]) -> ImportEdge:
    first = min(uses, key=lambda use: (use[0].is_type_checking, use[0].function is not None, use[0].at))[0]
    run = [each for each, _ in uses if not each.is_type_checking]
    return ImportEdge(
        source,
        target,
        tuple(sorted({name for _, name in uses if name})),
        source.facts.place(source.path, first.at, first.end),
        bool(run) and all(each.function is not None for each in run),
        not run,
    )
