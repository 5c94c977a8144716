"""Debug mode is on where the application serves.

## What it does
Reports `DEBUG = True` in settings that production uses, an environment variable whose absence means debug, `debug=True`
given to the application itself, and a development server started with `debug=True` where an import starts it, too.

## Why it matters
In debug mode an error shows its traceback, local variables and settings to whoever caused it; Werkzeug's debugger even
runs code that is typed into the page. What is on by default is on wherever somebody forgets to switch it off.

## Example
```python
import os

ROOT_URLCONF = "shop.urls"
DEBUG = os.environ.get("DEBUG", "1") == "1"
```

## Use instead
```python
import os

ROOT_URLCONF = "shop.urls"
DEBUG = os.environ.get("DEBUG", "0") == "1"
```

## When not to
Settings of development and of tests, and what runs under `if __name__ == "__main__"` only, are left out.

## References
- https://docs.djangoproject.com/en/stable/howto/deployment/checklist/#debug
- https://flask.palletsprojects.com/en/stable/debugging/
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Function, Project, ProjectRule, Scope, Setting, Severity, Unit, ir, words
from backend_lint.rules.security._shared import production_settings

_APPS = frozenset({"fastapi.FastAPI", "starlette.applications.Starlette", "litestar.Litestar", "sanic.Sanic"})
_RUNS = ("flask.Flask.run", "flask_socketio.SocketIO.run")
_TRUE = frozenset({True, "1", "true", "True", "TRUE", "yes", "on", "y", "t"})
_REHEARSAL = frozenset(
    {"dev", "develop", "development", "local", "test", "tests", "testing", "debug", "demo", "example", "examples"}
)


class DebugEnabled(ProjectRule):
    code = "SEC216"
    severity = Severity.HIGH
    cwe = (489, 215)
    owasp = ("A05:2021", "A02:2025")
    unit = Unit.PROJECT

    def check(self, project: Project) -> Iterator[Finding]:
        overridden = {setting.name for setting in project.settings if setting.profile == "production"}
        for settings in production_settings(project, "DEBUG"):
            setting = settings["DEBUG"]
            if setting.profile == "base" and "DEBUG" in overridden:
                continue
            how = _is_on(setting, project)
            if how is not None and not _is_rehearsal(setting) and not _is_conditional(setting):
                yield self.finding(
                    setting.at,
                    f"`DEBUG` {how}: errors show tracebacks, variables and settings to whoever causes them",
                    help="Let it be off unless the environment of development switches it on.",
                    severity=Severity.HIGH if setting.variable is None else Severity.MEDIUM,
                )
        for scope in project.scopes():
            for site in project.sites(scope):
                given = site.call.keywords.get("debug")
                if given is None or not (site.symbol in _APPS or site.symbol in _RUNS):
                    continue
                is_on = project.constant(given, scope) is True and not _is_local(site.call, scope, project)
                if is_on and not _only_as_script(site.call, scope) and not _is_under_condition(site.call, scope):
                    yield self.finding(
                        site.at,
                        f"`{site.name}` has `debug=True`: errors show their tracebacks to whoever causes them",
                        help="Take it from a setting that is off by default.",
                    )


def _is_conditional(setting: Setting) -> bool:
    """Whether the setting is assigned in a branch, where something else decides."""
    return setting.value is not None and _is_under_condition(setting.value, setting.scope)


def _is_under_condition(node: ir.Node, scope: Scope) -> bool:
    return any(
        stmt.at <= node.at and node.end <= stmt.end for stmt in ir.walk_statements(scope.body) if type(stmt) is ir.If
    )


def _is_local(call: ir.Call, scope: Scope, project: Project) -> bool:
    """Whether a server is bound to this machine alone."""
    host = project.constant(call.argument(0, "host"), scope)
    return isinstance(host, str) and (host.startswith("127.") or host in ("localhost", "::1"))


def _is_on(setting: Setting, project: Project) -> str | None:
    value = project.constant(setting.value, setting.scope)
    if value is True and setting.variable is None:
        return "is on"
    if setting.variable is None or not setting.has_default:
        return None
    default = project.constant(setting.default, setting.scope)
    if isinstance(default, str | bool | int) and default in _TRUE and not _is_negated(setting.value):
        return f"is on where `{setting.variable}` is not set"
    return None


def _is_negated(value: ir.Expr | None) -> bool:
    """Whether the setting is the opposite of what is read: `not env("PRODUCTION")`, `env("X", "1") == "0"`."""
    for node in ir.walk_expression(value) if value is not None else ():
        if type(node) is ir.Unary and node.op == "not":
            return True
        if type(node) is ir.Compare and (node.op in ("!=", "not in") or _falsy(node.right) or _falsy(node.left)):
            return True
        if type(node) is ir.Conditional:
            return True
    return False


def _falsy(expr: ir.Expr) -> bool:
    return type(expr) is ir.Const and expr.value in (False, 0, "0", "false", "False", "no", "off", "")


def _is_rehearsal(setting: Setting) -> bool:
    """Whether file or class speak of development."""
    owner = getattr(setting.scope, "name", "")
    path = setting.scope.module.path.removesuffix(".py").rsplit("/", 2)
    return bool(_REHEARSAL & {word for each in (*path[-2:], owner.rpartition(".")[2]) for word in words(each)})


def _only_as_script(call: ir.Call, scope: Scope) -> bool:
    """Whether a call runs only when its file is started, or within a function that does nothing else."""
    if isinstance(scope, Function):
        return scope.name in ("main", "run", "run_server", "cli", "serve", "runserver", "start", "dev", "develop")
    for stmt in ir.walk_statements(scope.body):
        if type(stmt) is ir.If and any(
            type(node) is ir.Name and node.id == "__name__" for node in ir.walk_expression(stmt.test)
        ):
            if stmt.at <= call.at and call.end <= stmt.end:
                return True
    return False
