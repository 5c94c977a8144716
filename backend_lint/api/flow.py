"""Rules that report what data flow found: client data at a place where it can do harm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from backend_lint.api.rule import ProjectRule, Unit
from backend_lint.core import Confidence, Finding, Severity
from backend_lint.project import Project
from backend_lint.project.model import Flow


class FlowRule(ProjectRule):
    """`kinds` are the kinds of flow it reports, `harm` what they let a client do, `remedy` what to write instead.

    `apart` are those of the kinds that do another harm, each with its severity and what it lets a client do.
    """

    kinds: ClassVar[tuple[str, ...]]
    harm: ClassVar[str]
    remedy: ClassVar[str]
    apart: ClassVar[Mapping[str, tuple[Severity, str]]] = {}
    unit = Unit.SINK

    def check(self, project: Project) -> Iterable[Finding]:
        for flow in project.flows:
            if flow.kind not in self.kinds:
                continue
            confidence = _confidence(flow)
            if confidence > Confidence.LOW and self.counts(flow, project):
                severity, harm = self.apart.get(flow.kind, (self.severity, self.harm))
                called = flow.symbol.rpartition(".")[2]
                yield self.finding(
                    flow.sink,
                    f"{self.subject(flow, project)} and reaches `{called}`{_standing(flow)}: {harm}",
                    help=flow.fits or self.remedy,
                    trace=flow.trace,
                    confidence=confidence,
                    discriminator=flow.symbol,
                    unit=f"{flow.sink.path}:{flow.sink.line}",
                    severity=severity,
                )

    def counts(self, flow: Flow, project: Project) -> bool:
        """Whether a flow of these kinds does harm, as far as flows alone do not tell."""
        return True

    def subject(self, flow: Flow, project: Project) -> str:
        """What reaches the sink: `` `city` is read from the query string``."""
        return flow.source.note

    def examined(self, project: Project) -> Iterable[str]:
        return [place for kind in self.kinds for place in project.sinks.get(kind, ())]


def _standing(flow: Flow) -> str:
    return f" ({flow.context})" if flow.context else ""


def _confidence(flow: Flow) -> Confidence:
    """Each call of which nothing is known may have cleaned the value, and so may each of many functions.

    Where all of a text counts, an address or a page, such a call rather answers with a text of its own.
    Of the flows of low confidence that were read in other people's code none was right: they are not reported.
    """
    if flow.assumed and flow.kind in _WHOLE:
        return Confidence.LOW
    if flow.assumed > 2 or flow.calls > _MOST_CALLS or (flow.assumed and flow.calls > _MANY_CALLS):
        return Confidence.LOW
    return Confidence.MEDIUM if flow.assumed else Confidence.HIGH


_WHOLE = frozenset({"redirect", "xss"})
_MANY_CALLS, _MOST_CALLS = 3, 7
