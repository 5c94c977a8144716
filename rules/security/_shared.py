"""What the rules on security have in common."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator

from backend_lint.api import Function, Guard, GuardKind, Place, Project, Role, Route, Scope, Setting, ir, words

REHEARSAL = frozenset(
    [
        "dev",
        "develop",
        "development",
        "debug",
        "test",
        "tests",
        "testing",
        "local",
        "ci",
        "demo",
        "example",
        "sample",
        "mock",
        "fake",
    ]
)
"""The words of names of what is tried out and never serves anybody."""
_IDENTITY = (GuardKind.AUTHENTICATION, GuardKind.AUTHORIZATION)


def place_of(route: Route) -> Place:
    """Where a reader mends a route: its registration beside the handler, else the handler or view itself."""
    code = route.handler or route.view
    return route.at if code is None or code.module.path == route.at.path else code.at


def identity_guards(route: Route) -> list[Guard]:
    """The guards that ask who calls, or what they may do."""
    return [guard for guard in route.guards if guard.kind in _IDENTITY]


def is_application(route: Route, project: Project) -> bool:
    """Whether the code that answers is the application's own, not a test's or a script's."""
    module = project.by_path.get(place_of(route).path)
    return module is not None and module.role is Role.APP


def nested(function: Function) -> Iterator[Function]:
    """A function and all that it defines."""
    yield function
    for each in function.nested.values():
        yield from nested(each)


def reaching(project: Project, ends: Iterable[Scope]) -> frozenset[str]:
    """The qualified names of the functions from which one of the ends is reached, the ends included."""
    found: set[str] = set()
    pending = [each for each in ends if isinstance(each, Function)]
    while pending:
        function = pending.pop()
        if function.qualified in found:
            continue
        found.add(function.qualified)
        pending += [site.scope for site in project.callers(function) if isinstance(site.scope, Function)]
        if function.parent is not None:
            pending.append(function.parent)
    return frozenset(found)


def names_used(function: Function) -> Iterator[str]:
    """The dotted names that a function reads or calls: `request.user.id`, `db.session.add`."""
    for node in ir.walk(function.body):
        if type(node) in (ir.Attribute, ir.Name):
            name = ir.dotted(node)
            if name is not None:
                yield name


# Logins

_PASSWORD_CHECK = re.compile(
    r"^(?:check_password|check_password_hash|verify_password|checkpw|verify_and_update|verify_hash|authenticate|"
    r"authenticate_user|is_correct_password|validate_password|password_is_correct|check_credentials)$"
)
_STORED = frozenset({"hash", "hashed", "digest", "password", "passwd"})
_LOGINS = frozenset(["login", "signin", "token", "tokens", "auth", "session", "sessions", "authenticate", "logon"])
_CALLS = 3


def is_login(route: Route) -> bool:
    """Whether path or handler say that a caller proves here who it is, which nobody knows before."""
    spoken = words(f"{route.path} {route.handler_name}")
    pairs = {"".join(each) for each in itertools.pairwise(spoken)}  # `sign-in`, `LogIn`
    return not route.is_guarded and not _LOGINS.isdisjoint({*spoken, *pairs})


def checks_password(call: ir.Call) -> bool:
    """Whether a call holds a password against the stored one: `check_password(…)`, `hasher.verify(given, user.hash)`."""
    match call.func:
        case ir.Attribute(name="verify"):
            given = {word for arg in call.args for word in words((ir.dotted(arg.value) or "").rpartition(".")[2])}
            return len(call.args) == 2 and "password" in given and len(_STORED & given) > 1
        case ir.Attribute(name="compare_digest") | ir.Name(id="compare_digest"):
            left, right = call.argument(0), call.argument(1)
            return left is not None and right is not None and _holds_against(left, right)
        case _:
            return _PASSWORD_CHECK.match(called(call)) is not None


def is_password_check(node: ir.Node) -> bool:
    """Whether a call or a comparison holds a password against the stored one."""
    return checks_password(node) if type(node) is ir.Call else compares_password(node)


def compares_password(node: ir.Node) -> bool:
    """Whether a stored hash is compared with what a function makes of a password: `user.hash == digest(password)`."""
    match node:
        case ir.Compare(op="==" | "!=", left=left, right=right):
            return _holds_against(left, right)
    return False


def _holds_against(left: ir.Expr, right: ir.Expr) -> bool:
    """Whether one of two values is stored, and the other what a function makes of a password."""
    for stored, made in ((left, right), (right, left)):
        if type(stored) is ir.Attribute and type(made) is ir.Call and _STORED & set(words(stored.name)):
            given = {word for arg in made.args for word in words(_last(arg.value))}
            if not given.isdisjoint(("password", "passwd", "pwd")):
                return True
    return False


def _last(expr: ir.Expr) -> str:
    """The last name of an expression, a key included: `request.form["password"]`."""
    if type(expr) is ir.Subscript and type(expr.index) is ir.Const:
        return str(expr.index.value)
    return (ir.dotted(expr) or "").rpartition(".")[2]


def called(call: ir.Call) -> str:
    """The last name of what is called: `error` of `self.logger.error(…)`; empty where there is none."""
    match call.func:
        case ir.Attribute(name=name) | ir.Name(id=name):
            return name
        case _:
            return ""


def run_for(route: Route, project: Project) -> Iterator[Function]:
    """What runs for a route, a few calls deep, decorators and dependencies included."""
    seen: set[str] = set()
    around = [guard.function for guard in route.guards if guard.function is not None]
    own = [] if route.handler is None else nested(route.handler)
    pending = [(each, 0) for each in (*own, *route.dependencies, *around)]
    while pending:
        function, depth = pending.pop()
        if function.qualified in seen:
            continue
        seen.add(function.qualified)
        yield function
        if depth < _CALLS:
            pending += [(each, depth + 1) for site in project.sites(function) for each in site.targets[:1]]


# Secrets

_CREDENTIAL_ENDS = (
    ("password",),
    ("passwd",),
    ("passphrase",),
    ("pwd",),
    ("secret",),
    ("secrets",),
    ("token",),
    ("api", "key"),
    ("apikey",),
    ("access", "key"),
    ("secret", "key"),
    ("private", "key"),
    ("encryption", "key"),
    ("auth", "key"),
    ("signing", "key"),
    ("credentials",),
)
_PLACEHOLDER = re.compile(
    r"^(?:change[-_ ]?(?:me|this|it)?|your?|my|xx+|\*+|\.+|<|\{|\$|%|\[|todo|fixme|dummy|fake|foo|bar|sample|placeholder|"
    r"replace|insert|enter|set[-_ ]|put[-_ ]|none|null|undefined|not[-_ ]|no[-_ ]|redacted|removed|hidden|masked|secret$|password$)"
    r"|example|placeholder|change[-_ ]?(?:me|this|it)|your[-_ ]|_here$|-here$|xxx|\*\*\*|\{\{|redacted|\.\.\.|1234567890|abcdef",
    re.IGNORECASE,
)


def is_credential(name: str) -> bool:
    """Whether a name says that what it holds is a credential: `db_password`, `stripeApiKey`; not `password_field`."""
    spoken = words(name)
    return any(spoken[-len(end) :] == end for end in _CREDENTIAL_ENDS)


def is_placeholder(value: str) -> bool:
    """Whether a literal stands for a secret without being one."""
    return not value or len(set(value)) < 3 or _PLACEHOLDER.search(value) is not None


def literal(project: Project, expr: ir.Expr | None, scope: Scope) -> ir.Const | None:
    """The literal text that an expression is, or that the variable it names holds."""
    for _ in range(4):
        match expr:
            case ir.Const(value=str() | bytes()):
                return expr
            case ir.Name(id=name) if isinstance(scope, Function) and name in scope.locals:
                bound = [each for each in project.types.bindings(scope).get(name, ()) if each.kind == "value"]
                expr = bound[0].expr if len(bound) == 1 else None
            case ir.Call(func=ir.Attribute(value=inner, name="encode")):
                expr = inner
            case ir.Name() | ir.Attribute():
                module, rest = project.names.split(project.qualified(expr, scope) or "")
                if module is None or len(module.assignments.get(rest, ())) != 1:
                    return None
                expr, scope = module.assignments[rest][0].value, module
            case _:
                return None
    return None


_READS = re.compile(r"(?:^|[._])(?:getenv|environ\.get|env|env\.str|config|setdefault|get_env|getenv_or)$")
_WRAPPERS = frozenset({"SecretStr", "Secret", "Field", "bytes", "str"})
_OTHERS = frozenset(
    [
        "aws",
        "s3",
        "access",
        "minio",
        "stripe",
        "captcha",
        "recaptcha",
        "hcaptcha",
        "turnstile",
        "payment",
        "paypal",
        "oauth",
    ]
)
_SIGNING = frozenset(
    {
        ("secret", "key"),
        ("app", "secret", "key"),
        ("flask", "secret", "key"),
        ("django", "secret", "key"),
        ("signing", "key"),
        ("token", "key"),
        ("token", "secret"),
        ("signing", "secret"),
        ("jwt", "secret"),
        ("jwt", "secret", "key"),
        ("jwt", "key"),
        ("jwt", "signing", "key"),
        ("session", "secret"),
        ("session", "secret", "key"),
        ("cookie", "secret"),
        ("auth", "secret"),
        ("auth", "secret", "key"),
        ("csrf", "secret"),
        ("wtf", "csrf", "secret", "key"),
    }
)


@functools.lru_cache(maxsize=65536)
def is_signing_key(name: str) -> bool:
    """Whether a name says that what it holds signs sessions or tokens: `SECRET_KEY`, `jwt_secret`."""
    spoken = words(name)
    return any(spoken[-len(each) :] == each for each in _SIGNING) and not _OTHERS & set(spoken)


def read_default(call: ir.Call) -> tuple[str, ir.Expr | None] | None:
    """The variable that a call reads from the environment, and what it falls back to: `os.getenv("KEY", "x")`."""
    variable = call.argument(0)
    if type(variable) is not ir.Const or not isinstance(variable.value, str):
        return None
    return (variable.value, call.argument(1, "default")) if _READS.search(ir.dotted(call.func) or "") else None


def texts(expr: ir.Expr | None) -> Iterator[ir.Const]:
    """The literals that an expression may be worth: alternatives, and what plain wrappers hold."""
    match expr:
        case ir.Const(value=str()):
            yield expr
        case ir.Bool(values=values):
            for value in values:
                yield from texts(value)
        case ir.Conditional(body=body, orelse=orelse):
            yield from texts(body)
            yield from texts(orelse)
        case ir.Call(func=func) if (ir.dotted(func) or "").rpartition(".")[2] in _WRAPPERS:
            yield from texts(expr.argument(0, "default"))


def target_name(target: ir.Expr) -> str | None:
    """What a target of an assignment is called: a variable, an attribute, or the key that is set."""
    match target:
        case ir.Name(id=name) | ir.Attribute(name=name) | ir.Subscript(index=ir.Const(value=str(name))):
            return name
        case _:
            return None


def production_settings(project: Project, *required: str) -> list[dict[str, Setting]]:
    """The settings of each module or class of settings that a deployment may use, by name; those with all of `required`.

    Modules for development and tests are left out. What a module takes from another by a star import is not repeated.
    """
    found: dict[str, dict[str, Setting]] = {}
    for setting in project.settings:
        if setting.profile in ("base", "production") and setting.kind in ("django", "flask"):
            owner = getattr(setting.scope, "qualified", setting.scope.module.name)
            found.setdefault(owner, {})[setting.name] = setting
    return [settings for _, settings in sorted(found.items()) if all(name in settings for name in required)]


_REGISTERING = frozenset({"route", "get", "post", "put", "patch", "delete", "api_route"})


def is_handler(function: Function, project: Project) -> bool:
    """Whether a function answers requests: as the model says, or as a decorator like `app.route("/…")` does.

    Applications that load their modules by listing a folder register routes on an object that no reading can name.
    """
    return function.qualified in project.handlers or any(
        type(decorator) is ir.Call
        and type(decorator.func) is ir.Attribute
        and decorator.func.name in _REGISTERING
        and bool(decorator.positional)
        and _is_path(decorator.positional[0])
        for decorator in function.decorators
    )


def _is_path(expr: ir.Expr) -> bool:
    match expr:
        case ir.Const(value=str(text)) | ir.Text(pieces=[ir.Const(value=str(text)), *_]):
            return text.startswith("/")
        case _:
            return False
