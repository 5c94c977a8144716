"""What a contract is made of: plain data, the same for every framework, that can be kept and compared."""

from __future__ import annotations

from typing import Any

import msgspec

from backend_lint.core import Place

NOWHERE = Place("", 1, 1, 1, 1)
UNTOLD = "?"
"""The name of what may guard without being one of the guards: a library's dependency, a test in the handler."""


class Field(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value in a body, or one parameter.

    `type` is what it is in JSON (`string`, `string:uuid`, `integer`, `number`, `boolean`, `object`), None where that
    cannot be told; `many` where it is a list of them. `enum` are the values that a closed type has, sorted. `schema`
    names the object that it holds. `constraints` are bounds in one form: `ge`, `le`, `min_length`, `max_length`,
    `pattern`, … `default` is what holds when it is left out, as written; None where there is none, or none is written.
    """

    name: str
    type: str | None = None
    many: bool = False
    nullable: bool = False
    required: bool = False
    enum: tuple[str, ...] = ()
    schema: str | None = None
    constraints: dict[str, Any] = {}
    default: str | None = None
    read_only: bool = False
    write_only: bool = False
    at: Place = NOWHERE


class Parameter(Field, frozen=True, kw_only=True, omit_defaults=True):
    """`where` is `path`, `query`, `header`, `cookie`, `body`, `form` or `file`.

    It `is_declared` in a signature or schema, or else read from the request by the handler's code.
    """

    where: str
    is_declared: bool = True


class Object(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A schema: its fields by the name they have on the wire. It `is_open` where there may be fields not listed."""

    name: str
    kind: str
    fields: dict[str, Field] = {}
    is_open: bool = False
    at: Place = NOWHERE


class Requirement(msgspec.Struct, frozen=True, omit_defaults=True):
    """A guard. `kind` is `authentication`, `authorization`, `csrf` or `throttle`; `arguments` its roles and scopes.

    It `is_default` where it is what the framework's settings say of all.
    """

    kind: str
    name: str
    arguments: tuple[str, ...] = ()
    is_default: bool = False


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One method of one path. `response` is what it answers with `status`, None where that is not declared.

    `handler` is the qualified name of what answers, by which a moved operation is known again. `requirements` are what
    can refuse a caller, `around` the names of all decorators, dependencies, middleware and base classes about it: what
    stands in both of two contracts has not changed, whether or not it could be told that it is a guard.
    """

    method: str
    path: str
    handler: str
    router: str = ""
    framework: str = ""
    deprecated: bool = False
    status: int | None = None
    parameters: tuple[Parameter, ...] = ()
    response: Field | None = None
    requirements: tuple[Requirement, ...] = ()
    around: tuple[str, ...] = ()
    at: Place = NOWHERE

    @property
    def label(self) -> str:
        """`DELETE /orders/{id}`."""
        return f"{self.method} {self.path}"


class Signature(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a message for a task must hold. `required` and `optional` are parameters to give by name, in order.

    `positional` are those of them that can be given by position, `given` those that the project's own messages give by
    name; `takes_more` are `*args` and `**kwargs` as written.
    """

    name: str
    function: str
    queue: str | None = None
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    positional: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    takes_more: tuple[str, ...] = ()
    at: Place = NOWHERE


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """Operations by label, objects by qualified name, tasks by the name they are registered under, all sorted.

    `graph` are the types of a GraphQL schema by their names there, and the arguments of their fields: `Query.order()`.
    """

    operations: dict[str, Endpoint] = {}
    objects: dict[str, Object] = {}
    tasks: dict[str, Signature] = {}
    graph: dict[str, Object] = {}
