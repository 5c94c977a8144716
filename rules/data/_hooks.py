"""What models do by themselves when a row is saved or deleted: overridden methods, receivers of signals."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from backend_lint.api import Function, Model, Project, ir

_RECEIVER = "django.dispatch.receiver"


@dataclass(frozen=True)
class Receiver:
    """A function that a signal of one model calls. `signal` is its name (`post_save`)."""

    signal: str
    function: Function


def receivers(project: Project) -> dict[str, list[Receiver]]:
    """The receivers of the signals of each model, by its qualified name."""
    found: defaultdict[str, list[Receiver]] = defaultdict(list)
    for function in project.functions():
        for decorator in function.decorators:
            if type(decorator) is not ir.Call or project.qualified(decorator.func, function.around) != _RECEIVER:
                continue
            sender = project.qualified(decorator.keywords.get("sender"), function.around)
            for signal in _signals(decorator.argument(0, "signal")):
                found[sender or ""].append(Receiver(signal, function))
    for scope in project.scopes():
        for site in project.sites(scope):
            func = site.call.func
            if site.method != "connect" or type(func) is not ir.Attribute or "sender" not in site.call.keywords:
                continue
            target = project.function(project.qualified(site.call.argument(0, "receiver"), scope) or "")
            sender = project.qualified(site.call.keywords["sender"], scope)
            if target is not None:
                found[sender or ""] += [Receiver(signal, target) for signal in _signals(func.value)]
    return found


def _signals(expr: ir.Expr | None) -> list[str]:
    names = expr.items if type(expr) is ir.Sequence else [expr]
    return [(ir.dotted(each) or "").rpartition(".")[2] for each in names]


def override(project: Project, model: Model, method: str) -> Function | None:
    """The project's own `save` or `delete` of a model."""
    return project.classes.method(model.qualified, method)
