"""Bandit's checks as functions, made ready once a process."""

from __future__ import annotations

import functools
import importlib
import logging
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from backend_lint.bandit.checks import checks

Verdict = Callable[[Any], Any]  # a `bandit.core.context.Context` to a `bandit.core.issue.Issue` or None


class Test(msgspec.Struct, frozen=True):
    """One check, or one entry of Bandit's lists, with its configuration. `kind` is the node it looks at: `Call`."""

    id: str
    kind: str
    words: frozenset[str]
    parts: tuple[str, ...]
    verdict: Verdict

    def may_speak(self, words: frozenset[str], lowered: str) -> bool:
        """Whether a file of these words, and of this text in lower case, can hold what the check looks for."""
        return (
            not (self.words or self.parts)
            or not self.words.isdisjoint(words)
            or any(part in lowered for part in self.parts)
        )


@functools.cache
def battery(ids: frozenset[str]) -> tuple[Test, ...]:
    """The checks of these ids, in Bandit's order. Bandit is imported at the first call; its own plugins only are run.

    Source: bandit/core/test_set.py, whose selection is kept in attributes of the plugins, one for the whole process.
    """
    manager = _manager()
    return tuple(
        test
        for tests in (*(_plugin_tests(each.plugin) for each in manager.plugins), _listed(manager.blacklist))
        for test in tests
        if test.id in ids and test.id in checks()
    )


def named(word: str) -> str | None:
    """The id of the check that a `# nosec` comment means by `word`, an id or Bandit's own name."""
    manager = _manager()
    known: str | None = word if manager.check_id(word) else manager.get_test_id(word)
    return known


@functools.cache
def _manager() -> Any:
    """Bandit's registry. Importing Bandit sets `warnings.formatwarning`; that is undone, and its log is silenced."""
    logging.getLogger("bandit").addHandler(logging.NullHandler())
    before = warnings.formatwarning
    try:
        from bandit.core.extension_loader import MANAGER
    finally:
        warnings.formatwarning = before
    return MANAGER


def _plugin_tests(plugin: Any) -> Iterable[Test]:
    check = checks().get(plugin._test_id)
    if check is None:
        return
    verdict: Verdict = plugin
    if hasattr(plugin, "_takes_config"):
        home = importlib.import_module(plugin.__module__)
        verdict = functools.partial(plugin, config=home.gen_config(plugin._takes_config))
    for kind in plugin._checks:
        yield Test(plugin._test_id, kind, check.words, check.parts, verdict)


def _listed(lists: dict[str, list[dict[str, Any]]]) -> Iterable[Test]:
    """Bandit's lists of calls and imports, one test an entry: an entry can speak where the first word of a name is."""
    from bandit.core.blacklisting import blacklist

    for kind, entries in lists.items():
        for entry in entries:
            words = frozenset(name.split(".")[0] for name in entry["qualnames"])
            yield Test(entry["id"], kind, words, (), functools.partial(blacklist, config={kind: [entry]}))
