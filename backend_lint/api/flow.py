"""Rules that report what data flow found: client data at a place where it can do harm."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from backend_lint.api.rule import ProjectRule, Unit
from backend_lint.core import Confidence, Finding
from backend_lint.project import Project
from backend_lint.project.model import Flow


class FlowRule(ProjectRule):
    """`kinds` are the kinds of flow it reports, `harm` what they let a client do, `remedy` what to write instead."""

    kinds: ClassVar[tuple[str, ...]]
    harm: ClassVar[str]
    remedy: ClassVar[str]
    unit = Unit.SINK

    def check(self, project: Project) -> Iterable[Finding]:
        for flow in project.flows:
            if flow.kind in self.kinds:
                yield self.finding(
                    flow.sink,
                    f"{flow.source.note} and reaches `{flow.symbol.rpartition('.')[2]}`{_standing(flow)}: {self.harm}",
                    help=flow.fits or self.remedy,
                    trace=flow.trace,
                    confidence=_confidence(flow),
                    discriminator=flow.symbol,
                    unit=f"{flow.sink.path}:{flow.sink.line}",
                )

    def examined(self, project: Project) -> Iterable[str]:
        return [place for kind in self.kinds for place in project.sinks.get(kind, ())]


def _standing(flow: Flow) -> str:
    return f" ({flow.context})" if flow.context else ""


def _confidence(flow: Flow) -> Confidence:
    """Each call of which nothing is known may have cleaned the value."""
    if flow.assumed == 0:
        return Confidence.HIGH
    return Confidence.MEDIUM if flow.assumed <= 2 else Confidence.LOW
