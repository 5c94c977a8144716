"""Login or change of password that leaves no trace.

## What it does
Finds the routes that verify a password, and those that set a new one, by what they do, and reports each kind of event
once when none of its routes logs anything: not the handler, nor what it calls, nor a receiver of the framework's
signals. Projects that log nowhere are not assessed.

## Why it matters
Guessed passwords and taken accounts are seen in the log of logins, or not at all.

## Example
```python
import logging

from flask import Flask, abort, request, session
from werkzeug.security import check_password_hash

from models import users

app = Flask(__name__)
logger = logging.getLogger(__name__)


@app.post("/orders")
def order():
    logger.info("order")
    return ""


@app.delete("/orders")
def cancel():
    logger.warning("orders cancelled")
    return ""


@app.post("/login")
def login():
    user = users[request.form["name"]]
    if not check_password_hash(user.password, request.form["password"]):
        abort(401)
    session["user"] = user.id
    return ""
```

## Use instead
```python
import logging

from flask import Flask, abort, request, session
from werkzeug.security import check_password_hash

from models import users

app = Flask(__name__)
logger = logging.getLogger(__name__)


@app.post("/orders")
def order():
    logger.info("order")
    return ""


@app.delete("/orders")
def cancel():
    logger.warning("orders cancelled")
    return ""


@app.post("/login")
def login():
    user = users[request.form["name"]]
    if not check_password_hash(user.password, request.form["password"]):
        logger.warning("login of %s refused", user.id)
        abort(401)
    logger.info("login of %s", user.id)
    session["user"] = user.id
    return ""
```

## When not to
Where an identity provider or a proxy in front keeps the log of logins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from backend_lint.api import Confidence, Finding, Function, Project, ProjectRule, Route, Severity, Step, Unit, ir, words
from backend_lint.rules.security._shared import called, is_application, is_login, is_password_check, place_of, run_for

_LOGS = 2
_SETS = re.compile(
    r"^(?:set_password|hash_password|get_password_hash|generate_password_hash|make_password|change_password|update_password|hashpw|reset_password)$"
)
_KEEPERS = frozenset(
    [
        "axes",
        "auditlog",
        "easyaudit",
        "django_auditlog",
        "allauth",
        "flask_security",
        "flask_appbuilder",
        "fastapi_users",
        "sentry_sdk.capture_message",
    ]
)
_SIGNALS = frozenset(
    {"user_logged_in", "user_login_failed", "user_authenticated", "password_changed", "identity_changed"}
)


class SecurityEventNotLogged(ProjectRule):
    code = "SEC402"
    severity = Severity.MEDIUM
    cwe = (778, 223)
    owasp = ("A09:2021", "A09:2025")
    unit = Unit.PROJECT
    confidence = Confidence.MEDIUM

    def check(self, project: Project) -> Iterator[Finding]:
        logging = {
            log.scope.qualified
            for log in project.logs
            if isinstance(log.scope, Function) and log.level not in ("debug", "print")
        }
        if len(logging) < _LOGS or _is_kept(project):
            return
        for event, takes_part, help in _EVENTS:
            routes = [route for route in project.routes if _is_event(route, event, takes_part, project)]
            if routes and not any(logging & {each.qualified for each in run_for(route, project)} for route in routes):
                first, *others = routes
                yield self.finding(
                    place_of(first),
                    f"`{first.label}` is a {event} that leaves no trace in the log, though {len(logging)} other functions log",
                    help=help,
                    related=[Step(place_of(each), f"nor does `{each.label}`") for each in others[:3]],
                    discriminator=event,
                )

    def examined(self, project: Project) -> list[str]:
        found = [
            event
            for event, takes_part, _ in _EVENTS
            if any(_is_event(each, event, takes_part, project) for each in project.routes)
        ]
        return ["project"] if found else []


def _sets_password(node: ir.Node) -> bool:
    return type(node) is ir.Call and _SETS.match(called(node)) is not None


_EVENTS = (
    ("login", is_password_check, "Log who was refused and who came in, with the address, at `warning` and `info`."),
    ("change of password", _sets_password, "Log whose password was changed, and by whom; never the password."),
)


def _is_event(route: Route, event: str, takes_part: Callable[[ir.Node], bool], project: Project) -> bool:
    """Whether a route takes part in an event: it calls what verifies or sets a password, and takes one."""
    if route.is_safe or route.handler is None or not is_application(route, project):
        return False
    if event == "login" and not is_login(route):
        return False
    spoken = set(words(f"{route.path} {route.handler_name}"))
    if event != "login" and not (
        "password" in spoken
        and spoken & {"change", "reset", "set", "update", "new", "recover", "recovery", "forgot", "me", "edit"}
    ):
        return False
    return any(takes_part(node) for each in run_for(route, project) for node in ir.walk(each.body))


def _is_kept(project: Project) -> bool:
    """Whether a library or a receiver of signals keeps the log."""
    for module in project.modules.values():
        for each in module.facts.imports:
            if each.module.partition(".")[0] in _KEEPERS or (each.name or "") in _SIGNALS:
                return True
    for setting in project.settings:
        if setting.name == "INSTALLED_APPS" and setting.value is not None:
            items = setting.value.items if type(setting.value) is ir.Sequence else []
            if any(type(each) is ir.Const and str(each.value).partition(".")[0] in _KEEPERS for each in items):
                return True
    return False
