"""Which rules run, on which files, and how severe what they find is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from backend_lint import bandit
from backend_lint.api.flow import FlowRule
from backend_lint.config import Config, Overrides, is_selected, severity_of
from backend_lint.core import Finding, Role, RuleInfo, Severity
from backend_lint.discover import File
from backend_lint.engine.own_rules import ENGINE_PACK
from backend_lint.engine.packs import Pack


class Selection:
    """What a configuration makes of all rules. `active` run, by code; `rules` are those of them that packs bring."""

    def __init__(self, config: Config, infos: Iterable[RuleInfo], packs: Sequence[Pack], files: Iterable[File]) -> None:
        self.infos = {info.code: info for info in infos}
        self.active = {code: info for code, info in self.infos.items() if _runs(info, config)}
        self.installed = {rule.code: rule for pack in packs for rule in pack.rules}
        self.rules = {code: rule for code, rule in self.installed.items() if code in self.active}
        self._files = {file.path: file for file in files}
        self._overrides = Overrides(config)
        self._config = config

    def judged(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings that are to be reported, with the severity that they have here."""
        return [
            msgspec.structs.replace(finding, severity=self._severity(finding))
            for finding in findings
            if self._is_told(finding) and self.asks(finding.code, finding.at.path)
        ]

    def asks(self, code: str, path: str) -> bool:
        """Whether the rule of this code looks at the file."""
        info, file = self.active.get(code), self._files.get(path)
        if info is None or file is None or self._overrides.is_ignored(info, path):
            return False
        return info.pack == ENGINE_PACK or file.role in self.roles(code)

    def roles(self, code: str) -> frozenset[Role]:
        """What the files are for that the rule of this code looks at."""
        rule = self.installed.get(code)
        return bandit.ROLES if rule is None else rule.roles

    def is_reported(self, path: str) -> bool:
        return path in self._files and self._files[path].reported

    def bandit_tests(self, path: str) -> frozenset[str]:
        """Bandit's checks that see the file: the usual ones, whatever is selected, lest a selection empty the cache."""
        if self._files[path].role not in bandit.ROLES:
            return frozenset()
        return bandit.default_ids() | {code for code, info in self.active.items() if info.is_optional}

    def apart(self) -> frozenset[str]:
        """The tests, unless a rule is about them, whatever is selected: what else there is others may be made of."""
        if any(Role.TEST in rule.roles for rule in self.installed.values()):
            return frozenset()
        return frozenset(path for path, file in self._files.items() if file.role is Role.TEST)

    def speaking_tests(self) -> list[str]:
        """The codes of Bandit's checks that can have findings of their own here."""
        known = bandit.checks()
        return [
            code
            for code in self.active
            if code in known and not bandit.is_silent(known[code], known[code].owner in self.installed)
        ]

    def follows_data(self) -> bool:
        """Whether anything that runs asks where data flows: a rule about flows, or a check that flows can refute."""
        if any(issubclass(rule, FlowRule) for rule in self.rules.values()):
            return True
        return any(bandit.checks()[code].owner for code in self.speaking_tests())

    def disabled(self) -> dict[str, str]:
        """Rules that did not run, each with what decided so."""
        return {
            code: "preview" if info.preview and is_selected(info, self._config) else "not selected"
            for code, info in self.infos.items()
            if code not in self.active
        }

    def _is_told(self, finding: Finding) -> bool:
        """Whether it stands in a reported file, or data comes to it through one: who changes that file caused it."""
        return any(self.is_reported(place.path) for place in (finding.at, *(step.at for step in finding.trace)))

    def _severity(self, finding: Finding) -> Severity:
        info = self.active[finding.code]
        return self._overrides.severity(info, finding.at.path, severity_of(info, self._config, finding.severity))


def _runs(info: RuleInfo, config: Config) -> bool:
    return is_selected(info, config) and (config.preview or not info.preview)
