"""The values of Django's settings, as the project is served with them."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from backend_lint.adapters._django_settings import settings_owners
from backend_lint.adapters._registration import Items, Registration, Unknown, Value, registration, text
from backend_lint.core import Place
from backend_lint.facts.ir import Assign
from backend_lint.project import Class, Module, Project


class Settings:
    """Settings by name. Where several modules have one, the module that the project is served with decides."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.owners = settings_owners(project)
        self._found: Registration = registration(project)
        self._values: dict[str, Value | None] = {}
        self._places: dict[str, Place | None] = {}

    def value(self, name: str) -> Value | None:
        if name not in self._values:
            self._values[name] = self._value(name)
        return self._values[name]

    def _value(self, name: str) -> Value | None:
        for owner in self.owners:
            prefix = owner.name if isinstance(owner, Module) else owner.qualified
            found = self._found.variable(f"{prefix}.{name}")
            if not isinstance(found, Unknown):
                return found
        return None

    def text(self, name: str) -> str | None:
        return text(self.value(name))

    def texts(self, name: str) -> list[str]:
        """The strings in a list."""
        found = self.value(name)
        items = found.items if isinstance(found, Items) else []
        return [each for item in items if (each := text(item)) is not None]

    def place(self, name: str) -> Place | None:
        """Where a setting is assigned."""
        if name not in self._places:
            self._places[name] = self._place(name)
        return self._places[name]

    def _place(self, name: str) -> Place | None:
        for owner in self.owners:
            found = owner.attributes if isinstance(owner, Class) else _assigned(self.project, owner)
            if name in found:
                return owner.place(found[name])
        return None


def _assigned(project: Project, module: Module, around: tuple[str, ...] = ()) -> dict[str, Assign]:
    """The last assignment to each name of a module, those behind its star imports included."""
    found: dict[str, Assign] = {}
    for star in module.stars:
        source = project.modules.get(project.names.absolute(star, module))
        if source is not None and source.name not in around:
            found |= _assigned(project, source, (*around, module.name))
    return found | {name: each[-1] for name, each in module.assignments.items()}


_KNOWN: WeakKeyDictionary[Project, Settings] = WeakKeyDictionary()


def settings(project: Project) -> Settings:
    found = _KNOWN.get(project)
    if found is None:
        found = _KNOWN[project] = Settings(project)
    return found
