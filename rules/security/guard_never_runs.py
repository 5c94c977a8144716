"""Guard in the source that the framework never runs.

## What it does
Knows the cases in which a check stands in the code and is silently skipped: a Django access mixin after the view it
should protect; a guard for one method of a class (`method_decorator(..., name="get")`) that leaves writing methods open;
an overridden `dispatch` that never calls the mixin's; a misspelt `permission_class`; DRF's `@permission_classes` on a
class or a method; object permissions in an `APIView` that never checks an object; FastAPI scopes that nothing reads.

## Why it matters
Nothing fails and the review sees a guard. Each case was checked against the running framework.

## Example
```python
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse
from django.views.generic import View


class Invoices(View, LoginRequiredMixin):
    def get(self, request):
        return HttpResponse("all invoices")
```

## Use instead
```python
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse
from django.views.generic import View


class Invoices(LoginRequiredMixin, View):
    def get(self, request):
        return HttpResponse("all invoices")
```

## References
- https://docs.djangoproject.com/en/stable/topics/auth/default/#the-loginrequiredmixin-mixin
- https://www.django-rest-framework.org/api-guide/permissions/#object-level-permissions
- https://fastapi.tiangolo.com/advanced/security/oauth2-scopes/
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Class, Finding, Function, Place, Project, ProjectRule, Role, Route, Severity, Unit, ir

_VIEWS = ("django.views.generic.View", "rest_framework.views.APIView")
_API_VIEW = "rest_framework.views.APIView"
_GENERIC = ("rest_framework.generics.GenericAPIView", "rest_framework.viewsets.GenericViewSet")
_MIXINS = frozenset(
    {
        "django.contrib.auth.mixins.LoginRequiredMixin",
        "django.contrib.auth.mixins.PermissionRequiredMixin",
        "django.contrib.auth.mixins.UserPassesTestMixin",
        "django.contrib.auth.mixins.AccessMixin",
    }
)
_GUARDS = frozenset(
    {
        "django.contrib.auth.decorators.login_required",
        "django.contrib.auth.decorators.permission_required",
        "django.contrib.auth.decorators.user_passes_test",
        "django.contrib.admin.views.decorators.staff_member_required",
    }
)
_MISSPELT = {
    "permission_class": "permission_classes",
    "permissions_classes": "permission_classes",
    "permissions_class": "permission_classes",
    "permission_clases": "permission_classes",
    "permision_classes": "permission_classes",
    "authentication_class": "authentication_classes",
    "authentications_classes": "authentication_classes",
    "throttle_class": "throttle_classes",
}
_DRF_DECORATORS = frozenset(
    {"rest_framework.decorators.permission_classes", "rest_framework.decorators.authentication_classes"}
)
_WRITING = ("post", "put", "patch", "delete")
_CHECKING = frozenset({"check_object_permissions", "get_object", "check_permissions", "has_object_permission"})


class GuardNeverRuns(ProjectRule):
    code = "SEC105"
    severity = Severity.CRITICAL
    cwe = (863, 306, 862)
    owasp = ("A01:2021", "A01:2025", "API1:2023", "API5:2023")
    unit = Unit.CLASS

    def check(self, project: Project) -> Iterator[Finding]:
        for module in project.modules.values():
            for cls in module.classes if module.role is Role.APP else ():
                if project.classes.is_subclass(cls, *_VIEWS):
                    yield from self._mixin_after_view(cls, project)
                    yield from self._dispatch_of_its_own(cls, project)
                    yield from self._one_method_guarded(cls, project)
                    yield from self._policies(cls, project)
        seen: set[Place] = set()
        for route in project.routes:
            for finding in (*self._unread_scopes(route, project), *self._unchecked_object(route, project)):
                if finding.at not in seen:
                    seen.add(finding.at)
                    yield finding

    def examined(self, project: Project) -> list[str]:
        views = [
            cls.qualified
            for module in project.modules.values()
            for cls in module.classes
            if project.classes.is_subclass(cls, *_VIEWS)
        ]
        return [*views, *(route.label for route in project.routes if route.guards and route.view is None)]

    def _mixin_after_view(self, cls: Class, project: Project) -> Iterator[Finding]:
        names = [_base(expr, cls, project) for expr in cls.facts.bases]
        views = [index for index, name in enumerate(names) if name and _dispatches(name, project)]
        for index, name in enumerate(names):
            if name and views and index > views[0] and _is_guard(name, project):
                yield self.finding(
                    cls.place(cls.facts.bases[index]),
                    f"`{ir.dotted(cls.facts.bases[index])}` stands after the view among the bases of `{cls.name}`, so its check is never reached",
                    help="Put it first: the first `dispatch` in the order of bases is the one that runs.",
                )

    def _dispatch_of_its_own(self, cls: Class, project: Project) -> Iterator[Finding]:
        dispatch = cls.methods.get("dispatch")
        guards = [
            name
            for name in (_base(expr, cls, project) for expr in cls.facts.bases)
            if name and _is_guard(name, project)
        ]
        if dispatch is None or not guards or _calls_super(dispatch, "dispatch"):
            return
        if not any(
            type(node) is ir.Attribute and node.name in ("handle_no_permission", "is_authenticated")
            for node in ir.walk(dispatch.body)
        ):
            yield self.finding(
                dispatch.at,
                f"`{cls.name}.dispatch` never calls that of `{guards[0].rpartition('.')[2]}`, which holds the check",
                help="Return `super().dispatch(...)` at its end.",
            )

    def _one_method_guarded(self, cls: Class, project: Project) -> Iterator[Finding]:
        if any(isinstance(each, str) and each in _MIXINS for each in project.classes.mro(cls)):
            return
        guarded: dict[str, ir.Expr] = {}
        for expr in cls.facts.decorators:
            name = _guarded_method(expr, cls, project)
            if name is not None:
                guarded[name] = expr
        for method in cls.methods.values():
            for expr in method.decorators:
                if _guarded_method(expr, cls, project) is not None:
                    guarded.setdefault(method.name, expr)
        if not guarded or guarded.keys() & {"dispatch", "setup", "__all__"}:
            return
        open_ones = [
            each for each in _WRITING if each in cls.methods and each not in guarded and not _denies(cls.methods[each])
        ]
        if open_ones:
            yield self.finding(
                cls.methods[open_ones[0]].at,
                f"`{cls.name}.{open_ones[0]}` is open: `method_decorator` guards `{', '.join(sorted(guarded))}` only",
                help='Guard all of them: `@method_decorator(..., name="dispatch")` on the class, or the mixin first among its bases.',
            )

    def _policies(self, cls: Class, project: Project) -> Iterator[Finding]:
        if not project.classes.is_subclass(cls, _API_VIEW):
            return
        for name, assigned in cls.attributes.items():
            if name in _MISSPELT and name not in _read_by(cls, project):
                yield self.finding(
                    cls.place(assigned),
                    f"`{name}` of `{cls.name}` is read by nothing: the default policy applies",
                    help=f"Call it `{_MISSPELT[name]}`.",
                )
        for expr, owner in [(each, cls) for each in cls.facts.decorators] + [
            (each, cls) for method in cls.methods.values() for each in method.decorators
        ]:
            func = ir.callee(expr)
            symbol = project.qualified(func, owner.module)
            if symbol in _DRF_DECORATORS:
                yield self.finding(
                    cls.place(expr),
                    f"`{ir.dotted(func)}` does nothing in a class: DRF reads it from functions under `@api_view` only",
                    help="Set the attribute on the class, pass `permission_classes=` to `@action`, or override `get_permissions`.",
                )

    def _unchecked_object(self, route: Route, project: Project) -> Iterator[Finding]:
        """Object permissions of a plain `APIView`, which calls them only where it is told to."""
        view, handler = route.view, route.handler
        if view is None or handler is None or handler.cls is not view or "{" not in route.path:
            return
        if not project.classes.is_subclass(view, _API_VIEW) or project.classes.is_subclass(view, *_GENERIC):
            return
        assigned = view.attributes.get("permission_classes")
        items = assigned.value.items if assigned is not None and type(assigned.value) is ir.Sequence else []
        for item in items:
            policy = project.cls(project.qualified(item, view.module) or "")
            if policy is None or "has_object_permission" not in policy.methods or "has_permission" in policy.methods:
                continue
            code = [handler, *(target for site in project.sites(handler) for target in site.targets)]
            if not any(
                type(node) is ir.Attribute and node.name in _CHECKING for each in code for node in ir.walk(each.body)
            ):
                yield self.finding(
                    view.place(item),
                    f"`{policy.name}` decides about objects, and `{view.name}.{handler.name}` never has one checked",
                    help="Call `self.check_object_permissions(request, obj)` after the look-up, or use a generic view's `get_object()`.",
                )

    def _unread_scopes(self, route: Route, project: Project) -> Iterator[Finding]:
        """Scopes asked for by `Security(...)` where no dependency takes `SecurityScopes`."""
        for guard in route.guards:
            if (
                guard.arguments
                and guard.function is not None
                and guard.level != "handler"
                and route.framework == "fastapi"
                and _asks_scopes(guard.at, project)
            ):
                if not any(_takes_scopes(each, project) for each in route.dependencies):
                    yield self.finding(
                        guard.at,
                        f"the scopes {', '.join(f'`{each}`' for each in guard.arguments)} are asked for and compared with nothing",
                        help="Take `SecurityScopes` in the dependency and refuse tokens without them.",
                        severity=Severity.HIGH,
                    )


def _base(expr: ir.Expr, cls: Class, project: Project) -> str | None:
    return project.qualified(expr, cls.module)


def _dispatches(name: str, project: Project) -> bool:
    """Whether a base is a view itself, so that its `dispatch` comes first."""
    return project.classes.is_subclass(name, *_VIEWS) and not _is_guard(name, project)


def _is_guard(name: str, project: Project) -> bool:
    return project.classes.is_subclass(name, *_MIXINS)


def _calls_super(method: Function, name: str) -> bool:
    return any(
        type(node) is ir.Attribute
        and node.name == name
        and (type(node.value) is ir.Call or (ir.dotted(node) or "").count("."))
        for node in ir.walk(method.body)
    )


def _guarded_method(expr: ir.Expr, cls: Class, project: Project) -> str | None:
    """The method that `method_decorator(guard, name="get")` guards; the one below it where it names none."""
    if (
        type(expr) is not ir.Call
        or project.qualified(expr.func, cls.module) != "django.utils.decorators.method_decorator"
    ):
        return None
    given = expr.argument(0, "decorator")
    items = given.items if type(given) is ir.Sequence else [given]
    for item in items:
        func = ir.callee(item)
        if func is not None and project.qualified(func, cls.module) in _GUARDS:
            name = expr.keywords.get("name")
            return name.value if type(name) is ir.Const and isinstance(name.value, str) else "__own__"
    return None


def _denies(method: Function) -> bool:
    return any(
        type(node) is ir.Attribute and node.name in ("is_authenticated", "has_perm", "is_staff", "is_superuser")
        for node in ir.walk(method.body)
    )


def _read_by(cls: Class, project: Project) -> frozenset[str]:
    """The attributes that the class or its bases in the project read of themselves."""
    return frozenset(
        node.name
        for each in project.classes.mro(cls)
        if isinstance(each, Class)
        for method in each.methods.values()
        for node in ir.walk(method.body)
        if type(node) is ir.Attribute
    )


def _asks_scopes(at: Place, project: Project) -> bool:
    """Whether the guard is written as `Security(..., scopes=[…])`."""
    module = project.by_path.get(at.path)
    if module is None:
        return False
    offset = module.facts.line_starts[at.line - 1] + at.column - 1
    function = next((each for each in module.functions if each.facts.at <= offset < each.facts.end), None)
    exprs = (
        [each.default for each in function.parameters] + [each.annotation for each in function.parameters]
        if function
        else []
    )
    return any(
        type(node) is ir.Call and "scopes" in node.keywords
        for expr in (*exprs, *(function.decorators if function else ()))
        if expr is not None
        for node in ir.walk_expression(expr)
    )


def _takes_scopes(function: Function, project: Project) -> bool:
    return any(
        each.annotation is not None
        and (kind := project.types.annotation(each.annotation, function)) is not None
        and kind.name == "fastapi.security.SecurityScopes"
        for each in function.parameters
    )
