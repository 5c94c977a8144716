"""What every rule is, and the project rule."""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec

from backend_lint.core import Confidence, Finding, Fix, Place, Role, RuleInfo, Severity, Step, guideline_of
from backend_lint.project import Project
from backend_lint.project.contract import Comparison, Endpoint


class Unit(str, enum.Enum):
    """The kind of thing a rule examines. Scores count the units in which a rule found nothing."""

    PROJECT = "project"
    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    ROUTE = "route"
    SCHEMA = "schema"
    MODEL = "model"
    QUERY = "query"
    TRANSACTION = "transaction"
    TASK = "task"
    ENQUEUE = "enqueue"
    OUTBOUND = "outbound"
    SETTING = "setting"
    LOG = "log"
    MIGRATION = "migration"
    SINK = "sink"


class NoOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The options of a rule that has none."""


class Rule:
    """What the user sees of a rule stands in its module: the file's name is the rule's, the docstring its page.

    `roles` are the roles of the files it reports on. `options` is the struct of its options; an instance of it, filled
    from the configuration, is `self.options`. `preview` rules run only on request. `former` are codes and names that
    the rule had in earlier versions, by which configurations and comments may know it. `waived_by` are the codes of
    Ruff and Flake8 that are about the same: whoever wrote `# noqa: C901` has decided on it.
    """

    code: ClassVar[str]
    severity: ClassVar[Severity]
    cwe: ClassVar[tuple[int, ...]] = ()
    owasp: ClassVar[tuple[str, ...]] = ()
    roles: ClassVar[frozenset[Role]] = frozenset({Role.APP})
    unit: ClassVar[Unit] = Unit.FUNCTION
    confidence: ClassVar[Confidence] = Confidence.HIGH
    preview: ClassVar[bool] = False
    former: ClassVar[tuple[str, ...]] = ()
    waived_by: ClassVar[tuple[str, ...]] = ()
    scope: ClassVar[str]
    Options: ClassVar[type[Any]] = NoOptions

    def __init__(self, options: Any = None) -> None:
        self.options = self.Options() if options is None else options

    @classmethod
    def name(cls) -> str:
        """`traceback-lost` for a rule in `traceback_lost.py`."""
        return cls.__module__.rpartition(".")[2].replace("_", "-")

    @classmethod
    def info(cls, pack: str = "builtin") -> RuleInfo:
        title, _, doc = (sys.modules[cls.__module__].__doc__ or "").strip().partition("\n")
        return RuleInfo(
            code=cls.code,
            name=cls.name(),
            guideline=guideline_of(cls.code),
            severity=cls.severity,
            title=title.strip().rstrip("."),
            doc=doc.strip(),
            unit=cls.unit.value,
            scope=cls.scope,
            cwe=cls.cwe,
            owasp=cls.owasp,
            preview=cls.preview,
            pack=pack,
            former=cls.former,
            waived_by=cls.waived_by,
        )

    def finding(
        self,
        at: Place,
        message: str,
        *,
        help: str,
        trace: Iterable[Step] = (),
        related: Iterable[Step] = (),
        secrets: Iterable[Place] = (),
        fix: Fix | None = None,
        discriminator: str = "",
        unit: str = "",
        confidence: Confidence | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """A finding of this rule. `message` says in one clause what is wrong here, `help` what to do.

        `unit` is told from the place unless it is given; `severity` only where the harm here is not the rule's usual.
        """
        return Finding(
            at=at,
            message=message,
            help=help,
            trace=tuple(trace),
            related=tuple(related),
            secrets=tuple(secrets),
            fix=fix,
            discriminator=discriminator,
            unit=unit,
            confidence=confidence or self.confidence,
            code=self.code,
            name=self.name(),
            guideline=guideline_of(self.code),
            severity=severity or self.severity,
            cwe=self.cwe,
            owasp=self.owasp,
            preview=self.preview,
        )


class ProjectRule(Rule):
    """A rule that reads the linked project. It lives for one project."""

    scope: ClassVar[str] = "project"

    def check(self, project: Project) -> Iterable[Finding]:
        """What is wrong in the project, in any order."""
        raise NotImplementedError

    def examined(self, project: Project) -> Iterable[str] | None:
        """The units it looked at, by name; None for all of its kind. For rules that look only at some."""
        return None


class ContractRule(ProjectRule):
    """A rule that holds the project's contract against an earlier one. Without one there is nothing to assess."""

    unit: ClassVar[Unit] = Unit.ROUTE

    def check(self, project: Project) -> Iterable[Finding]:
        return () if project.changes is None else self.compared(project.changes, project)

    def compared(self, changes: Comparison, project: Project) -> Iterable[Finding]:
        """What of the earlier contract is kept no more."""
        raise NotImplementedError

    def examined(self, project: Project) -> Iterable[str]:
        return () if project.changes is None else [each.label for each in self.judged(project.changes)]

    def judged(self, changes: Comparison) -> Iterable[Endpoint]:
        """The operations that it looks at: those that are in both contracts."""
        return [new for _, new in changes.kept]
