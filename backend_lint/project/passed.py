"""What callers pass: the types of parameters that say nothing about themselves."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.types import Parameter
from backend_lint.project.calls import Calls, CallSite
from backend_lint.project.modules import Function
from backend_lint.project.types import Type

Passed = dict[tuple[str, str], Type]

_ROUNDS = 3
_FOLLOWED = ("sqlalchemy.Select",)
"""Statements: whoever reads them follows them to callers itself."""
_NAMED = ("plain", "positional", "keyword")


def learn_from_callers(calls: Calls) -> None:
    """Let parameters without annotation or default have the type that calls pass, where all that is known agrees.

    What a caller passes may be a parameter of its own, so this is done again with what was learned, a few times.
    """
    silent = {function.qualified: names for function in _functions(calls) if (names := tuple(_silent(function, calls)))}
    if not silent:
        return
    wanted = _called_names(calls, silent)
    known: Passed = {}
    for _ in range(_ROUNDS):
        found = _agreed(calls, silent, wanted)
        if found == known:
            return
        known = found
        calls.types.learn_parameters(known)
        calls.forget()


def _functions(calls: Calls) -> Iterator[Function]:
    for module in calls.modules.values():
        if module.role is Role.APP:
            yield from module.functions


def _silent(function: Function, calls: Calls) -> Iterator[str]:
    for parameter in function.parameters:
        if parameter.kind in _NAMED and parameter.annotation is None:
            if calls.types.parameter(parameter, function) is None:
                yield parameter.name


def _called_names(calls: Calls, silent: dict[str, tuple[str, ...]]) -> frozenset[str]:
    """The last names of calls that may lead to one of the functions: its own, of `__init__` those of the classes."""
    names: set[str] = set()
    for qualified in silent:
        owner, _, name = qualified.rpartition(".")
        names.add(name)
        cls = calls.types.classes.get(owner) if name in ("__init__", "__new__") else None
        if cls is not None:
            names.update(each.name for each in (cls, *calls.types.classes.subclasses(cls)))
    return frozenset(names)


def _agreed(calls: Calls, silent: dict[str, tuple[str, ...]], wanted: frozenset[str]) -> Passed:
    seen: dict[tuple[str, str], list[Type | None]] = {}
    for site in _sites(calls, wanted):
        for target in site.targets:
            for name in silent.get(target.qualified, ()):
                value = site.passed(target, name)
                if value is not None and not (type(value) is ir.Const and value.value is None):
                    seen.setdefault((target.qualified, name), []).append(calls.types.of(value, site.scope))
    agreed = ((key, _common(types)) for key, types in seen.items())
    return {key: found for key, found in agreed if found is not None}


def _sites(calls: Calls, wanted: frozenset[str]) -> Iterator[CallSite]:
    for scope in calls.scopes():
        if scope.module.role is Role.APP:
            for call in ir.calls(scope.body):
                func = call.func
                name = func.name if type(func) is ir.Attribute else func.id if type(func) is ir.Name else None
                if name in wanted:
                    site = calls.resolve(call, scope)
                    if site.is_certain and all(_binds(site, target) for target in site.targets[:1]):
                        yield site


def _binds(site: CallSite, target: Function) -> bool:
    """Whether the call passes what the function needs: else a decorator passes the rest, and shifts what is passed."""
    if site.receiver is not None and site.receiver.itself and target.takes_receiver and not target.is_classmethod:
        return False  # `Orders.save(orders, order)`
    if any(each.stars for each in site.call.args):
        return True
    needed = target.parameters[1 if target.takes_receiver else 0 :]
    return all(site.passed(target, each.name) is not None for each in needed if _is_needed(each))


def _is_needed(parameter: Parameter) -> bool:
    return parameter.kind in _NAMED and parameter.default is None


def _common(types: list[Type | None]) -> Type | None:
    """The one type among those known, if half are; plain values say too little of what else may be passed."""
    known = {each for each in types if each is not None}
    if len(known) != 1 or sum(each is not None for each in types) * 2 < len(types):
        return None
    found = known.pop()
    if found.name in _FOLLOWED:
        return None
    inner = found.args[-1] if found.args else found
    return None if inner.name == "?" or inner.name.startswith("builtins.") else found
