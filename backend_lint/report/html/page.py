"""What the page shows beside the findings, computed from the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from backend_lint.core import GUIDELINES, SECTIONS, Finding, GuidelineScore, Report, Severity, State
from backend_lint.report import summary

ROWS = 400
"""Of any one table; what is more is counted below it."""
_STEPS = 10
_HOT_SPOTS = 15


class Cell(msgspec.Struct, frozen=True):
    """A guideline. `reason` says why it is not assessed, where it is not; `change` is what its score rose by, where
    that shows."""

    id: str
    title: str
    looks_at: str
    score: float | None
    change: float | None
    counts: dict[Severity, int]
    active_rules: int
    all_rules: int
    reason: str


class MatrixRow(msgspec.Struct, frozen=True):
    section: str
    title: str
    score: float | None
    cells: list[Cell]


class NextStep(msgspec.Struct, frozen=True):
    """A rule whose findings are the next to mend. `after` is the overall score when this and all before are mended."""

    code: str
    name: str
    guideline: str
    count: int
    fixable: int
    gain: float
    guideline_gain: float
    after: float


class HotSpot(msgspec.Struct, frozen=True):
    """A file and the debt that stands in it; `share` is of the worst file's, from 0 to 1."""

    path: str
    debt: float
    share: float
    counts: dict[Severity, int]


class Quiet(msgspec.Struct, frozen=True):
    """Findings that do not count: suppressed ones with their reasons, baselined ones by rule."""

    suppressed: list[Finding]
    baselined: list[tuple[str, int]]
    per_thousand_lines: float


class Guard(msgspec.Struct):
    kind: str = ""
    name: str | None = ""


class Route(msgspec.Struct):
    path: str = ""
    methods: list[str] = []
    handler: str | None = None
    file: str | None = None
    line: int | None = None
    params: list[Any] = []
    body: Any = None
    response_model: Any = None
    status_code: int | None = None
    guards: list[Guard] = []
    deprecated: bool = False


class Column(msgspec.Struct):
    name: str = ""
    type: Any = None
    nullable: bool = True
    primary_key: bool = False
    unique: bool = False
    index: bool = False
    foreign_key: Any = None


class Table(msgspec.Struct):
    name: str = ""
    table: str | None = None
    file: str | None = None
    line: int | None = None
    columns: list[Column] = []


class Outbound(msgspec.Struct):
    library: str | None = None
    kind: str | None = None
    method: str | None = None
    url: Any = None
    timeout: Any = None
    retry: Any = None
    file: str | None = None
    line: int | None = None


class Task(msgspec.Struct):
    name: str = ""
    kind: str | None = None
    framework: str | None = None
    queue: str | None = None
    file: str | None = None
    line: int | None = None


class Layer(msgspec.Struct):
    name: str = ""
    modules: list[str] = []


class LayerImport(msgspec.Struct, rename={"source": "from", "target": "to"}):
    """`violation` where a layer imports one that lies above it."""

    source: str = ""
    target: str = ""
    count: int = 1
    violation: bool = False


class Model(msgspec.Struct):
    """What of the backend model the page shows; members that it does not know, or that are missing, do not matter."""

    frameworks: list[str] = []
    routes: list[Route] = []
    models: list[Table] = []
    outbound: list[Outbound] = []
    tasks: list[Task] = []
    layers: list[Layer] = []
    imports: list[LayerImport] = []


def decoded_model(report: Report) -> Model:
    return msgspec.json.decode(report.model, type=Model | None) or Model()


def state_rank(state: State) -> int:
    return (State.ACTIVE, State.BASELINED, State.SUPPRESSED).index(state)


def matrix(report: Report) -> list[MatrixRow]:
    scores = {score.id: score for score in report.score.guidelines}
    return [
        MatrixRow(
            section,
            title,
            report.score.sections.get(section),
            [_cell(report, scores.get(id, GuidelineScore(id, None))) for id in GUIDELINES if id.startswith(section)],
        )
        for section, title in SECTIONS.items()
    ]


def steps(report: Report) -> list[NextStep]:
    """The rules to mend next, as the score names them, with the score that each leads to."""
    after = report.score.overall or 0.0
    names = {rule.code: rule for rule in report.rules}
    found = []
    for debt in report.score.next_best[:_STEPS]:
        findings = [finding for finding in report.active if finding.code == debt.code]
        if not findings:
            continue
        after = min(100.0, after + debt.gain)
        found.append(
            NextStep(
                code=debt.code,
                name=names[debt.code].name if debt.code in names else findings[0].name,
                guideline=findings[0].guideline,
                count=len(findings),
                fixable=sum(map(summary.is_fixable, findings)),
                gain=debt.gain,
                guideline_gain=debt.guideline_gain,
                after=after,
            )
        )
    return found


def hot_spots(report: Report) -> list[HotSpot]:
    """The files with the most debt: each rule's debt, divided evenly among its findings."""
    counts = Counter(finding.code for finding in report.active)
    shares = {
        debt.code: debt.debt / counts[debt.code]
        for guideline in report.score.guidelines
        for debt in guideline.rules
        if counts[debt.code]
    }
    by_path: dict[str, list[Finding]] = {}
    for finding in report.active:
        by_path.setdefault(finding.at.path, []).append(finding)
    debts = {path: sum(shares.get(each.code, 0.0) for each in found) for path, found in by_path.items()}
    worst = sorted((path for path in debts if debts[path] > 0), key=lambda path: (-debts[path], path))[:_HOT_SPOTS]
    return [
        HotSpot(path, debts[path], debts[path] / debts[worst[0]], summary.by_severity(by_path[path])) for path in worst
    ]


def quiet(report: Report) -> Quiet:
    suppressed = [finding for finding in report.findings if finding.state is State.SUPPRESSED]
    baselined = Counter(finding.code for finding in report.findings if finding.state is State.BASELINED)
    lines = report.inventory.app_lines or report.inventory.lines
    return Quiet(
        sorted(suppressed, key=lambda each: (bool(each.reason), each.sort_key)),
        sorted(baselined.items()),
        1000 * len(suppressed) / lines if lines else 0.0,
    )


def _cell(report: Report, score: GuidelineScore) -> Cell:
    guideline = GUIDELINES[score.id]
    return Cell(
        id=score.id,
        title=guideline.title,
        looks_at=guideline.looks_at,
        score=score.score,
        change=_change(report, score.id),
        counts=summary.by_severity(finding for finding in report.active if finding.guideline == score.id),
        active_rules=score.active_rules,
        all_rules=score.all_rules,
        reason=""
        if score.score is not None
        else _reason(score, (rule.unit for rule in report.rules if rule.guideline == score.id)),
    )


def _change(report: Report, guideline: str) -> float | None:
    change = None if report.comparison is None else report.comparison.guidelines.get(guideline)
    return None if change is None or not summary.is_shown(change) else change


def _reason(score: GuidelineScore, units: Iterable[str]) -> str:
    if not score.active_rules:
        return "no rule of it was active"
    looked_for = sorted(filter(None, set(units)))
    return f"nothing to look at: no {' or '.join(looked_for)} found" if looked_for else "nothing to look at was found"
