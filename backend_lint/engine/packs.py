"""Rule packs: where rules come from. The built-in pack comes through the same door as anyone's."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import msgspec

from backend_lint import __version__
from backend_lint.api.rule import Rule
from backend_lint.core import Diagnostic, DiagnosticKind, PackError, RuleInfo
from backend_lint.engine.guarded import described
from backend_lint.engine.identity import BUILTIN, entries
from backend_lint.engine.own_rules import SUPPRESSION_RULES


class Pack(msgspec.Struct, frozen=True):
    """The rules of one package. `version` is that of its distribution.

    `removed` says of rules that it had once, by code or name, why it has them no longer: its attribute `REMOVED`.
    """

    name: str
    version: str
    rules: tuple[type[Rule], ...]
    removed: dict[str, str] = {}


@functools.cache
def load_packs(plugins: bool = True) -> tuple[tuple[Pack, ...], tuple[Diagnostic, ...]]:
    """All packs, the built-in one first, and a diagnostic for each that could not be loaded.

    Raises PackError for a fault of the built-in pack, which no user can mend by leaving it out.
    """
    packs: list[Pack] = []
    failures: list[Diagnostic] = []
    codes: dict[str, str] = {}
    for entry in entries(plugins):
        found = _loaded(entry, codes)
        if isinstance(found, Pack):
            packs.append(found)
            codes.update({rule.code: found.name for rule in found.rules})
        else:
            failures.append(found)
    return tuple(packs), tuple(failures)


def rule_infos(plugins: bool = True) -> tuple[RuleInfo, ...]:
    """What users see of all rules, Bandit's checks and the engine's own included, by code."""
    from backend_lint import bandit

    packs, _ = load_packs(plugins)
    infos = [rule.info(pack.name) for pack in packs for rule in pack.rules]
    return tuple(sorted((*infos, *bandit.rules(), *SUPPRESSION_RULES), key=lambda info: info.code))


def removed_rules(plugins: bool = True) -> dict[str, str]:
    """Why rules that packs had once are gone, by code or name."""
    packs, _ = load_packs(plugins)
    return {word: reason for pack in packs for word, reason in pack.removed.items()}


def _loaded(entry: EntryPoint, codes: dict[str, str]) -> Pack | Diagnostic:
    try:
        package = importlib.import_module(entry.value)
        pack = Pack(entry.name, _version(entry), tuple(_rules(package)), dict(getattr(package, "REMOVED", {})))
        _check(pack, codes)
    except Exception as error:
        if entry.name == BUILTIN:
            raise
        return Diagnostic(None, None, DiagnosticKind.RULE, f"pack {entry.name} failed: {described(error)}")
    return pack


def _version(entry: EntryPoint) -> str:
    return entry.dist.version if entry.dist is not None else __version__


def _rules(package: ModuleType) -> Iterable[type[Rule]]:
    """The rules of a package: every class with a code in a module whose name does not start with an underscore."""
    for name in _module_names(package):
        module = importlib.import_module(name)
        for _, found in sorted(inspect.getmembers(module, inspect.isclass)):
            if issubclass(found, Rule) and found.__module__ == module.__name__ and "code" in vars(found):
                yield found


def _module_names(package: ModuleType) -> Iterator[str]:
    for directory in map(Path, package.__path__):
        for path in sorted(directory.rglob("*.py")):
            parts = path.relative_to(directory).with_suffix("").parts
            if not any(part.startswith("_") for part in parts):
                yield ".".join([package.__name__, *parts])


def _check(pack: Pack, codes: dict[str, str]) -> None:
    seen: dict[str, type[Rule]] = {}
    for rule in pack.rules:
        owner = codes.get(rule.code) or (seen[rule.code].__module__ if rule.code in seen else None)
        if owner is not None:
            raise PackError(f"{rule.__module__} takes the code {rule.code}, which {owner} has")
        seen[rule.code] = rule
        info = rule.info(pack.name)
        if not info.title or "## What it does" not in info.doc:
            raise PackError(f"{rule.__module__} has no documentation: its docstring is a title and `## What it does`")
