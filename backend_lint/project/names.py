"""What a name means: resolution through scopes, imports and re-exports."""

from __future__ import annotations

import builtins

from backend_lint.facts.ir import Attribute, Expr, Name, dotted
from backend_lint.facts.types import Import
from backend_lint.project.external import canonical_external
from backend_lint.project.modules import Class, Function, Module, Scope

_BUILTINS = frozenset(dir(builtins))
_LONGEST = 40


class Names:
    """Name resolution over all modules. Answers are qualified names: `app.models.User`, `fastapi.Depends`.

    A builtin is `builtins.open`. A name that is a local variable or parameter has no qualified name.
    """

    def __init__(self, modules: dict[str, Module]) -> None:
        self.modules = modules
        self._canonical: dict[str, str] = {}
        self._exported: dict[str, frozenset[str]] = {}
        self._longer = _longer_names(modules)

    def qualified(self, expr: Expr | None, scope: Scope) -> str | None:
        """The qualified name that a name or a chain of attributes on one denotes."""
        path = dotted(expr)
        return None if path is None else self.resolve(path, scope)

    def resolve(self, path: str, scope: Scope) -> str | None:
        """The qualified name of a dotted path as written in a scope."""
        head, _, rest = path.partition(".")
        found = self._lookup(head, scope)
        if found is None:
            return None
        return self.canonical(f"{found}.{rest}" if rest else found)

    def _lookup(self, name: str, scope: Scope) -> str | None:
        if isinstance(scope, Class):
            if name in scope.methods or name in scope.attributes or name in scope.inner:
                return f"{scope.qualified}.{name}"
            return self._lookup(name, scope.around)
        if isinstance(scope, Function):
            imported = scope.imports.get(name)
            if imported is not None:
                return self._target(imported, scope.module)
            if name in scope.locals:
                is_definition = name in scope.nested or name in scope.nested_classes
                return f"{scope.qualified}.{name}" if is_definition else None
            return self._lookup(name, scope.parent or scope.module)
        return self._in_module(name, scope)

    def _in_module(self, name: str, module: Module) -> str | None:
        imported = module.imports.get(name)
        if imported is not None and not (name in module.top_functions or name in module.top_classes):
            return self._target(imported, module)
        if name in module.names:
            return f"{module.name}.{name}"
        outside = None
        for star in module.stars:
            source = self._target(star, module)
            if source in self.modules:
                if name in self.exported(source):
                    return f"{source}.{name}"
            else:
                outside = outside or source
        if name in _BUILTINS:
            return f"builtins.{name}"
        return f"{outside}.{name}" if outside is not None else None

    def _target(self, each: Import, module: Module) -> str:
        source = self.absolute(each, module)
        if each.name is None or each.is_star:
            return source
        qualified = f"{source}.{each.name}"
        if qualified in self.modules and source in self.modules:
            return self._rebound(self.modules[source], each.name) or qualified
        return qualified

    def _rebound(self, package: Module, name: str) -> str | None:
        """What a package means by the name of one of its submodules, after `from .media import router as media`."""
        other = package.imports.get(name)
        if other is None or other.name is None or self.absolute(other, package) == package.name:
            return None
        return self._target(other, package)

    def absolute(self, each: Import, module: Module) -> str:
        """The module that an import names, relative ones made absolute."""
        if each.level == 0:
            return self._longer.get(each.module, each.module)
        parts = module.package.split(".") if module.package else []
        base = parts[: len(parts) - (each.level - 1)] if each.level > 1 else parts
        return ".".join([*base, *([each.module] if each.module else [])])

    def denoted(self, text: str) -> str:
        """What a dotted name in a string denotes, as in `include("shop.urls")`."""
        prefix = text
        while prefix and prefix not in self.modules:
            if prefix in self._longer:
                return self.canonical(self._longer[prefix] + text[len(prefix) :])
            prefix = prefix.rpartition(".")[0]
        return self.canonical(text)

    def exported(self, name: str) -> frozenset[str]:
        """The names that `from name import *` binds."""
        known = self._exported.get(name)
        if known is not None:
            return known
        self._exported[name] = frozenset()  # a star import in a cycle adds nothing
        module = self.modules[name]
        if module.facts.exports is not None:
            names = frozenset(module.facts.exports)
        else:
            names = frozenset(each for each in module.names if not each.startswith("_"))
            for star in module.stars:
                source = self._target(star, module)
                if source in self.modules:
                    names |= self.exported(source)
        self._exported[name] = names
        return names

    def canonical(self, qualified: str) -> str:
        """The name under which a thing was defined: re-exports and plain aliases followed to their end."""
        known = self._canonical.get(qualified)
        if known is None:
            if qualified.count(".") > _LONGEST:  # aliases that name each other and more: `x = other.x.y` on both sides
                return qualified
            self._canonical[qualified] = qualified  # a cycle of re-exports ends where it began
            known = self._follow(qualified)
            self._canonical[qualified] = known
        return known

    def _follow(self, qualified: str) -> str:
        module, rest = self.split(qualified)
        if module is None:
            return canonical_external(qualified)
        if not rest:
            package, _, name = qualified.rpartition(".")
            rebound = self._rebound(self.modules[package], name) if package in self.modules else None
            return qualified if rebound is None else self.canonical(rebound)
        head, _, tail = rest.partition(".")
        target: str | None = None
        if head in module.top_functions or head in module.top_classes:
            return qualified
        if head in module.imports:
            target = self._target(module.imports[head], module)
        elif head in module.assignments:
            target = self._alias(module, head)
        elif head not in module.names:
            target = self._in_module(head, module)
            if target is not None and target.startswith("builtins."):
                return qualified
        if target is None or target == f"{module.name}.{head}":
            return qualified
        return self.canonical(f"{target}.{tail}" if tail else target)

    def _alias(self, module: Module, name: str) -> str | None:
        """What `name = other.thing` at module level stands for, when that is all that is ever assigned to it."""
        found = module.assignments[name]
        if len(found) != 1 or not isinstance(found[0].value, (Name, Attribute)) or found[0].annotation is not None:
            return None
        path = dotted(found[0].value)
        if path is None or path == name:
            return None
        head, _, rest = path.partition(".")
        source = self._in_module(head, module)
        if source is None:
            return None
        target = f"{source}.{rest}" if rest else source
        owner, inner = self.split(self.canonical(target))
        if owner is not None and inner and not self._is_definition(owner, inner):
            return None
        return target

    def _is_definition(self, module: Module, rest: str) -> bool:
        head = rest.partition(".")[0]
        return head in module.top_functions or head in module.top_classes or head in module.assignments

    def split(self, qualified: str) -> tuple[Module | None, str]:
        """The module of the project that a qualified name lies in, and the rest; None for a name from outside."""
        path = qualified
        while path:
            module = self.modules.get(path)
            if module is not None:
                return module, qualified[len(path) + 1 :]
            path = path.rpartition(".")[0]
        return None, qualified


def _longer_names(modules: dict[str, Module]) -> dict[str, str]:
    """Names with folders above the root of imports in front: `shop.core.urls` of a project that runs inside `shop`."""
    longer: dict[str, str] = {}
    for name, module in modules.items():
        path = module.path.removesuffix(".py").removesuffix("/__init__").split("/")
        for start in range(len(path) - name.count(".") - 1):
            longer.setdefault(".".join(path[start:]), name)
    return {name: found for name, found in longer.items() if name not in modules}
