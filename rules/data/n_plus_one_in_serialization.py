"""The answer walks relations that its query did not load.

## What it does
Reports routes that answer with a list whose schema or serializer shows relations of each row (nested ones, those behind
`source=`, those that a `SerializerMethodField` reads), where neither the query nor the model loads them ahead.

## Why it matters
Nothing in the handler looks like a query, and yet each row of the answer costs one more: a page of a hundred orders with
their lines and customers takes two hundred and one round trips.

## Example
```python
from django.db import models
from django.urls import include, path
from rest_framework import routers, serializers, viewsets


class Customer(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        app_label = "shop"


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)

    class Meta:
        app_label = "shop"


class CustomerSerializer(serializers.ModelSerializer):
    class Meta:
        model = Customer
        fields = ["name"]


class OrderSerializer(serializers.ModelSerializer):
    customer = CustomerSerializer()

    class Meta:
        model = Order
        fields = ["id", "customer"]


class OrderViewSet(viewsets.ModelViewSet):
    queryset = Order.objects.all()
    serializer_class = OrderSerializer


router = routers.DefaultRouter()
router.register("orders", OrderViewSet)
urlpatterns = [path("", include(router.urls))]
```

## Use instead
```python
from django.db import models
from django.urls import include, path
from rest_framework import routers, serializers, viewsets


class Customer(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        app_label = "shop"


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)

    class Meta:
        app_label = "shop"


class CustomerSerializer(serializers.ModelSerializer):
    class Meta:
        model = Customer
        fields = ["name"]


class OrderSerializer(serializers.ModelSerializer):
    customer = CustomerSerializer()

    class Meta:
        model = Order
        fields = ["id", "customer"]


class OrderViewSet(viewsets.ModelViewSet):
    queryset = Order.objects.select_related("customer")
    serializer_class = OrderSerializer


router = routers.DefaultRouter()
router.register("orders", OrderViewSet)
urlpatterns = [path("", include(router.urls))]
```

## When not to
The list is short by nature.

## References
- https://www.django-rest-framework.org/api-guide/relations/#custom-relational-fields
- https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import (
    Class,
    Finding,
    Function,
    Model,
    Place,
    Project,
    ProjectRule,
    Query,
    Route,
    Schema,
    Severity,
    Step,
    Unit,
    ir,
    listed,
)
from backend_lint.rules.data._rows import Need, covered, loading, needs, source_query, view_eager


class NPlusOneInSerialization(ProjectRule):
    code = "DAT302"
    severity = Severity.MEDIUM
    cwe = (1073,)
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterable[Finding]:
        by_scope: dict[str, list[Query]] = {}
        for query in project.queries:
            by_scope.setdefault(getattr(query.scope, "qualified", ""), []).append(query)
        by_call = {id(query.site.call): query for query in project.queries if query.is_read}
        done: set[tuple[str, str]] = set()
        for route in project.routes:
            found = (
                _of_view(route, by_scope, project) if route.response_schemas else _of_handler(route, by_call, project)
            )
            for at, model, schema, missing in (*found, *_of_calls(route, by_call, project)):
                key = (str(at), schema)
                if key not in done and missing:
                    done.add(key)
                    yield self._finding(route, at, model, schema, missing)

    def _finding(self, route: Route, at: Place, model: Model, schema: str, missing: list[Need]) -> Finding:
        paths = {each.path for each in missing}
        missing = [each for each in missing if each.path.rpartition(".")[0] not in paths]
        names = [each.path for each in missing]
        how = loading(model, names[:4], many=any(each.relation.many for each in missing))
        return self.finding(
            at,
            f"`{route.label}` loads {listed(names, 3)} once for each `{model.name}`: `{schema}` shows them, and the query "
            "does not load them",
            help=f"Load them with the rows: {how}.",
            related=[Step(each.at, f"{each.asked_by} reads `{each.path}`") for each in missing[:4]],
            discriminator=schema,
            unit=route.label,
        )


def _of_view(
    route: Route, by_scope: dict[str, list[Query]], project: Project
) -> Iterator[tuple[Place, Model, str, list[Need]]]:
    """The lists of views of DRF: what the serializer walks, less what the view loads anywhere."""
    view = route.view
    if view is None or not (route.response_model or "").startswith("list[") or len(route.response_schemas) != 1:
        return
    schema = project.schemas.get(route.response_schemas[0])
    model = None if schema is None else project.models.get(schema.model or "")
    if schema is None or model is None:
        return
    source = _queryset(view, by_scope, project)
    eager = None if source is None else view_eager(view, project)
    if source is not None and eager is not None:
        at, own = source
        missing = [each for each in needs(schema, model, project) if not covered(each.path, eager | own)]
        yield at, model, schema.name, missing


def _queryset(view: Class, by_scope: dict[str, list[Query]], project: Project) -> tuple[Place, set[str]] | None:
    """Where a view says what it lists, in `get_queryset` or in its class, and what that loads ahead."""
    method = project.classes.method(view.qualified, "get_queryset")
    eager: set[str] = set()
    at: Place | None = method.at if method is not None else None
    for cls in project.classes.mro(view):
        for scope in (cls, cls.methods.get("get_queryset")) if isinstance(cls, Class) else ():
            for query in by_scope.get(scope.qualified, []) if scope is not None else []:
                eager |= set(query.eager)
                at = at or query.at
    return None if at is None else (at, eager)


def _of_handler(
    route: Route, by_call: dict[int, Query], project: Project
) -> Iterator[tuple[Place, Model, str, list[Need]]]:
    """Handlers of FastAPI that return the rows of a query, and declare what is shown of them."""
    handler, answer = route.handler, route.options.get("response_model", route.response_expr)
    if handler is None or answer is None or handler.is_async:
        return
    kind = project.types.annotation(answer, handler.around)
    if kind is None or kind.name != "builtins.list" or not kind.args:
        return
    schema = project.schemas.get(kind.args[0].name)
    if schema is None:
        return
    for stmt in handler.statements:
        if type(stmt) is not ir.Return or stmt.value is None:
            continue
        query = source_query(stmt.value, handler, by_call, project)
        model = None if query is None else project.models.get(query.model or "")
        if (
            query is not None
            and model is not None
            and not query.is_single
            and not query.is_opaque
            and not query.is_async
        ):
            missing = [each for each in needs(schema, model, project) if not covered(each.path, set(query.eager))]
            yield query.at, model, schema.name, missing
            return


def _of_calls(
    route: Route, by_call: dict[int, Query], project: Project
) -> Iterator[tuple[Place, Model, str, list[Need]]]:
    """Handlers that hand the rows of a query to a schema: `OrderSchema(many=True).dump(rows)`, `Orders(rows, many=True)`."""
    handler = route.handler
    for call in ir.calls(handler.body) if handler is not None and not handler.is_async else ():
        assert handler is not None
        schema = _written_by(call, handler, project)
        rows = call.argument(0, "obj" if schema is not None and schema.kind == "marshmallow" else "instance")
        query = source_query(rows, handler, by_call, project) if schema is not None and rows is not None else None
        model = None if query is None else project.models.get(query.model or "")
        if schema is not None and query is not None and model is not None and not (query.is_single or query.is_opaque):
            missing = [each for each in needs(schema, model, project) if not covered(each.path, set(query.eager))]
            yield query.at, model, schema.name, missing


def _written_by(call: ir.Call, handler: Function, project: Project) -> Schema | None:
    """The schema that a call writes many rows with, all of its fields."""
    made: ir.Call | None = call
    if type(call.func) is ir.Attribute and call.func.name == "dump":
        origins = [each for each, _ in project.origins(call.func.value, handler)]
        made = next((each for each in (*origins, *_of_module(call.func.value, handler)) if type(each) is ir.Call), None)
    schema = None if made is None else project.schemas.get(project.qualified(made.func, handler) or "")
    if schema is None or made is None or schema.kind != ("drf" if made is call else "marshmallow"):
        return None
    options = made.keywords | call.keywords
    is_many = type(options.get("many")) is ir.Const and options["many"].value is True  # type: ignore[union-attr]
    return schema if is_many and not options.keys() & {"only", "exclude", "fields", "data"} else None


def _of_module(expr: ir.Expr, handler: Function) -> list[ir.Expr]:
    """What a name of the module is: `orders_schema = OrderSchema(many=True)`."""
    found = handler.module.assignments.get(expr.id, []) if type(expr) is ir.Name else []
    return [each.value for each in found if each.value is not None]
