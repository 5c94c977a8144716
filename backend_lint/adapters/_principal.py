"""Whether code depends on who asks: what refuses without that is a switch or a filter, and guards nobody's data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from weakref import WeakKeyDictionary

from backend_lint.core.words import words
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Function, Project, Scope

_DEPTH = 3
_WORDS = frozenset(
    {"user", "users", "uid", "account", "accounts", "member", "members", "membership", "role", "roles", "scopes"}
    | {"permission", "permissions", "privilege", "privileges", "perm", "perms", "grant", "grants", "owner", "actor"}
    | {"token", "tokens", "jwt", "bearer", "credential", "credentials", "claims", "identity", "principal", "apikey"}
    | {"auth", "authed", "authenticated", "authorized", "authorised", "authorization", "authenticate", "authorize"}
    | {"login", "logged", "signed", "anonymous", "admin", "admins", "superuser", "staff", "password", "cookie"}
    | {"cookies", "signature", "hmac", "secret", "acl", "caller", "rights", "authentication"}
)
_PHRASES = ("api_key", "session_id", "can_access", "has_access")
_REQUEST_PARTS = frozenset({"headers", "cookies", "session", "authorization", "auth", "META", "COOKIES"})
_ADDRESS = frozenset({"path", "path_info", "full_path", "endpoint", "blueprint", "url_rule", "method"})
_ORDINARY = frozenset(
    {"accept", "accept-encoding", "accept-language", "connection", "content-length", "content-type", "host"}
    | {"user-agent", "origin", "referer", "transfer-encoding", "range", "if-match", "if-none-match", "x-forwarded-for"}
)
_DEPENDENCIES = frozenset({"fastapi.Depends", "fastapi.Security", "fastapi.params.Depends"})
_LIBRARIES = ("fastapi.security.", "flask_login.", "flask_jwt_extended.", "django.contrib.auth.", "jwt.", "jose.")

_KNOWN: WeakKeyDictionary[Project, Principals] = WeakKeyDictionary()


def principals(project: Project) -> Principals:
    found = _KNOWN.get(project)
    if found is None:
        found = _KNOWN[project] = Principals(project)
    return found


class Principals:
    def __init__(self, project: Project) -> None:
        self.project = project
        self._functions: dict[tuple[str, int], bool] = {}
        self._named: dict[str, bool] = {}

    def concern(self, function: Function, depth: int = _DEPTH) -> bool:
        """Whether a function, or what it calls, looks at who asks."""
        key = (function.qualified, depth)
        known = self._functions.get(key)
        if known is None:
            self._functions[key] = False
            known = self._functions[key] = (
                any(self._is_named(each.name) for each in function.parameters)
                or any(
                    self.are_in(part, scope, depth)
                    for each in function.parameters
                    for part, scope in self._declared(function, each.annotation, each.default)
                )
                or any(self._is_one(node, function, depth) for node in _asking(ir.walk(function.body)))
                or any(self.concern(nested, depth) for nested in function.nested.values())
            )
        return known

    def _declared(self, function: Function, *parts: Expr | None) -> Iterator[tuple[Expr, Scope]]:
        """What a parameter is declared with, the alias that its annotation may be included: `Me = Annotated[…]`."""
        for part in parts:
            if part is not None:
                yield part, function
                module, name = self.project.names.split(self.project.qualified(part, function.around) or "")
                if module is None:
                    continue
                for stmt in module.assignments.get(name, ()):
                    if type(stmt.value) is ir.Subscript:
                        yield stmt.value, module

    def are_in(self, expr: Expr, scope: Scope, depth: int = _DEPTH) -> bool:
        """Whether an expression's value comes from who asks, local names followed to what they were given."""
        return self._in(expr, scope, depth, set())

    def _in(self, expr: Expr, scope: Scope, depth: int, seen: set[str]) -> bool:
        for node in _asking(ir.walk_expression(expr)):
            if self._is_one(node, scope, depth):
                return True
            if type(node) is ir.Name and isinstance(scope, Function) and node.id not in seen:
                seen.add(node.id)
                for binding in self.project.types.bindings(scope).get(node.id, ()):
                    if binding.kind != "annotation" and self._in(binding.expr, scope, depth, seen):
                        return True
        return False

    def _is_one(self, node: Expr, scope: Scope, depth: int) -> bool:
        match node:
            case ir.Call(func=ir.Attribute(value=ir.Attribute(name="headers"), name="get"), args=[first, *_]):
                return not _is_ordinary(first.value)
            case ir.Name(id=name):
                return self._is_named(name) or self._is_library(node, scope)
            case ir.Attribute(name=name):
                return self._is_named(name) or self._is_part(node) or self._is_library(node, scope)
            case ir.Subscript(value=ir.Attribute(name="headers"), index=index):
                return not _is_ordinary(index)
            case ir.Const(value=str(text)):
                return len(text) < 40 and " " not in text and self._is_named(text)
            case ir.Call(args=[first, *_]) if self.project.qualified(node.func, scope) in _DEPENDENCIES:
                given = self.project.function(self.project.qualified(first.value, scope) or "")
                return given is not None and depth > 0 and self.concern(given, depth - 1)
            case ir.Call() if depth > 0:
                site = self.project.site(node, scope)
                return site.is_certain and any(self.concern(target, depth - 1) for target in site.targets[:1])
        return False

    def _is_part(self, node: ir.Attribute) -> bool:
        return node.name in _REQUEST_PARTS and node.name != "headers" and "request" in (ir.dotted(node.value) or "")

    def _is_library(self, node: Expr, scope: Scope) -> bool:
        return (self.project.qualified(node, scope) or "").startswith(_LIBRARIES)

    def _is_named(self, name: str) -> bool:
        known = self._named.get(name)
        if known is None:
            split = words(name)
            known = any(word in _WORDS for word in split) or any(phrase in "_".join(split) for phrase in _PHRASES)
            self._named[name] = known
        return known


def _asking(nodes: Iterable[Expr]) -> Iterator[Expr]:
    """Nodes without those that ask where a request goes to: `request.endpoint == "admin.import"` names nobody."""
    skipped: set[int] = set()
    for node in nodes:
        if id(node) in skipped:
            continue
        if _is_about_address(node):
            skipped.update(id(each) for each in ir.walk_expression(node))
        else:
            yield node


def _is_about_address(node: Expr) -> bool:
    match node:
        case ir.Compare(left=left, right=right):
            return _is_address(left) or _is_address(right)
        case ir.Call(func=ir.Attribute(value=owner, name="startswith" | "endswith")):
            return _is_address(owner)
    return False


def _is_address(expr: Expr) -> bool:
    return type(expr) is ir.Attribute and expr.name in _ADDRESS and "request" in (ir.dotted(expr) or "")


def _is_ordinary(expr: Expr) -> bool:
    """A header that says nothing of who asks."""
    return type(expr) is ir.Const and isinstance(expr.value, str) and expr.value.lower() in _ORDINARY
