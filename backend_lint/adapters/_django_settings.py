"""Where a Django project keeps its settings, and which of several settings modules it is served with.

Source: https://docs.djangoproject.com/en/stable/topics/settings/#designating-the-settings
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Module, Project

_VARIABLE = "DJANGO_SETTINGS_MODULE"
_ENTRIES = ("wsgi", "asgi", "manage")  # what is served comes before what a developer runs
_MARKS = frozenset({"ROOT_URLCONF", "INSTALLED_APPS", "WSGI_APPLICATION"})
_PROFILES = {
    "test": re.compile(r"(^|_)(tests?|testutils?|testing|ci)(_|$)"),
    "development": re.compile(r"(^|_)(dev|devel|development|local|debug)(_|$)"),
    "production": re.compile(r"(^|_)(prod|production|live|deploy|deployment)(_|$)"),
}
_PREFERENCE = {"production": 0, "base": 1, "development": 2, "test": 3}

_KNOWN: WeakKeyDictionary[Project, list[Module | Class]] = WeakKeyDictionary()


def settings_owners(project: Project) -> list[Module | Class]:
    """Modules, or classes of django-configurations, that hold settings; the one that is served comes first."""
    found = _KNOWN.get(project)
    if found is None:
        found = _KNOWN[project] = _found(project)
    return found


def settings_modules(project: Project) -> list[Module]:
    """All modules with settings, those that others take them from by a star import included."""
    found: dict[str, Module] = {}
    queue = [each if isinstance(each, Module) else each.module for each in settings_owners(project)]
    for module in queue:
        if module.name not in found:
            found[module.name] = module
            sources = (project.modules.get(project.names.absolute(star, module)) for star in module.stars)
            queue.extend(each for each in sources if each is not None)
    return list(found.values())


def profile(name: str) -> str:
    """What a settings module is for, told from its dotted name: `production`, `development`, `test` or `base`."""
    parts = name.lower().split(".")
    return next((kind for part in reversed(parts) for kind, known in _PROFILES.items() if known.search(part)), "base")


def _found(project: Project) -> list[Module | Class]:
    modules = [each for each in project.modules.values() if each.role in (Role.APP, Role.SCRIPT)]
    named = [project.names.denoted(name) for name in _designated(modules)]
    marked: list[Module | Class] = [each for each in modules if _holds_settings(project, each)]
    marked += [cls for each in modules for cls in each.classes if "ROOT_URLCONF" in cls.attributes]

    def preference(owner: Module | Class) -> tuple[int, int, int, str]:
        name = owner.name if isinstance(owner, Module) else owner.module.name
        known = named.index(name) if name in named else len(named)
        return known, _PREFERENCE[profile(name)], name.count("."), name

    return sorted(marked, key=preference)


def _designated(modules: list[Module]) -> Iterator[str]:
    """The names that entry points give in the environment, what is served first."""
    for entry in _ENTRIES:
        for module in modules:
            if module.name.rpartition(".")[2] == entry:
                scopes: list[Module | Function] = [module, *module.functions]
                for scope in scopes:
                    yield from _designations(scope.body)


def _designations(body: list[ir.Stmt]) -> Iterator[str]:
    for stmt in ir.walk_statements(body):
        match stmt:
            case ir.Evaluate(value=ir.Call(args=[ir.Argument(value=key), ir.Argument(value=value), *_])):
                yield from _text_for(key, value)
            case ir.Assign(targets=[ir.Subscript(index=key)], value=value) if value is not None:
                yield from _text_for(key, value)


def _text_for(key: Expr, value: Expr) -> Iterator[str]:
    if type(key) is ir.Const and key.value == _VARIABLE and type(value) is ir.Const and isinstance(value.value, str):
        yield value.value


def _holds_settings(project: Project, module: Module, around: tuple[str, ...] = ()) -> bool:
    if not _MARKS.isdisjoint(module.assignments):
        return True
    sources = (project.modules.get(project.names.absolute(star, module)) for star in module.stars)
    return any(
        source is not None and source.name not in around and _holds_settings(project, source, (*around, module.name))
        for source in sources
    )
