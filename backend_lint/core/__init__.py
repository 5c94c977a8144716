"""The words that every stage uses.

Takes: nothing of ours.
Gives: `Place`, `Severity`, `Confidence`, `Finding`, `Fix`, `Comment`, `Suppression`, `Diagnostic`, `Role`, `Report`,
the guidelines, the errors, the `words` of a name, names `listed` in a sentence or with their article (`a`).
Never: reads a file, the environment or the clock.
"""

from backend_lint.core.comment import Comment
from backend_lint.core.diagnostic import Diagnostic, DiagnosticKind
from backend_lint.core.errors import BackendLintError, ConfigError, PackError
from backend_lint.core.finding import Confidence, Edit, Finding, Fix, Safety, Severity, State, Step
from backend_lint.core.guideline import GUIDELINES, SECTIONS, Guideline, guideline_of
from backend_lint.core.place import Place
from backend_lint.core.recursion import deep_recursion
from backend_lint.core.report import (
    Comparison,
    Debt,
    Gate,
    GuidelineScore,
    Inventory,
    Part,
    Phase,
    Report,
    RuleInfo,
    Score,
)
from backend_lint.core.role import Role
from backend_lint.core.suppression import Suppression
from backend_lint.core.words import a, listed, words

__all__ = [
    "GUIDELINES",
    "SECTIONS",
    "BackendLintError",
    "Comment",
    "Comparison",
    "Confidence",
    "ConfigError",
    "Debt",
    "Diagnostic",
    "DiagnosticKind",
    "Edit",
    "Finding",
    "Fix",
    "Gate",
    "Guideline",
    "GuidelineScore",
    "Inventory",
    "PackError",
    "Part",
    "Phase",
    "Place",
    "Report",
    "Role",
    "RuleInfo",
    "Safety",
    "Score",
    "Severity",
    "State",
    "Step",
    "Suppression",
    "a",
    "deep_recursion",
    "guideline_of",
    "listed",
    "words",
]
