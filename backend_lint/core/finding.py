"""A departure from a guideline, and all that a person needs to judge and mend it."""

from __future__ import annotations

import enum
import functools

import msgspec

from backend_lint.core.place import Place


@functools.total_ordering
class _Ranked(enum.Enum):
    """Members are ordered from the least to the greatest, in the order in which they are written."""

    @property
    def rank(self) -> int:
        return list(type(self)).index(self)

    def __lt__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.rank < other.rank


class Severity(_Ranked):
    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Confidence(_Ranked):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Safety(str, enum.Enum):
    """What may apply a fix: `--fix`, `--unsafe-fixes`, or only a person."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"


class State(str, enum.Enum):
    ACTIVE = "active"
    SUPPRESSED = "suppressed"
    BASELINED = "baselined"


class Edit(msgspec.Struct, frozen=True, order=True):
    """Replace the text between two offsets of a file. Units: code points from 0, `end` exclusive."""

    path: str
    start: int
    end: int
    text: str


class Fix(msgspec.Struct, frozen=True):
    edits: tuple[Edit, ...]
    safety: Safety
    why: str = ""


class Step(msgspec.Struct, frozen=True):
    """One place on the way: of a data flow, or related to a finding."""

    at: Place
    note: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule says about one place.

    A rule fills the first block; the engine the second, from the rule's metadata; the findings stage the third.
    `trace` is the way from source to sink, in order, both included. `related` are other places worth opening.
    `unit` names what was examined (a route, a model, a function) and found wanting: scores count clean units.
    `discriminator` is what tells two findings with equal text in one scope apart, like a route or a table.
    `secrets` are the places whose text no report may show, wherever a line of source is quoted.
    `scope` is the qualified name of the definition that `at` stands in, from the module's top: `OrderService.create`.
    `also` are the ids under which other tools know the finding, where they said the same at its place: `B608`.
    `sketch` holds one byte, as two hexadecimal digits, for each token of the finding's text: enough to compare.
    """

    at: Place
    message: str
    help: str
    trace: tuple[Step, ...] = ()
    related: tuple[Step, ...] = ()
    secrets: tuple[Place, ...] = ()
    fix: Fix | None = None
    discriminator: str = ""
    unit: str = ""
    confidence: Confidence = Confidence.HIGH

    code: str = ""
    name: str = ""
    guideline: str = ""
    severity: Severity = Severity.MEDIUM
    cwe: tuple[int, ...] = ()
    owasp: tuple[str, ...] = ()
    preview: bool = False

    scope: str = ""
    also: tuple[str, ...] = ()
    fingerprint: str = ""
    sketch: str = ""
    state: State = State.ACTIVE
    reason: str = ""

    @property
    def sort_key(self) -> tuple[Place, str, str, str]:
        """The order of reports: by place, then code, then text. Equal keys are equal findings."""
        return (self.at, self.code, self.message, self.discriminator)
