"""From the bytes of files to a report: every stage once, in order."""

from __future__ import annotations

import datetime
import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

import msgspec

from backend_lint import __version__, adapters, bandit, taint
from backend_lint.api.rule import ProjectRule
from backend_lint.bandit import BanditResult
from backend_lint.config import Config, check_rules, shown, specificity
from backend_lint.core import (
    Diagnostic,
    DiagnosticKind,
    Finding,
    Gate,
    Inventory,
    Report,
    Role,
    RuleInfo,
    Suppression,
    deep_recursion,
)
from backend_lint.discover import Changes, Discovery, is_touched, module_name, roots
from backend_lint.engine.check import check
from backend_lint.engine.clock import Clock
from backend_lint.engine.extract import Extract, Setup
from backend_lint.engine.extraction import extracts
from backend_lint.engine.guarded import Guard
from backend_lint.engine.options import parsed_options
from backend_lint.engine.own_rules import ENGINE_PACK
from backend_lint.engine.packs import Pack, load_packs, removed_rules, rule_infos
from backend_lint.engine.pool import Limits
from backend_lint.engine.selection import Selection
from backend_lint.engine.units import Units
from backend_lint.facts.cache import Cache
from backend_lint.findings import baseline
from backend_lint.findings.baseline import Entry, Match, match
from backend_lint.findings.fingerprint import fingerprinted
from backend_lint.findings.gate import gated
from backend_lint.findings.merge import merge
from backend_lint.findings.score import score
from backend_lint.findings.suppress import Policy, suppress
from backend_lint.findings.suppression import suppressions
from backend_lint.project import Project, link
from backend_lint.project.contract import Contract
from backend_lint.project.model.export import exported
from backend_lint.source import decode
from backend_lint.taint import TaintResult

Progress = Callable[[str, int, int], None]


@deep_recursion()
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
    base: Contract | None = None,
    changed: Changes | None = None,
) -> Report:
    """The report on files of known content. Equal arguments give an equal report, whatever is cached.

    `base` is the contract that the project must keep, `changed` what is new since an earlier state.
    """
    guard = Guard()
    packs, pack_failures = load_packs(config.plugins)
    infos = rule_infos(config.plugins)
    renamed = check_rules(config, infos, removed_rules(config.plugins))
    selection = Selection(config, infos, packs, discovery.files)
    options = parsed_options(list(selection.installed.values()), config.rules, config.origin)
    with clock.phase("extract"):
        read = _extracts(config, discovery, selection, contents, engine, cache, progress)
    with clock.phase("link"):
        project = linked(read, discovery, config)
    with clock.phase("adapters"):
        model(project, config, guard)
        project.base = base
    with clock.phase("taint"):
        flows = _flows(project, config, guard) if selection.follows_data() else TaintResult()
        project.flows = list(flows.flows)
        project.sinks = _by_kind(flows.examined)
    with clock.phase("rules"):
        project_rules = [rule for rule in selection.rules.values() if issubclass(rule, ProjectRule)]
        found, said = check(project, project_rules, options, guard, clock.add)
        contract = guard("the contract", lambda: msgspec.msgpack.encode(project.contract), b"")
    with clock.phase("findings"):
        found += [finding for each in read for finding in each.findings]
        results, refuted = _refuted(project, [result for each in read for result in each.bandit], flows, packs)
        found += bandit.findings(results, selection.installed)
        failures = [*guard.diagnostics, *flows.diagnostics, *(each for file in read for each in file.diagnostics)]
        failures += [*discovery.diagnostics, *unreadable, *pack_failures]
        units = Units(project, selection.is_reported)
        examined = _examined(selection, units, said, read, failures)
        placed = _placed(selection.judged(found), project, units, selection)
        policy = _policy(config, selection, examined, failures, today)
        findings, suppressions = _identified(placed, read, policy, selection, contents)
        accepted = _accepted(findings, config, selection)
        scored = score(accepted.findings, examined, infos, not any(each.is_incomplete for each in failures))
    notices = [Diagnostic(None, None, DiagnosticKind.NOTICE, sentence) for sentence in renamed]
    report = Report(
        version=__version__,
        project=discovery.name_below(config.root),
        profile=config.profile,
        inventory=_inventory(project, discovery, read),
        rules=tuple(selection.active.values()),
        findings=tuple(sorted(accepted.findings, key=lambda finding: finding.sort_key)),
        diagnostics=tuple(_ordered([*failures, *notices, *_stale(accepted.stale)])),
        examined=examined,
        touched=_touched(selection, units, said, examined, changed),
        score=scored,
        gate=Gate(True),
        suppressions=suppressions,
        stale=len(accepted.stale),
        proved=refuted,
        model=msgspec.json.encode(exported(project), order="deterministic"),
        contract=contract,
        disabled=selection.disabled(),
    )
    return gated(report, config)


@deep_recursion()
def understood(
    config: Config,
    discovery: Discovery,
    contents: Mapping[str, bytes],
    engine: str,
    cache: Cache,
    progress: Progress | None,
) -> bytes:
    """The backend model, as JSON."""
    packs, _ = load_packs(config.plugins)
    selection = Selection(config, rule_infos(config.plugins), packs, discovery.files)
    read = _extracts(config, discovery, selection, contents, engine, cache, progress)
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
    project = link((path, module_name(path, base), roles[path], found) for path, found in facts.items())
    project.versions = discovery.versions
    project.roots = tuple(base)
    return project


def _flows(project: Project, config: Config, guard: Guard) -> TaintResult:
    models = taint.load(config.taint.models, config.taint.model)
    options = taint.Options(
        unknown_calls_pass=config.taint.unknown_calls != "clean", stored_values=bool(config.taint.stored_values)
    )
    kept_apart = lambda what, run: guard(what, run, None)  # noqa: E731
    follow = lambda: taint.analyse(project, models, options=options, guarded=kept_apart)  # noqa: E731
    return guard("data flow", follow, TaintResult())


def model(project: Project, config: Config, guard: Guard) -> None:
    """Fill in the backend model, and mark what the configuration says is public."""
    adapters.read(project, lambda what, read: guard(what, lambda: read(project), None))
    for route in project.routes:
        route.is_public = any(fnmatchcase(route.path, pattern) for pattern in config.public_routes)


def _extracts(
    config: Config,
    discovery: Discovery,
    selection: Selection,
    contents: Mapping[str, bytes],
    engine: str,
    cache: Cache,
    progress: Progress | None,
) -> list[Extract]:
    return extracts(
        contents,
        Setup(config.plugins, config.rules),
        engine,
        cache,
        selection.bandit_tests,
        apart=selection.apart(),
        jobs=config.jobs,
        limits=Limits(config.timeout_per_file, config.max_memory),
        progress=progress,
    )


def _placed(found: Iterable[Finding], project: Project, units: Units, selection: Selection) -> list[Finding]:
    """The findings with the definition that they stand in and the unit that they keep from being clean."""
    placed = []
    for finding in found:
        around, rule = project.enclosing(finding.at), selection.rules.get(finding.code)
        scope = around.facts.qualname if around is not None and not hasattr(around, "path") else ""
        unit = finding.unit or (str(finding.at) if rule is None else units.at(finding.at, rule.unit, rule.roles))
        placed.append(msgspec.structs.replace(finding, scope=scope, unit=unit))
    return placed


def _examined(
    selection: Selection,
    units: Units,
    said: Mapping[str, list[str] | None],
    read: Iterable[Extract],
    failures: Iterable[Diagnostic],
) -> dict[str, int]:
    """How many units each rule looked at that ran without failing.

    Bandit's checks look at files; those that only stand in for a rule of ours are credited with none.
    """
    unread = {each.path for each in failures if each.kind is DiagnosticKind.BANDIT or each.is_incomplete}
    files = sum(
        bool(selection.bandit_tests(each.path)) and each.path not in unread and selection.is_reported(each.path)
        for each in read
    )
    known = bandit.checks()
    counts = {code: 0 if known[code].owner in selection.installed else files for code in selection.speaking_tests()}
    for code, rule in selection.rules.items():
        own = said.get(code)
        if own is not None:
            counts[code] = len(units.reported(own, rule.unit, rule.roles))
        elif code in said or not issubclass(rule, ProjectRule):
            counts[code] = units.count(rule.unit, rule.roles)
    return dict(sorted(counts.items()))


def _touched(
    selection: Selection,
    units: Units,
    said: Mapping[str, list[str] | None],
    examined: Mapping[str, int],
    changed: Changes | None,
) -> dict[str, int]:
    """How many of the units that each rule looked at have a changed line in them.

    A unit that a rule named by itself is found by that name among those of the rule's kind, or by its own place.
    """
    if not changed:
        return {}
    counts = {}
    for code in examined:
        rule = selection.rules.get(code)
        if rule is None:
            counts[code] = min(examined[code], sum(bool(selection.bandit_tests(path)) for path in changed))
            continue
        touched, own = units.touched(rule.unit, rule.roles, changed), said.get(code)
        counts[code] = len(touched) if own is None else sum(each in touched or _is_at(each, changed) for each in own)
    return counts


def _is_at(unit: str, changed: Changes) -> bool:
    """Whether a unit that is named by its place, `app/orders.py:31:5`, stands on a changed line."""
    path, _, line = unit.partition(":")
    number = line.partition(":")[0]
    return path in changed and number.isdigit() and is_touched(changed[path], int(number), int(number))


def _policy(
    config: Config,
    selection: Selection,
    examined: Mapping[str, int],
    failures: Iterable[Diagnostic],
    today: datetime.date | None,
) -> Policy:
    unread = {each.path for each in failures if each.kind is DiagnosticKind.BANDIT or each.is_incomplete}
    infos = selection.infos.values()
    return Policy(
        codes={word: info.code for info in infos for word in (*info.former, info.name, info.code)},
        is_active=lambda code, path: code in examined and path not in unread and selection.asks(code, path),
        locked=frozenset(info.code for info in infos if any(specificity(each, info) for each in config.no_suppress)),
        today=today,
        stands_for=_stood_for(infos),
    )


def _stood_for(infos: Iterable[RuleInfo]) -> dict[str, frozenset[str]]:
    """The checks of others whose waiver holds for a rule: those of Bandit in whose place it speaks, and Ruff's."""
    found = bandit.stood_for()
    for info in infos:
        if info.waived_by:
            found[info.code] = found.get(info.code, frozenset()) | frozenset(info.waived_by)
    return found


def _identified(
    placed: Iterable[Finding],
    read: Iterable[Extract],
    policy: Policy,
    selection: Selection,
    contents: Mapping[str, bytes],
) -> tuple[list[Finding], tuple[Suppression, ...]]:
    """Each problem once, with its state and its identity, and what the comments are that ask for silence."""

    @functools.cache
    def text(path: str) -> str:
        return decode(contents[path])

    comments = {each.path: each.facts.comments for each in read if each.facts}
    merged = merge(placed, {code: each.owner for code, each in bandit.checks().items() if each.owner})
    judged = suppress(merged, comments, policy, text)
    ours = [each for each in judged if selection.infos[each.code].pack == ENGINE_PACK]
    others = [each for each in judged if selection.infos[each.code].pack != ENGINE_PACK]
    asked = [each for path, said in sorted(comments.items()) for each in suppressions(path, said)]
    return fingerprinted([*others, *selection.judged(ours)], text), tuple(
        each for each in asked if isinstance(each, Suppression) and selection.is_reported(each.at.path)
    )


def _accepted(findings: Sequence[Finding], config: Config, selection: Selection) -> Match:
    if config.baseline is None:
        return Match(tuple(findings), (), ())
    entries = baseline.read(config.baseline, shown(config.baseline, config.root))
    return match(entries, findings, lambda path: selection.is_reported(path) or not (config.root / path).exists())


def _stale(entries: Iterable[Entry]) -> Iterator[Diagnostic]:
    for (path, code), number in sorted(Counter((entry.path, entry.code) for entry in entries).items()):
        what = (
            f"{number} entries of {code} in the baseline match"
            if number > 1
            else f"an entry of {code} in the baseline matches"
        )
        yield Diagnostic(path, None, DiagnosticKind.NOTICE, f"{what} nothing any more; `baseline prune` removes such")


def _refuted(
    project: Project, results: Iterable[BanditResult], flows: TaintResult, packs: Iterable[Pack]
) -> tuple[list[BanditResult], dict[str, int]]:
    """Bandit's results less those at a sink that data flow has judged, and how many went, by test."""
    kinds = {rule.code: getattr(rule, "kinds", ()) for pack in packs for rule in pack.rules}
    kept: list[BanditResult] = []
    dropped: Counter[str] = Counter()
    for result in results:
        owned = kinds.get(bandit.checks()[result.test_id].owner, ())
        seen = any((result.at.path, result.at.line, kind) in flows.examined for kind in owned)
        if seen or (owned and getattr(project.enclosing(result.at), "qualified", "") in flows.judged):
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
