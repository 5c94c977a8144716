"""Settings: of Django, Flask and Pydantic, and whatever else is read from the environment.

Source: https://docs.djangoproject.com/en/stable/topics/settings/, https://flask.palletsprojects.com/en/stable/config/,
https://docs.pydantic.dev/latest/concepts/pydantic_settings/, https://12factor.net/config
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from backend_lint.adapters._django_settings import profile, settings_modules
from backend_lint.adapters._environment import Environment, Reading
from backend_lint.adapters._flask_config import config_classes, config_entries, config_modules
from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Assign, Expr
from backend_lint.project import Class, Module, Project, Scope
from backend_lint.project.model import Setting

_PYDANTIC = "pydantic_settings.BaseSettings"
_CONFIGURATION = "configurations.Configuration"
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_ALIASES = ("validation_alias", "alias", "env")


def read(project: Project) -> None:
    reader = _Reader(project)
    for module in project.modules.values():
        if module.role in (Role.APP, Role.SCRIPT):
            project.settings.extend(reader.module(module))


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.environment = Environment(project)
        self.django = {each.name for each in settings_modules(project)}
        self.flask = {each.name for each in config_modules(project)}
        self.flask_classes = {each.qualified for each in config_classes(project)}

    def module(self, module: Module) -> Iterator[Setting]:
        """The settings of a module, then what else it reads from the environment."""
        told: set[int] = set()
        for setting in self._declared(module):
            reading = self.environment.reading(setting.value, setting.scope)
            if reading is not None and setting.kind != "pydantic":
                told.add(id(reading.expr))
                setting = replace(  # noqa: PLW2901
                    setting, variable=reading.variable, default=reading.default, has_default=reading.has_default
                )
            yield setting
        scopes: list[Scope] = [module, *module.classes, *module.functions]
        for scope in scopes:
            for node in ir.walk(scope.body):
                found = self.environment.read(node, scope)
                if found is not None and id(node) not in told:
                    told.add(id(node))
                    yield self._of_environment(found, scope)

    def _of_environment(self, found: Reading, scope: Scope) -> Setting:
        return Setting(
            name=found.variable,
            kind="environment",
            at=scope.module.place(found.expr),
            scope=scope,
            value=found.expr,
            default=found.default,
            variable=found.variable,
            profile=profile(scope.module.name),
            has_default=found.has_default,
        )

    def _declared(self, module: Module) -> Iterator[Setting]:
        if module.name in self.django or module.name in self.flask:
            own = "django" if module.name in self.django else "flask"
            for name, assigned in module.assignments.items():
                for stmt in assigned if _NAME.fullmatch(name) else ():
                    yield self._assigned(name, own, module, stmt)
        for cls in module.classes:
            kind = self._kind(cls)
            for name, each in cls.attributes.items() if kind is not None else ():
                if kind == "pydantic":
                    yield from self._field(name, cls, each)
                elif kind is not None and _NAME.fullmatch(name):
                    yield self._assigned(name, kind, cls, each)
        scopes: list[Scope] = [module, *module.functions]
        for scope in scopes:
            for name, value, node in config_entries(self.project, scope):
                place = module.place(node)
                yield Setting(name, "flask", place, scope, value, value, profile=profile(module.name), has_default=True)

    def _kind(self, cls: Class) -> str | None:
        if self.project.classes.is_subclass(cls, _PYDANTIC):
            return "pydantic"
        if "ROOT_URLCONF" in cls.attributes or self.project.classes.is_subclass(cls, _CONFIGURATION):
            return "django"
        return "flask" if cls.qualified in self.flask_classes else None

    def _assigned(self, name: str, kind: str, scope: Module | Class, stmt: Assign) -> Setting:
        owner = scope.name if isinstance(scope, Module) else f"{scope.module.name}.{_words(scope.name)}"
        has_default = stmt.value is not None
        place = scope.module.place(stmt)
        return Setting(name, kind, place, scope, stmt.value, stmt.value, None, profile(owner), has_default)

    def _field(self, name: str, cls: Class, stmt: Assign) -> Iterator[Setting]:
        """A field of a Pydantic settings class, which the environment fills under its own name or an alias."""
        if name.startswith("_") or name in ("model_config", "Config"):
            return
        call = stmt.value if type(stmt.value) is ir.Call else None
        is_field = call is not None and self.project.qualified(call.func, cls.module) == "pydantic.Field"
        default, variable = stmt.value, None
        if call is not None and is_field:
            default = call.argument(0, "default") or call.argument(None, "default_factory")
            variable = next((text for each in _ALIASES if (text := _text(call.keywords.get(each))) is not None), None)
        if type(default) is ir.Name and default.id == "Ellipsis":  # `...`, which makes a field required
            default = None
        prefix = self._prefix(cls)
        variable = variable or (None if prefix is None else f"{prefix}{name}".upper())
        place, owner = cls.place(stmt), profile(f"{cls.module.name}.{_words(cls.name)}")
        yield Setting(name, "pydantic", place, cls, stmt.value, default, variable, owner, default is not None)

    def _prefix(self, cls: Class) -> str | None:
        """`env_prefix` of the class or its bases, in either spelling; None where a function of the project says it."""
        for each in self.project.classes.mro(cls):
            if isinstance(each, str):
                continue
            options = each.attributes.get("model_config")
            if options is not None and type(options.value) is ir.Call:
                if self.project.site(options.value, each).targets:
                    return None
            given = None if options is None else _option(options.value, "env_prefix")
            if given is None and "Config" in each.inner:
                assigned = each.inner["Config"].attributes.get("env_prefix")
                given = None if assigned is None else assigned.value
            text = _text(given)
            if text is not None:
                return text
        return ""


def _option(value: Expr | None, name: str) -> Expr | None:
    match value:
        case ir.Call():
            return value.keywords.get(name)
        case ir.Dict():
            return value.under(name)
        case _:
            return None


def _text(expr: Expr | None) -> str | None:
    return expr.value if type(expr) is ir.Const and isinstance(expr.value, str) else None


def _words(name: str) -> str:
    """`ProductionConfig` as `Production_Config`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
