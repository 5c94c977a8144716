"""Which functions are worth following: those that make or register something, and their callers."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.adapters._registration.kinds import INERT, KINDS
from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.project import Class, Function, Project


def relevant_functions(project: Project) -> set[str]:
    """Functions that make a framework's object, decorate with one or register on one, and those that call them."""
    queue = [
        function
        for function in project.functions(Role.APP, Role.SCRIPT)
        if any(_is_making(project, site.symbol) for site in project.sites(function)) or _registers(project, function)
    ]
    queue += _class_factories(project)
    relevant = {function.qualified for function in queue}
    for function in queue:
        around = [site.scope for site in project.callers(function)]
        for scope in (*around, *([function.parent] if function.parent is not None else [])):
            if isinstance(scope, Function) and scope.qualified not in relevant:
                relevant.add(scope.qualified)
                queue.append(scope)
    return relevant


def _class_factories(project: Project) -> Iterator[Function]:
    """Functions that define a class that inherits from a framework's, to give it to their callers."""
    for module in project.modules.values():
        if module.role in (Role.APP, Role.SCRIPT):
            for cls in module.classes:
                if cls.facts.function is not None and _is_kind(project, cls):
                    yield module.functions[cls.facts.function]


def _is_making(project: Project, symbol: str | None) -> bool:
    if symbol is None:
        return False
    if symbol in KINDS:
        return True
    owner, _, method = symbol.rpartition(".")
    if owner in KINDS and method[:1] != "_" and method not in INERT:
        return True
    cls = project.cls(symbol)
    return cls is not None and _is_kind(project, cls)


def _is_kind(project: Project, cls: Class) -> bool:
    return any(isinstance(each, str) and each in KINDS for each in project.classes.mro(cls))


def _registers(project: Project, function: Function) -> bool:
    """Whether a function defines functions decorated with a method of one of its own names, like a parameter `app`."""
    return any(
        type(decorator) is ir.Call
        and type(decorator.func) is ir.Attribute
        and (ir.dotted(decorator.func.value) or "").partition(".")[0] in function.locals
        for nested in function.nested.values()
        for decorator in nested.decorators
    )
