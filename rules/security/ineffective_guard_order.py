"""Guard above the decorator that registers the route.

## What it does
Reports decorators that refuse requests (told by what they do, not by their name) where they stand above the decorator
that registers the handler. The registration takes the function below it; what is wrapped around afterwards is never
called.

## Why it matters
The route looks guarded, in the code and in the review, and is open.

## Example
```python
from flask import Flask
from flask_login import login_required

app = Flask(__name__)


@login_required
@app.get("/invoices")
def invoices():
    return "all invoices"
```

## Use instead
```python
from flask import Flask
from flask_login import login_required

app = Flask(__name__)


@app.get("/invoices")
@login_required
def invoices():
    return "all invoices"
```

## References
- https://flask.palletsprojects.com/en/stable/patterns/viewdecorators/
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, GuardKind, Place, Project, ProjectRule, Severity, Step, Unit, ir
from backend_lint.rules.security._shared import identity_guards, is_application

_IDENTITY = (GuardKind.AUTHENTICATION, GuardKind.AUTHORIZATION)


_API_VIEW = "rest_framework.decorators.api_view"
_POLICIES = frozenset(
    {"rest_framework.decorators.permission_classes", "rest_framework.decorators.authentication_classes"}
)


class IneffectiveGuardOrder(ProjectRule):
    code = "SEC104"
    severity = Severity.CRITICAL
    cwe = (696, 306, 862)
    owasp = ("A01:2021", "A01:2025", "API2:2023", "API5:2023")
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[Place] = set()
        for route in project.routes:
            for guard in route.idle:
                if guard.kind in _IDENTITY and guard.at not in seen and is_application(route, project):
                    seen.add(guard.at)
                    left = [each.name for each in identity_guards(route)]
                    rest = f"only `{left[0]}` guards it" if left else "the route is open"
                    yield self.finding(
                        guard.at,
                        f"`{guard.name}` stands above the registration of `{route.label}` and is never called: {rest}",
                        help="Move it below, next to the function.",
                        related=[Step(route.at, f"registers `{route.label}`")],
                        severity=Severity.HIGH if left else Severity.CRITICAL,
                        discriminator=route.label,
                        unit=route.label,
                    )

        yield from self._outside_api_view(project)

    def _outside_api_view(self, project: Project) -> Iterator[Finding]:
        """Policies of DRF that are set on a view that `api_view` has already made."""
        for name, routes in project.handlers.items():
            function = project.function(name)
            applied = [ir.callee(each) for each in function.decorators] if function is not None else []
            symbols = [project.qualified(each, function.around) for each in applied] if function is not None else []
            if function is None or _API_VIEW not in symbols:
                continue
            for node, symbol in zip(applied[: symbols.index(_API_VIEW)], symbols, strict=False):
                if symbol in _POLICIES:
                    yield self.finding(
                        function.place(node),
                        f"`{ir.dotted(node)}` stands above `api_view`, which has read the policies of `{routes[0].label}` by then: "
                        "the default ones apply",
                        help="Move it below `@api_view`, next to the function.",
                        related=[Step(routes[0].at, f"registers `{routes[0].label}`")],
                        discriminator=routes[0].label,
                        unit=routes[0].label,
                    )

    def examined(self, project: Project) -> list[str]:
        return [route.label for route in project.routes if route.idle or route.is_guarded]
