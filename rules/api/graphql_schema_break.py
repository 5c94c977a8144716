"""Change of a GraphQL schema that breaks the queries of clients.

## What it does
Compares the types of strawberry and graphene with those of an earlier revision, and reports types, fields and arguments
that are gone, fields of another type, answers that may be null and never were, and inputs that are required now.

## Why it matters
A query that names one field too many is refused as a whole, and so is one that leaves out an argument that is required.
Clients have written their queries into their code, and an application in a store cannot be changed before the server is.

## Example
```python
# base/schema.py
import strawberry


@strawberry.type
class Order:
    id: strawberry.ID
    note: str


@strawberry.type
class Query:
    @strawberry.field
    def order(self, id: strawberry.ID) -> Order: ...


schema = strawberry.Schema(query=Query)
# head/schema.py
import strawberry


@strawberry.type
class Order:
    id: strawberry.ID


@strawberry.type
class Query:
    @strawberry.field
    def order(self, id: strawberry.ID, shop: strawberry.ID) -> Order: ...


schema = strawberry.Schema(query=Query)
```

## Use instead
```python
# base/schema.py
import strawberry


@strawberry.type
class Order:
    id: strawberry.ID
    note: str


@strawberry.type
class Query:
    @strawberry.field
    def order(self, id: strawberry.ID) -> Order: ...


schema = strawberry.Schema(query=Query)
# head/schema.py
import strawberry


@strawberry.type
class Order:
    id: strawberry.ID
    note: str = strawberry.field(deprecation_reason="Read `remarks`.")


@strawberry.type
class Query:
    @strawberry.field
    def order(self, id: strawberry.ID, shop: strawberry.ID | None = None) -> Order: ...


schema = strawberry.Schema(query=Query)
```

## When not to
What was marked as deprecated in the earlier revision may go, and is not reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import (
    Comparison,
    ContractField,
    ContractRule,
    Finding,
    Object,
    Place,
    Project,
    Severity,
    Step,
    contract_place,
)

_INPUTS = frozenset({"input", "arguments"})


class GraphqlSchemaBreak(ContractRule):
    code = "API411"
    severity = Severity.HIGH
    preview = True

    def compared(self, changes: Comparison, project: Project) -> Iterator[Finding]:
        before, after = changes.before.graph, changes.after.graph
        if not after:
            return
        for name, old in before.items():
            new = after.get(name)
            if new is None and old.kind == "arguments":
                owner, _, field = name[:-2].rpartition(".")
                if owner in after and field in after[owner].fields:
                    new = Object(name=name, kind=old.kind, at=contract_place(after[owner].fields[field], after[owner]))
            if new is not None:
                yield from self._fields(old, new)
            elif old.kind != "arguments":
                at = next(iter(after.values())).at
                yield self._finding(at, f"the type `{name}` is gone", Step(old.at, "it was here"), name)

    def examined(self, project: Project) -> Iterable[str]:
        return () if project.changes is None else project.changes.before.graph

    def _fields(self, old: Object, new: Object) -> Iterator[Finding]:
        for name, field in old.fields.items():
            now = new.fields.get(name)
            if now is None:
                if not field.constraints.get("deprecated"):
                    was = Step(contract_place(field, old), "it was here")
                    yield self._finding(new.at, f"`{_label(old, name)}` is gone", was, _label(old, name))
                continue
            what = _changed(field, now, is_input=old.kind in _INPUTS)
            if what:
                was = Step(contract_place(field, old), "as it was")
                at = contract_place(now, new)
                yield self._finding(at, f"`{_label(old, name)}` {what}", was, _label(old, name))
        for name, field in new.fields.items():
            if old.kind in _INPUTS and name not in old.fields and field.required:
                at = contract_place(field, new)
                what = f"`{_label(new, name)}` is new and required"
                yield self._finding(at, what, Step(old.at, "as it was"), _label(new, name))

    def _finding(self, at: Place, what: str, was: Step, label: str) -> Finding:
        return self.finding(
            at,
            f"{what}: queries that clients have written are refused",
            help="Keep it, marked with `deprecation_reason`, and add the new form beside it.",
            related=[was],
            discriminator=label,
            unit=label,
        )


def _label(around: Object, name: str) -> str:
    """`Order.note`, `Query.order(shop)`."""
    return f"{around.name[:-1]}{name})" if around.kind == "arguments" else f"{around.name}.{name}"


def _changed(old: ContractField, new: ContractField, *, is_input: bool) -> str:
    """What of a field breaks, in words; empty where nothing does."""
    if old.type is not None and new.type is not None and old.type != new.type:
        return f"is `{new.type}` now, and was `{old.type}`"
    if old.many != new.many:
        return "is a list now, and was not" if new.many else "is no list any more"
    if is_input and new.required and not old.required:
        return "is required now, and could be left out"
    if not is_input and new.nullable and not old.nullable:
        return "is null sometimes now, and never was"
    return ""
