"""From the bytes of files to a report: every stage once, in order."""

from __future__ import annotations

import datetime
import functools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec

from backend_lint import __version__, adapters, bandit, taint
from backend_lint.api.rule import ProjectRule, Rule
from backend_lint.bandit import BanditResult
from backend_lint.config import Config, Overrides, check_rules, is_selected, severity_of
from backend_lint.config.select import specificity
from backend_lint.core import Diagnostic, Finding, Inventory, Report, Role, RuleInfo
from backend_lint.discover import Discovery, module_name, roots
from backend_lint.engine.check import check
from backend_lint.engine.extract import Extract, Setup
from backend_lint.engine.extraction import extracts
from backend_lint.engine.guarded import Guard
from backend_lint.engine.options import parsed_options
from backend_lint.engine.packs import Pack, load_packs, rule_infos
from backend_lint.engine.units import Units
from backend_lint.facts.cache import Cache
from backend_lint.findings import baseline
from backend_lint.findings.baseline import match
from backend_lint.findings.fingerprint import fingerprinted
from backend_lint.findings.gate import gate
from backend_lint.findings.merge import merge
from backend_lint.findings.score import score
from backend_lint.findings.suppress import Policy, suppress
from backend_lint.findings.suppression_rules import ENGINE_PACK, SUPPRESSION_RULES
from backend_lint.project import Project, link
from backend_lint.project.model.export import exported
from backend_lint.source import decode

if TYPE_CHECKING:
    from backend_lint.run import Clock

Progress = Callable[[str, int, int], None]


def analysed(
    config: Config,
    discovery: Discovery,
    contents: Mapping[str, bytes],
    unreadable: Sequence[Diagnostic],
    engine: str,
    cache: Cache,
    clock: Clock,
    progress: Progress | None,
    today: datetime.date | None,
) -> Report:
    """The report on files of known content. Equal arguments give an equal report, whatever is cached."""
    guard = Guard()
    packs, pack_failures = load_packs(config.plugins)
    infos = rule_infos(config.plugins)
    check_rules(config, infos)
    with clock.phase("extract"):
        read = extracts(
            contents,
            _setup(config),
            engine,
            cache,
            jobs=config.jobs,
            timeout=config.timeout_per_file,
            progress=progress,
        )
    with clock.phase("link"):
        project = linked(read, discovery, config)
    with clock.phase("adapters"):
        model(project, config, guard)
    with clock.phase("taint"):
        flows = taint.analyse(project, guarded=lambda what, run: guard(what, run, None))
        project.flows = list(flows.flows)
        project.sinks = _by_kind(flows.examined)
    active = [info for info in infos if is_selected(info, config) and (config.preview or not info.preview)]
    codes = {info.code for info in active}
    rules = [rule for pack in packs for rule in pack.rules if rule.code in codes]
    with clock.phase("rules"):
        project_rules = [rule for rule in rules if issubclass(rule, ProjectRule)]
        options = parsed_options([rule for pack in packs for rule in pack.rules], config.rules)
        found, said = check(project, project_rules, options, guard, clock.add)
    with clock.phase("findings"):
        found += [finding for each in read for finding in each.findings if finding.code in codes]
        results, refuted = _refuted([result for each in read for result in each.bandit], flows.proved, packs)
        installed = {rule.code for pack in packs for rule in pack.rules}
        found += [each for each in bandit.findings(results, installed) if each.code in codes]
        units = Units(project)
        kept = _placed(found, rules, project, discovery, units, config, active)
        examined = _examined(active, rules, units, said)
    diagnostics = _ordered(
        [
            *discovery.diagnostics,
            *unreadable,
            *pack_failures,
            *guard.diagnostics,
            *flows.diagnostics,
            *(diagnostic for each in read for diagnostic in each.diagnostics),
        ]
    )
    with clock.phase("findings"):
        final = _judged(kept, read, infos, codes, diagnostics, contents, discovery, config, today)
        complete = not any(each.is_incomplete for each in diagnostics)
        scored = score(final, examined, infos, complete)
    return Report(
        version=__version__,
        project=config.root.name,
        profile=config.profile,
        inventory=_inventory(project, discovery, read),
        rules=tuple(info for info in (*infos, *SUPPRESSION_RULES) if info.code in codes or info.pack == ENGINE_PACK),
        findings=tuple(final),
        diagnostics=tuple(diagnostics),
        examined=examined,
        score=scored,
        gate=gate(final, scored, fail_on=config.fail_on, fail_under=config.fail_under),
        model=msgspec.json.encode(exported(project), order="deterministic"),
        disabled=_disabled(infos, codes, config),
        proved=refuted,
    )


def understood(
    config: Config,
    discovery: Discovery,
    contents: Mapping[str, bytes],
    engine: str,
    cache: Cache,
    progress: Progress | None,
) -> bytes:
    """The backend model, as JSON."""
    read = extracts(
        contents, _setup(config), engine, cache, jobs=config.jobs, timeout=config.timeout_per_file, progress=progress
    )
    project = linked(read, discovery, config)
    model(project, config, Guard())
    return msgspec.json.format(msgspec.json.encode(exported(project), order="deterministic"), indent=2)


def linked(read: Iterable[Extract], discovery: Discovery, config: Config) -> Project:
    """The project of all files that could be parsed, under their import names."""
    facts = {each.path: each.facts for each in read if each.facts is not None}
    roles = {file.path: file.role for file in discovery.files}
    if config.roots:
        base = tuple(root.relative_to(config.root).as_posix().removeprefix(".") for root in config.roots)
    else:
        imports = ((path, each.module) for path, found in facts.items() for each in found.imports if each.level == 0)
        base = roots(facts, imports)
    return link((path, module_name(path, base), roles[path], found) for path, found in facts.items())


def model(project: Project, config: Config, guard: Guard) -> None:
    """Fill in the backend model, and mark what the configuration says is public."""
    adapters.read(project, lambda what, read: guard(what, lambda: read(project), None))
    for route in project.routes:
        route.is_public = any(fnmatchcase(route.path, pattern) for pattern in config.public_routes)


def _setup(config: Config) -> Setup:
    return Setup(config.plugins, config.rules)


def _placed(
    found: Iterable[Finding],
    rules: Iterable[type[Rule]],
    project: Project,
    discovery: Discovery,
    units: Units,
    config: Config,
    active: Iterable[RuleInfo],
) -> list[Finding]:
    """The findings in files of the roles that their rules read, with scope and unit, severities as configured."""
    by_code = {rule.code: rule for rule in rules}
    infos = {info.code: info for info in active}
    files = {file.path: file for file in discovery.files}
    overrides = Overrides(config)
    kept = []
    for finding in found:
        file, rule, info = files.get(finding.at.path), by_code.get(finding.code), infos[finding.code]
        roles = frozenset({Role.APP}) if rule is None else rule.roles
        if file is None or not file.reported or file.role not in roles or overrides.is_ignored(info, file.path):
            continue
        around = project.enclosing(finding.at)
        severity = severity_of(info, config, finding.severity)
        kept.append(
            msgspec.structs.replace(
                finding,
                scope=around.facts.qualname if around is not None and not hasattr(around, "path") else "",
                unit=finding.unit or _unit(finding, rule, units),
                severity=overrides.severity(info, file.path, severity),
            )
        )
    return kept


def _unit(finding: Finding, rule: type[Rule] | None, units: Units) -> str:
    if rule is None:
        return str(finding.at)
    return units.at(finding.at, rule.unit, rule.roles)


def _examined(
    active: Iterable[RuleInfo], rules: Iterable[type[Rule]], units: Units, said: Mapping[str, list[str] | None]
) -> dict[str, int]:
    by_code = {rule.code: rule for rule in rules}
    counts = {}
    for info in active:
        rule, own = by_code.get(info.code), said.get(info.code)
        if own is not None:
            counts[info.code] = len(own)
        elif rule is not None:
            counts[info.code] = units.count(rule.unit, rule.roles)
    return counts


def _judged(
    kept: Iterable[Finding],
    read: Iterable[Extract],
    infos: Iterable[RuleInfo],
    codes: set[str],
    diagnostics: Iterable[Diagnostic],
    contents: Mapping[str, bytes],
    discovery: Discovery,
    config: Config,
    today: datetime.date | None,
) -> list[Finding]:
    """Each problem once, with its state and its identity."""

    @functools.cache
    def text(path: str) -> str:
        return decode(contents[path])

    failed = {each.path for each in diagnostics if each.is_incomplete}
    reported = {file.path for file in discovery.files if file.reported}
    policy = Policy(
        codes={word: info.code for info in infos for word in (info.code, info.name)},
        is_active=lambda code, path: code in codes and path not in failed,
        locked=frozenset(info.code for info in infos if any(specificity(each, info) for each in config.no_suppress)),
        today=today,
    )
    comments = {each.path: each.facts.comments for each in read if each.facts and each.path in reported}
    merged = merge(kept, {code: each.owner for code, each in bandit.checks().items() if each.owner})
    found = fingerprinted(suppress(merged, comments, policy, text), text)
    if config.baseline is not None:
        gone = lambda path: path in reported or not (config.root / path).exists()  # noqa: E731
        found = list(match(baseline.read(config.baseline), found, gone).findings)
    return sorted(found, key=lambda finding: finding.sort_key)


def _refuted(
    results: Iterable[BanditResult], proved: frozenset[tuple[str, int, str]], packs: Iterable[Pack]
) -> tuple[list[BanditResult], dict[str, int]]:
    """Bandit's results less those at a sink where only constants and clean values arrive, and how many went, by test."""
    kinds = {rule.code: getattr(rule, "kinds", ()) for pack in packs for rule in pack.rules}
    kept: list[BanditResult] = []
    dropped: Counter[str] = Counter()
    for result in results:
        owner = bandit.checks()[result.test_id].owner
        if any((result.at.path, result.at.line, kind) in proved for kind in kinds.get(owner, ())):
            dropped[result.test_id] += 1
        else:
            kept.append(result)
    return kept, dict(sorted(dropped.items()))


def _by_kind(examined: Iterable[tuple[str, int, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, line, kind in sorted(examined):
        found.setdefault(kind, []).append(f"{path}:{line}")
    return found


def _inventory(project: Project, discovery: Discovery, read: Sequence[Extract]) -> Inventory:
    app = [module for module in project.modules.values() if module.role is Role.APP]
    return Inventory(
        frameworks=tuple(project.frameworks),
        roots=tuple(discovery.searched),
        files=len(discovery.files),
        files_read=sum(each.facts is not None for each in read),
        lines=sum(each.lines for each in read),
        app_lines=sum(len(module.facts.line_starts) for module in app),
        routes=len(project.routes),
        models=len(project.models),
        queries=len(project.queries),
        tasks=len(project.tasks),
        outbound=len(project.outbound),
    )


def _ordered(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    return sorted(set(diagnostics), key=lambda each: (each.path or "", each.line or 0, each.kind.value, each.message))


def _disabled(infos: Iterable[RuleInfo], codes: set[str], config: Config) -> dict[str, str]:
    """Rules that did not run, each with what decided so."""
    return {
        info.code: "preview" if info.preview and not config.preview and is_selected(info, config) else "not selected"
        for info in infos
        if info.code not in codes
    }
