"""The outcome of a run: all that any report shows, with no object of a later or an earlier stage in it."""

from __future__ import annotations

import msgspec

from backend_lint.core.diagnostic import Diagnostic
from backend_lint.core.finding import Finding, Severity, State
from backend_lint.core.suppression import Suppression


class RuleInfo(msgspec.Struct, frozen=True):
    """What users see of a rule. `doc` is the rule's documentation as Markdown, its sections as `## What it does`.

    `unit` is the kind of thing it examines (`route`, `query`, `project`); `scope` is `file` or `project`.
    `former` are codes and names that it had before; `waived_by` are the codes of Ruff and Flake8 by which a `noqa`
    means it, too. What `is_optional` runs only where its code or name is selected.
    """

    code: str
    name: str
    guideline: str
    severity: Severity
    title: str
    doc: str
    unit: str
    scope: str
    cwe: tuple[int, ...] = ()
    owasp: tuple[str, ...] = ()
    preview: bool = False
    pack: str = "builtin"
    former: tuple[str, ...] = ()
    waived_by: tuple[str, ...] = ()
    is_optional: bool = False


class Inventory(msgspec.Struct, frozen=True):
    """What was understood. Counts are of application code; `lines` are physical lines of all files read."""

    frameworks: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    files: int = 0
    files_read: int = 0
    lines: int = 0
    app_lines: int = 0
    routes: int = 0
    models: int = 0
    queries: int = 0
    tasks: int = 0
    outbound: int = 0


class Debt(msgspec.Struct, frozen=True):
    """What one rule costs its guideline: `penalty / (clean + k)`.

    `gain` and `guideline_gain` are what the overall score and the guideline's own would rise by without the rule's
    `findings`, of which `fixable` have a safe fix.
    """

    code: str
    penalty: float
    clean: int
    examined: int
    debt: float
    gain: float = 0.0
    guideline_gain: float = 0.0
    findings: int = 0
    fixable: int = 0


class GuidelineScore(msgspec.Struct, frozen=True):
    """`score` is 0 to 100, or None where no active rule examined anything: not assessed."""

    id: str
    score: float | None
    debt: float = 0.0
    multiplier: float = 1.0
    high: int = 0
    critical: int = 0
    rules: tuple[Debt, ...] = ()
    active_rules: int = 0
    all_rules: int = 0


class Score(msgspec.Struct, frozen=True):
    """Score model 1. `cap` is 50, 80 or 100; `sections` maps `ARC` and the like to a score or None.

    `weights` (by severity), `certainty` (by confidence) and `k` are the numbers that the model was computed with.
    `capped_by` says what holds the overall score at `cap`: `1 critical: app/reports.py:31`; empty when nothing does.
    `next_best` are steps in the order to take them in: `gain` is what each adds to the overall score after the others.
    """

    model: int
    overall: float | None
    letter: str
    cap: int
    capped_by: tuple[str, ...]
    complete: bool
    guidelines: tuple[GuidelineScore, ...]
    sections: dict[str, float | None]
    next_best: tuple[Debt, ...] = ()
    weights: dict[str, float] = msgspec.field(default_factory=dict)
    certainty: dict[str, float] = msgspec.field(default_factory=dict)
    k: float = 10.0


class Comparison(msgspec.Struct, frozen=True):
    """What became of the scores since `since`, an earlier report or revision.

    Scores that are not `comparable` have no changes: `because` says why, in clauses. `overall` is None where other
    guidelines were assessed then: `appeared` were not, `vanished` are not any more.
    """

    since: str
    comparable: bool
    because: tuple[str, ...] = ()
    overall: float | None = None
    guidelines: dict[str, float] = msgspec.field(default_factory=dict)
    appeared: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()


class Gate(msgspec.Struct, frozen=True):
    """The verdict of CI. `reasons` are sentences with the numbers, empty when it passed."""

    passed: bool
    reasons: tuple[str, ...] = ()


class Part(msgspec.Struct, frozen=True):
    """One of several projects that one document is about, with a score and a verdict of its own."""

    project: str
    score: Score
    inventory: Inventory
    gate: Gate


class Phase(msgspec.Struct, frozen=True):
    name: str
    seconds: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`findings` are in report order and carry their state; `examined` counts units by the code of each active rule.

    `suppressions` are the comments that ask for silence, used or not; `stale` counts entries of the baseline that
    match nothing. `proved` counts the results of Bandit that data flow proved harmless, by Bandit's test id.
    `model` is the JSON of `backend-lint model`, for reports that show the backend as it was understood;
    `contract` is what another revision's run compares itself with.
    `scope` is `all`, or says since when only new findings are active; `command` is the command line as typed.
    Where an earlier state is known, there is a `comparison` with it, `touched` counts the units with a line that is new
    since then, and `new_code` is the score of those: what is new weighs, what was there already does not.
    `parts` are the projects that a report on several of them was put together from.
    """

    version: str
    project: str
    profile: str
    inventory: Inventory
    rules: tuple[RuleInfo, ...]
    findings: tuple[Finding, ...]
    diagnostics: tuple[Diagnostic, ...]
    examined: dict[str, int]
    score: Score
    gate: Gate
    touched: dict[str, int] = msgspec.field(default_factory=dict)
    new_code: Score | None = None
    suppressions: tuple[Suppression, ...] = ()
    stale: int = 0
    proved: dict[str, int] = msgspec.field(default_factory=dict)
    model: bytes = b"null"
    contract: bytes = b""
    disabled: dict[str, str] = msgspec.field(default_factory=dict)
    config_path: str | None = None
    revision: str = ""
    scope: str = "all"
    comparison: Comparison | None = None
    command: str = ""
    timing: tuple[Phase, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def active(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.state is State.ACTIVE)

    @property
    def is_complete(self) -> bool:
        return not any(diagnostic.is_incomplete for diagnostic in self.diagnostics)
