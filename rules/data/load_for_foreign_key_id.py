"""A related row is loaded only for its key.

## What it does
Reports `order.customer.id` where the row itself holds that key in `customer_id`, and nothing else of the related row is
used in the function.

## Why it matters
The attribute looks like data and is a query: one round trip, in a loop one a row, for a number that is already there.

## Example
```python
from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        app_label = "shop"


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)

    class Meta:
        app_label = "shop"


def owner(order: Order) -> int:
    return order.customer.id
```

## Use instead
```python
from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        app_label = "shop"


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)

    class Meta:
        app_label = "shop"


def owner(order: Order) -> int:
    return order.customer_id
```

## When not to
The related row is loaded anyway; the rule is silent where the function uses more of it, or loads it with the rows.

## References
- https://docs.djangoproject.com/en/stable/topics/db/optimization/#use-foreign-key-values-directly
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from backend_lint.api import (
    Column,
    Finding,
    Function,
    Model,
    Project,
    ProjectRule,
    Relationship,
    Severity,
    Step,
    Unit,
    a,
    ir,
)
from backend_lint.rules.data._shared import column_of

_KEYS = frozenset({"id", "pk"})
_EAGER = frozenset({"joined", "selectin", "subquery", "immediate", "False"})


class LoadForForeignKeyId(ProjectRule):
    code = "DAT310"
    severity = Severity.INFO
    cwe = (1073,)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        eager: defaultdict[str, set[str]] = defaultdict(set)
        for query in project.queries:
            eager[getattr(query.scope, "qualified", "")].update(path.partition(".")[0] for path in query.eager)
        relations = {name for model in project.models.values() for name in model.relationships}
        for function in project.functions():
            for key, owner, relation, model in _keys(function, relations, project):
                loaded = eager[function.qualified]
                if relation.name in loaded or "*" in loaded:
                    continue
                column = _key_column(relation, model)
                target = project.models.get(relation.target or "")
                if column is None or target is None or not _is_key(key.name, column, target):
                    continue
                attribute = f"{relation.name}_id" if model.orm == "django" else column.attribute
                yield self.finding(
                    project.place(key, function),
                    f"loads {a(target.name)} only for its key, which `{model.name}.{attribute}` holds",
                    help=f"Read `{owner}.{attribute}`.",
                    related=[Step(relation.at, f"`{model.name}.{relation.name}`")],
                    discriminator=f"{owner}.{relation.name}",
                )


def _keys(
    function: Function, relations: set[str], project: Project
) -> Iterator[tuple[ir.Attribute, str, Relationship, Model]]:
    """The first `owner.relation.id` of each relation that the function uses for nothing else."""
    chains = [node for node in ir.walk(function.body) if type(node) is ir.Attribute]
    if not any(
        each.name in _KEYS and type(each.value) is ir.Attribute and each.value.name in relations for each in chains
    ):
        return
    inner = {id(node.value): node for node in chains}
    assigned = {
        ir.dotted(target) for stmt in function.statements for target in ir.children(stmt) if _is_target(target, stmt)
    }
    wanted: dict[str, list[tuple[ir.Attribute, ir.Attribute]]] = {}
    others: set[str] = set()
    for node in chains:
        path = ir.dotted(node)
        if path is None:
            continue
        outer = inner.get(id(node))
        if outer is not None and outer.name in _KEYS:
            wanted.setdefault(path, []).append((outer, node))
        else:
            others.add(path)
    for path, found in wanted.items():
        if path in others or path in assigned:
            continue
        key, access = found[0]
        kind = project.type_of(access.value, function)
        model = None if kind is None or kind.itself else project.models.get(kind.name)
        relation = None if model is None else model.relationships.get(access.name)
        if model is None or relation is None or relation.many or relation.is_reverse or relation.lazy in _EAGER:
            continue
        if not _is_made(access.value, function, project):
            yield key, path.rpartition(".")[0], relation, model


def _is_target(expr: ir.Expr, stmt: ir.Stmt) -> bool:
    return type(stmt) is ir.Assign and any(expr is target for target in stmt.targets)


def _is_made(owner: ir.Expr, function: Function, project: Project) -> bool:
    """Whether the row is made here, so that what it refers to is at hand."""
    if type(owner) is not ir.Name:
        return False
    for bound in project.types.bindings(function).get(owner.id, ()):
        for node in ir.walk_expression(bound.expr):
            if type(node) is not ir.Call:
                continue
            site = project.site(node, function)
            if site.symbol in project.models or site.method in _MAKERS:
                return True
    return False


_MAKERS = frozenset({"create", "get_or_create", "update_or_create", "acreate", "aget_or_create", "aupdate_or_create"})


def _key_column(relation: Relationship, model: Model) -> Column | None:
    if len(relation.columns) != 1:
        return None
    return column_of(model, relation.columns[0])


def _is_key(name: str, column: Column, target: Model) -> bool:
    """Whether the column holds what is read from the other row."""
    held = (column.foreign_key or "").rpartition(".")[2]
    if target.primary_key != (held,):
        return False
    key = column_of(target, held)
    return name == "pk" or (key is not None and name == key.attribute)
