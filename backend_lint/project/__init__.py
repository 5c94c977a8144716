"""All facts linked: what the whole says.

Takes: the facts of every file.
Gives: `link`: a `Project` that resolves names, types and calls across files; and the types of the backend model.
Never: knows a framework (that is what adapters are for), or reads a file.
"""

from backend_lint.project.calls import CallSite, Path
from backend_lint.project.imports import ImportEdge
from backend_lint.project.modules import Class, Function, Module, Scope
from backend_lint.project.project import Project, link
from backend_lint.project.types import Binding, Type

__all__ = [
    "Binding",
    "CallSite",
    "Class",
    "Function",
    "ImportEdge",
    "Module",
    "Path",
    "Project",
    "Scope",
    "Type",
    "link",
]
