"""Where imports start from, and what a file is called by them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

Import = tuple[str, str]

_Votes = dict[str, set[tuple[str, str]]]  # by root: names, and what they are the names of


def roots(paths: Iterable[str], imports: Iterable[Import] = ()) -> tuple[str, ...]:
    """The directories below which `paths`, all Python files of a tree, are importable; the top is the empty string.

    A package is imported from the directory that holds its outermost `__init__.py`, or from a `src` above it. Where no
    `__init__.py` says so, the top is assumed, so that `app/main.py` is `app.main`. `imports`, pairs of a file and an
    absolute name imported in it, are stronger evidence: they tell a namespace package from a directory of scripts, and
    find a package that is run from inside, as `site/main.py` that imports `models`.
    """
    tree = _Tree(paths)
    votes = _votes(tree, imports)
    chosen: dict[str, str] = {}
    inner: set[str] = set()
    for unit in sorted(tree.units):
        chosen[unit] = _root(unit, tree, votes.get(unit, {}), chosen)
        if unit in tree.packages:
            inner |= _inner_roots(unit, chosen[unit], votes.get(unit, {}))
    return tuple(sorted(inner.union(chosen.values())))


def module_name(path: str, roots: Sequence[str]) -> str:
    """The dotted name under which `path` is imported from the innermost of `roots` around it.

    The `__init__.py` of a root, which nothing can import from there, is called like its directory.
    """
    root = max((root for root in roots if _is_below(path, root)), key=len, default="")
    inner = path[len(root) :].lstrip("/")
    name = inner.removesuffix(".pyi").removesuffix(".py").replace("/", ".")
    if name == "__init__":
        return root.rpartition("/")[2] or name
    return name.removesuffix(".__init__")


class _Tree:
    """The units of a tree: each outermost package, and each directory with files outside of packages."""

    def __init__(self, paths: Iterable[str]) -> None:
        files = sorted(set(paths))
        self.packages = {_parent(path) for path in files if path.endswith(("/__init__.py", "/__init__.pyi"))}
        self.unit_of_module: dict[str, str] = {}
        for path in files:
            directory = _parent(path)
            unit = self._unit(directory)
            module = path.removesuffix(".pyi").removesuffix(".py").removesuffix("/__init__")
            self.unit_of_module[module] = unit
            while directory and directory not in self.unit_of_module:
                self.unit_of_module[directory] = self._unit(directory)
                directory = _parent(directory)
        self.units = {self._unit(_parent(path)) for path in files}

    def _unit(self, directory: str) -> str:
        """The outermost package around `directory`, or itself; a directory inside a package needs no `__init__.py`."""
        unit, around = directory, directory
        while around:
            if around in self.packages:
                unit = around
            around = _parent(around)
        return unit


def _root(unit: str, tree: _Tree, votes: _Votes, chosen: dict[str, str]) -> str:
    candidates = _candidates(unit, tree)
    default = _default(unit, tree, candidates, chosen)
    return max(candidates, key=lambda root: (len(votes.get(root, ())), root == default, len(root)))


def _inner_roots(package: str, outer: str, votes: _Votes) -> set[str]:
    """The directories in `package` from which more is imported, of what is below them, than from further out."""
    found = [outer]
    for root in sorted(votes, key=len):
        if _is_below(root, package):
            rivals = (sum(_is_below(module, root) for _, module in votes.get(other, ())) for other in found)
            if len(votes[root]) > max(1, *rivals):
                found.append(root)
    return set(found[1:])


def _candidates(unit: str, tree: _Tree) -> list[str]:
    """The directories from which `unit` can be imported, or its files when it is no package, the innermost first."""
    root = _parent(unit) if unit in tree.packages else unit
    found = [root]
    while root and root.rpartition("/")[2].isidentifier():
        root = _parent(root)
        found.append(root)
    return found


def _default(unit: str, tree: _Tree, candidates: list[str], chosen: dict[str, str]) -> str:
    sources = [root for root in candidates if root.rpartition("/")[2] == "src"]
    if sources:
        return sources[0]
    if unit in tree.packages:
        return candidates[0]
    above = _parent(unit)
    while above and above not in chosen:
        above = _parent(above)
    inherited = chosen.get(above, candidates[-1])
    return inherited if inherited in candidates else candidates[-1]


def _votes(tree: _Tree, imports: Iterable[Import]) -> dict[str, _Votes]:
    """By unit, and by the root to look them up from: the imported names that are found in that unit."""
    by_last: dict[str, list[str]] = {}
    for module in tree.unit_of_module:
        by_last.setdefault(module.rpartition("/")[2], []).append(module)
    votes: dict[str, _Votes] = {}
    for importer, name in sorted(set(imports)):
        first, _, rest = name.partition(".")
        if first in sys.stdlib_module_names:
            continue
        tail = name.replace(".", "/")
        itself = importer.removesuffix(".py")
        for module in by_last.get(name.rpartition(".")[2], ()):
            if module == itself or (module != tail and not module.endswith(f"/{tail}")):
                continue
            root = module[: -len(tail)].rstrip("/")
            if rest or _is_below(importer, root):
                votes.setdefault(tree.unit_of_module[module], {}).setdefault(root, set()).add((name, module))
    return votes


def _is_below(path: str, directory: str) -> bool:
    return not directory or path == directory or path.startswith(f"{directory}/")


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
