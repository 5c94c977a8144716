"""Password or other secret in a response.

## What it does
Follows what each route answers (response model, serializer, returned entity, `to_dict()`) through nested and inherited
schemas to password hashes, one-time-password seeds, salts and private keys, and prints the way there. Fields that are
write-only, excluded, masked or of a secret type are left out.

## Why it matters
A hash that leaves the server can be cracked at leisure, and a seed replaces the second factor. It usually happens when
the answer reuses the schema of the request, or the table itself.

## Example
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class User(BaseModel):
    name: str
    hashed_password: str


@app.get("/users/{user_id}")
def user(user_id: int) -> User: ...
```

## Use instead
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class UserOut(BaseModel):
    name: str


class User(UserOut):
    hashed_password: str


@app.get("/users/{user_id}", response_model=UserOut)
def user(user_id: int) -> User: ...
```
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from backend_lint.api import (
    Class,
    Finding,
    Function,
    Model,
    Place,
    Project,
    ProjectRule,
    Route,
    Schema,
    SchemaField,
    Severity,
    Step,
    Type,
    Unit,
    ir,
    words,
)
from backend_lint.rules.security._shared import is_application, place_of

_ENDS = (
    ("password",),
    ("passwd",),
    ("passphrase",),
    ("hashed", "password"),
    ("password", "hash"),
    ("pwd", "hash"),
    ("password", "digest"),
    ("secret", "hash"),
    ("pass", "hash"),
    ("pw", "hash"),
    ("password", "salt"),
    ("salt",),
    ("otp", "secret"),
    ("totp", "secret"),
    ("mfa", "secret"),
    ("private", "key"),
    ("api", "key"),
)
_NOT = frozenset(
    [
        "has",
        "is",
        "needs",
        "requires",
        "must",
        "can",
        "set",
        "reset",
        "change",
        "changed",
        "confirm",
        "require",
        "required",
        "last",
        "enabled",
        "no",
        "new",
        "old",
        "temporary",
        "generated",
        "initial",
    ]
)
_SECRET_TYPES = frozenset(
    {
        "SecretStr",
        "SecretBytes",
        "Secret",
        "bool",
        "datetime",
        "date",
        "int",
        "BooleanField",
        "DateTimeField",
        "Boolean",
    }
)
_ISSUING = frozenset(
    [
        "login",
        "token",
        "register",
        "signup",
        "create",
        "reset",
        "generate",
        "issue",
        "rotate",
        "regenerate",
        "mfa",
        "otp",
        "totp",
        "enroll",
        "setup",
    ]
)
_STARTING = frozenset({"register", "signup", "create", "login"})
"""Words for routes that hand out tokens, and have no reason to show a stored password."""
_PASSWORDS = frozenset({"password", "passwd", "hash", "salt", "digest"})
_HIDING = frozenset({"obfuscated", "masked", "hidden", "secret", "encrypted", "redacted", "hashed", "protected"})
_DUMPS = frozenset({"to_dict", "as_dict", "to_json", "as_json", "serialize", "serialise", "json", "dict", "dump"})


@dataclass(frozen=True)
class _Leak:
    """A sensitive value in what a route answers; `way` leads from the answer to it."""

    at: Place
    name: str
    way: tuple[Step, ...]


class SensitiveColumnInResponse(ProjectRule):
    code = "SEC301"
    severity = Severity.HIGH
    cwe = (200, 213, 522)
    owasp = ("A01:2021", "A01:2025", "API3:2023")
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        found: dict[tuple[Place, str], list[tuple[Route, _Leak]]] = defaultdict(list)
        for route in project.routes:
            spoken = set(words(f"{route.path} {route.handler_name.rpartition('.')[2]}"))
            issuing = _ISSUING & spoken
            if is_application(route, project) and issuing <= _STARTING:
                for leak in _leaks(route, project):
                    is_asked = bool(issuing) or spoken.issuperset(words(leak.name.rpartition(".")[2]))
                    if not is_asked or words(leak.name)[-1] in _PASSWORDS:
                        found[leak.at, leak.name].append((route, leak))
        for (at, name), cases in found.items():
            route, leak = cases[0]
            others = f" and {len(cases) - 1} more" if len(cases) > 1 else ""
            yield self.finding(
                at,
                f"`{name}` is part of the answer of `{route.label}`{others}",
                help="Answer with a schema of its own that leaves it out, or make the field write-only.",
                trace=(Step(place_of(route), f"`{route.label}` answers"), *leak.way),
                discriminator=name,
                unit=route.label,
            )


def _leaks(route: Route, project: Project) -> Iterator[_Leak]:
    scope = route.scope or (route.handler.module if route.handler else None)
    declared = False
    answer = route.options.get("response_model", route.response_expr)
    if answer is not None and scope is not None:
        kind = project.types.annotation(answer, scope)
        declared = kind is not None
        yield from _of_type(kind, project, ())
    view = route.view
    if (
        view is not None
        and (route.handler is None or _answers_with_serializer(route.handler))
        and "DELETE" not in route.methods
    ):
        yield from _of_view(view, project)
    if route.handler is not None and not _is_written_by_a_decorator(route.handler, project):
        yield from _of_handler(route.handler, project, declared or route.response_model is not None)


def _is_written_by_a_decorator(handler: Function, project: Project) -> bool:
    """Whether a decorator is given the schema of the answer: `@validate_schema(shop_input, shop_output)`."""
    for decorator in handler.decorators:
        for arg in decorator.args if isinstance(decorator, ir.Call) else ():
            kind = project.type_of(arg.value, handler.around)
            if (kind is not None and kind.name in project.schemas) or "schema" in words(ir.dotted(arg.value) or ""):
                return True
    return False


def _answers_with_serializer(handler: Function) -> bool:
    """Whether a handler of the project's own answers with what a serializer makes, or holds it in a variable."""
    values = [
        node
        for stmt in handler.statements
        if type(stmt) is ir.Return and stmt.value is not None
        for node in ir.walk_expression(stmt.value)
    ]
    values += [stmt.value for stmt in handler.statements if type(stmt) is ir.Assign and stmt.value is not None]
    return any(
        type(node) is ir.Attribute and node.name == "data" and "serializer" in (ir.dotted(node.value) or "")
        for node in values
    )


def _of_view(view: Class, project: Project) -> Iterator[_Leak]:
    """What a class-based view of DRF answers: its serializer."""
    for each in project.classes.mro(view):
        assigned = each.attributes.get("serializer_class") if isinstance(each, Class) else None
        if assigned is not None and isinstance(each, Class):
            schema = project.schemas.get(project.qualified(assigned.value, each.module) or "")
            if schema is not None:
                yield from _of_schema(schema, project, (), set())
            return


def _of_handler(handler: Function, project: Project, is_filtered: bool) -> Iterator[_Leak]:
    """What a handler returns: an entity as it is, or what a method of one makes of it."""
    for stmt in handler.statements:
        if type(stmt) is not ir.Return or stmt.value is None:
            continue
        if not is_filtered and type(stmt.value) in (ir.Name, ir.Await):
            yield from _of_type(project.type_of(stmt.value, handler), project, (), only_models=True)
        for node in ir.walk_expression(stmt.value):
            if type(node) is ir.Call and not is_filtered:
                site = project.site(node, handler)
                for target in site.targets[:1]:
                    if target.name in _DUMPS and target.cls is not None:
                        yield from _of_dump(target)
                        kind = site.receiver.name if site.receiver is not None else ""
                        if kind in project.models and _takes_all_columns(target):
                            here = Step(target.at, f"`{target.facts.qualname}` takes all columns")
                            yield from _of_model(project.models[kind], (here,))


def _of_dump(function: Function) -> Iterator[_Leak]:
    """The secrets among the entries of a dictionary that a method makes of its entity."""
    for node in ir.walk(function.body):
        if type(node) is not ir.Dict:
            continue
        for key, value in zip(node.keys, node.values, strict=True):
            if type(key) is ir.Const and isinstance(key.value, str) and _is_sensitive(key.value):
                if type(value) is ir.Attribute and _is_sensitive(value.name):
                    at = function.place(value)
                    yield _Leak(at, key.value, (Step(at, f"`{function.facts.qualname}` puts it in"),))


def _takes_all_columns(function: Function) -> bool:
    """Whether a method makes a dictionary of all columns: `{c.name: getattr(self, c.name) for c in self.__table__.columns}`."""
    for node in ir.walk(function.body):
        if type(node) is ir.Comprehension and node.kind == "dict" and len(node.clauses) == 1:
            source = ir.dotted(node.clauses[0].iter) or ""
            if (
                source.endswith(("__table__.columns", "__table__.c", "__mapper__.columns"))
                and not node.clauses[0].conditions
            ):
                return True
    return False


def _of_type(kind: Type | None, project: Project, way: tuple[Step, ...], only_models: bool = False) -> Iterator[_Leak]:
    if kind is None:
        return
    schema, model = project.schemas.get(kind.name), project.models.get(kind.name)
    if schema is not None and not only_models:
        yield from _of_schema(schema, project, way, set())
    elif model is not None:
        yield from _of_model(model, way)
    for each in kind.args:
        yield from _of_type(each, project, way, only_models)


def _of_schema(schema: Schema, project: Project, way: tuple[Step, ...], seen: set[str]) -> Iterator[_Leak]:
    if schema.qualified in seen or len(way) > 6:
        return
    seen.add(schema.qualified)
    here = (*way, Step(schema.at, f"`{schema.name}`"))
    for each in schema.fields.values():
        if each.write_only or each.name in schema.excluded or "exclude" in each.constraints:
            continue
        if each.schema is not None and each.schema in project.schemas:
            yield from _of_schema(project.schemas[each.schema], project, here, seen)
        elif _is_sensitive(each.name) and _is_plain(each) and not _is_masked(schema, each.name):
            own = schema.cls.module.path == each.at.path and each.name in schema.cls.attributes
            yield _Leak(
                each.at if own else schema.at, f"{schema.name}.{each.name}", (*here, Step(each.at, f"`{each.name}`"))
            )
    model = project.models.get(schema.model or "")
    if schema.all_fields and model is not None:
        for leak in _of_model(model, here):
            name = leak.name.rpartition(".")[2]
            if name not in schema.excluded and name not in schema.fields:
                yield _Leak(schema.at, f"{schema.name}.{name}", leak.way)


def _of_model(model: Model, way: tuple[Step, ...]) -> Iterator[_Leak]:
    for attribute, column in model.columns.items():
        if _is_sensitive(attribute) and column.type not in _SECRET_TYPES:
            yield _Leak(column.at, f"{model.name}.{attribute}", (*way, Step(column.at, f"column `{attribute}`")))


def _is_sensitive(name: str) -> bool:
    spoken = words(name)
    return any(spoken[-len(end) :] == end for end in _ENDS) and not _NOT & set(spoken)


def _is_plain(field: SchemaField) -> bool:
    return field.type not in _SECRET_TYPES and not _HIDING & set(words(field.type or ""))


def _is_masked(schema: Schema, name: str) -> bool:
    """Whether the schema changes the field on its way out: a serializer of the field, or a representation of its own."""
    for function in schema.cls.methods.values():
        if function.name in ("to_representation", "model_dump", "dict", f"get_{name}"):
            return True
        for decorator in function.decorators:
            call = decorator if type(decorator) is ir.Call else None
            if call is not None and any(type(arg.value) is ir.Const and arg.value.value == name for arg in call.args):
                return True
    return False
