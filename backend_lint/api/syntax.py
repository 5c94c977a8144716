"""Rules that see one file's LibCST nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import libcst as cst

from backend_lint.api.rule import Rule
from backend_lint.core import Confidence, Finding, Fix, Place, Role, Severity, Step
from backend_lint.source import Source

__all__ = [
    "Confidence",
    "Fix",
    "Place",
    "Role",
    "Severity",
    "Source",
    "Step",
    "SyntaxRule",
    "called_name",
    "has_keyword",
    "is_broad",
]


class SyntaxRule(Rule):
    """A rule with `visit_<Node>` methods, by LibCST's convention, called on the one walk that all rules share.

    It lives for one file. There is no `leave_<Node>`: where a node stands is asked of `self.source`.
    """

    scope: ClassVar[str] = "file"

    def __init__(self, source: Source, options: Any = None) -> None:
        super().__init__(options)
        self.source = source
        self.findings: list[Finding] = []

    def report(
        self,
        at: cst.CSTNode | Place,
        message: str,
        *,
        help: str,
        related: Iterable[Step] = (),
        fix: Fix | None = None,
        confidence: Confidence | None = None,
        severity: Severity | None = None,
        discriminator: str = "",
    ) -> None:
        place = at if isinstance(at, Place) else self.source.place(at)
        self.findings.append(
            self.finding(
                place,
                message,
                help=help,
                related=related,
                fix=fix,
                confidence=confidence,
                severity=severity,
                discriminator=discriminator,
            )
        )


def has_keyword(call: cst.Call, name: str) -> bool:
    """Whether a call passes a keyword argument of this name."""
    return any(arg.keyword is not None and arg.keyword.value == name for arg in call.args)


def called_name(call: cst.Call) -> str:
    """The last name of what is called: `error` of `self.logger.error(…)`; empty where there is none."""
    match call.func:
        case cst.Attribute(attr=cst.Name(value=name)) | cst.Name(value=name):
            return name
        case _:
            return ""


def is_broad(kind: cst.BaseExpression | None) -> bool:
    """Whether an `except` of this kind catches everything: it names nothing, `Exception`, or a tuple with that."""
    match kind:
        case None | cst.Name(value="Exception" | "BaseException"):
            return True
        case cst.Tuple(elements=elements):
            return any(is_broad(each.value) for each in elements)
        case _:
            return False
