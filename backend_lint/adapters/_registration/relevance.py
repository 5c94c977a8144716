"""Which functions are worth following: those that make or register something, and their callers."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.adapters._registration.kinds import BROUGHT, INERT, KINDS
from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.project import Class, Function, Project


def relevant_functions(project: Project) -> set[str]:
    """Functions that make a framework's object, decorate with one or register on one, and those that call them."""
    queue = [
        function
        for function in project.functions(Role.APP, Role.SCRIPT)
        if any(_is_making(project, site.symbol) or _is_brought(site.call) for site in project.sites(function))
        or _registers(project, function)
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


def keeping_functions(project: Project) -> set[str]:
    """Functions that keep what they are handed in a list or dict around them, as registries do, and their makers."""
    found: set[str] = set()
    for function in project.functions(Role.APP):
        if any(_keeps(function, stmt) for stmt in function.statements):
            found.add(function.qualified)
            if function.parent is not None:
                found.add(function.parent.qualified)
    return found


def _keeps(function: Function, stmt: ir.Stmt) -> bool:
    """`registry[name] = view` or `views.append(view)`, of a name that is not the function's own."""
    match stmt:
        case ir.Assign(targets=[ir.Subscript(value=ir.Name(id=owner))], value=ir.Name(id=kept)):
            pass
        case ir.Evaluate(
            value=ir.Call(func=ir.Attribute(value=ir.Name(id=owner), name="append"), args=[ir.Argument(value=argument)])
        ):
            names = [each.id for each in ir.walk_expression(argument) if type(each) is ir.Name]
            kept = next((name for name in names if any(each.name == name for each in function.parameters)), "")
        case _:
            return False
    return owner not in function.locals and any(each.name == kept for each in function.parameters)


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


def _is_brought(call: ir.Call) -> bool:
    return type(call.func) is ir.Attribute and call.func.name in BROUGHT


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
