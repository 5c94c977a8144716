"""Statements of Django's ORM: managers, querysets, lookups along relations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from backend_lint.adapters._entities import Entities
from backend_lint.adapters._statement import Statement
from backend_lint.adapters._statements import Known, Statements
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.constants import constant
from backend_lint.project.external import ancestors
from backend_lint.project.model import ColumnUse, Model, Relationship

LIBRARY = "django"
_QUERYSET = "django.db.models.QuerySet"
_MANAGER = "django.db.models.Manager"
_VIEWS = ("django.views.generic.View", "rest_framework.views.APIView", "django.contrib.admin.ModelAdmin")
TERMINAL = frozenset(
    {"get", "first", "last", "latest", "earliest", "count", "exists", "aggregate", "create", "get_or_create", "update"}
    | {"update_or_create", "bulk_create", "bulk_update", "delete", "in_bulk", "contains", "explain", "raw", "save"}
    | {"add", "set", "remove", "clear", "acount", "aget", "afirst", "alast", "aexists", "acreate", "aupdate", "adelete"}
    | {"aget_or_create", "aupdate_or_create", "abulk_create", "abulk_update", "aaggregate", "alatest", "aearliest"}
    | {"ain_bulk", "acontains", "aadd", "aset", "aremove", "aclear"}
    | {"create_user", "create_superuser", "acreate_user", "acreate_superuser"}
)
_UNCHANGED = frozenset(
    {
        "all",
        "distinct",
        "using",
        "db_manager",
        "annotate",
        "alias",
        "only",
        "defer",
        "extra",
        "dates",
        "datetimes",
        "resolve",
    }
    | {"values", "values_list", "get_queryset", "as_manager", "prefetch", "_clone", "_chain", "select_subclasses"}
)
_OPERATORS = {
    "exact": "==",
    "iexact": "iexact",
    "in": "in",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "isnull": "is",
    "range": "between",
    "regex": "regex",
    "iregex": "iregex",
    "search": "match",
    **{name: name for name in ("contains", "icontains", "startswith", "istartswith", "endswith", "iendswith")},
    **{name: name for name in ("overlap", "contained_by", "has_key", "has_keys", "has_any_keys", "trigram_similar")},
}
_NEGATED = {"==": "!=", "<": ">=", "<=": ">", ">": "<=", ">=": "<", "is": "is not"}


class Django:
    """The dialect of Django, for `Statements`."""

    def __init__(self, project: Project, statements: Statements, entities: Entities) -> None:
        self.project, self.statements, self.entities = project, statements, entities
        self._users: dict[str, list[str]] | None = None

    # Where statements begin

    def start(self, expr: Expr, scope: Scope, known: Known) -> Statement | None:
        match expr:
            case ir.Attribute(value=value, name=name):
                return self._manager(expr, value, name, scope)
            case ir.Name(id="self") if "self" not in known:
                return self._self(scope)
            case ir.Name():
                return self._typed(expr, scope)
            case ir.Call(func=ir.Attribute(value=value, name=name)) if _is_super(value):
                return self._super(name, scope, known, expr)
            case ir.Call():
                return self._made(expr, scope, known)
            case _:
                return None

    def _manager(self, expr: ir.Attribute, value: Expr, name: str, scope: Scope) -> Statement | None:
        """`Order.objects`, `order.lines`, `self.queryset` with a type that says what it is."""
        found = self.project.type_of(expr, scope)
        if found is not None and not found.itself and self.is_queryset(found.name):
            model = found.args[0].name if found.args and self.entities.is_model(found.args[0].name) else None
            owner = self.project.type_of(value, scope)
            if owner is not None and owner.itself and model is not None:
                return self._default(model, name, found.name)
            related = self._related(owner.name if owner is not None else "", name, expr, scope)
            if related is not None:
                return related
            if model is None:
                return None
            is_whole = self.project.classes.is_subclass(found.name, _MANAGER)  # a queryset may ask for anything
            return self._default(model, name, found.name).with_(is_opaque=not is_whole)
        if name not in ("objects", "_default_manager", "_base_manager"):
            return None
        models = self.entities.of(value, scope) or self._library(value, scope)
        if not models:
            return None
        if len(models) == 1:
            return self._default(models[0], name, _MANAGER)
        return Statement(LIBRARY, "manager", candidates=models)

    def _library(self, expr: Expr, scope: Scope) -> tuple[str, ...]:
        """A class of a library that has `objects` is a model of it."""
        qualified = self.project.qualified(expr, scope)
        if qualified is None or self.project.names.split(qualified)[0] is not None:
            return ()
        return (qualified,) if qualified.rpartition(".")[2][:1].isupper() else ()

    def _default(self, model: str, name: str, manager: str) -> Statement:
        """A manager of a model, with what its own `get_queryset` asks for."""
        begun = Statement(LIBRARY, "manager", model=model, kinds=self.kinds(model, name, manager))
        if name == "_base_manager":
            return begun
        for kind in begun.kinds:
            method = self.project.classes.method(kind, "get_queryset")
            if method is not None:
                found = self.statements.returned(method, None, method, {}, begun)
                if found is not None:
                    kinds = tuple(dict.fromkeys((*begun.kinds, *found.kinds)))
                    return found.with_(form="manager", kinds=kinds, model=model)
        return begun

    def kinds(self, model: str, name: str, manager: str) -> tuple[str, ...]:
        """The project's classes that a manager's methods come from: its own, and those of its querysets."""
        found: list[str] = []
        cls = self.project.cls(model)
        stmt = None
        for each in self.project.classes.mro(cls) if cls is not None else ():
            if isinstance(each, Class) and name in each.attributes:
                stmt = each.attributes[name]
                found.extend(self._kinds_of(stmt.value, each))
                break
        if self.project.cls(manager) is not None:
            found.append(manager)
        for each_name in list(found):
            found.extend(self._base_kinds(each_name))
        return tuple(dict.fromkeys(found))

    def _kinds_of(self, value: Expr | None, scope: Scope, depth: int = 0) -> Iterator[str]:
        """The classes in `OrderManager()`, `OrderQuerySet.as_manager()`, `Manager.from_queryset(OrderQuerySet)()`."""
        if value is None or depth > 4:
            return
        for node in ir.walk_expression(value):
            if type(node) not in (ir.Name, ir.Attribute):
                continue
            qualified = self.project.qualified(node, scope)
            cls = None if qualified is None else self.project.cls(qualified)
            if cls is not None and self.is_queryset(cls.qualified):
                yield cls.qualified
                continue
            module, rest = self.project.names.split(qualified) if qualified is not None else (None, "")
            if module is not None and rest in module.assignments:
                yield from self._kinds_of(module.assignments[rest][-1].value, module, depth + 1)

    def _base_kinds(self, name: str) -> Iterator[str]:
        """`class OrderManager(Manager.from_queryset(OrderQuerySet))`."""
        cls = self.project.cls(name)
        for each in self.project.classes.mro(cls) if cls is not None else ():
            for base in each.facts.bases if isinstance(each, Class) else ():
                if type(base) is ir.Call or (isinstance(each, Class) and self.project.cls(each.qualified) is None):
                    yield from self._kinds_of(base, each.module if isinstance(each, Class) else cls)  # type: ignore[arg-type]

    def _related(self, owner: str, name: str, expr: ir.Attribute, scope: Scope) -> Statement | None:
        """What `order.lines` asks for: the rows that refer to the one at hand."""
        model = self.project.models.get(owner)
        related = model.relationships.get(name) if model is not None else None
        if related is None or related.target is None:
            return None
        begun = self._default(related.target, "objects", _MANAGER)
        target = self.project.models.get(related.target)
        back = target.columns.get(related.back or "") if target is not None else None
        if back is None:
            return begun.with_(has_unknown_filters=True)
        use = ColumnUse(back.name, "==", scope.module.place(expr), expr.value, related.target)
        return begun.filtered([use])

    def _self(self, scope: Scope) -> Statement | None:
        """`self` in the methods of a manager or queryset: its model is that of the only model that uses it."""
        owner = scope.owner if isinstance(scope, Function) else None
        if owner is None or not self.is_queryset(owner.qualified):
            return None
        users = self._users_of(owner.qualified)
        model = users[0] if len(users) == 1 else None
        form = "manager" if self.project.classes.is_subclass(owner, _MANAGER) else "queryset"
        return Statement(
            LIBRARY,
            form,
            model=model,
            candidates=tuple(users) if len(users) > 1 else (),
            kinds=(owner.qualified,),
            is_opaque=True,
        )

    def _users_of(self, kind: str) -> list[str]:
        if self._users is None:
            self._users = {}
            for model in self.project.models.values():
                for name in _managers(model):
                    for each in self.kinds(model.qualified, name, _MANAGER):
                        self._users.setdefault(each, []).append(model.qualified)
        return list(dict.fromkeys(self._users.get(kind, ())))

    def _typed(self, expr: Expr, scope: Scope) -> Statement | None:
        found = self.project.type_of(expr, scope)
        if found is None or found.itself or not self.is_queryset(found.name):
            return None
        model = found.args[0].name if found.args and self.entities.is_model(found.args[0].name) else None
        kinds = (found.name,) if self.project.cls(found.name) is not None else ()
        if model is None and kinds:
            users = self._users_of(found.name)
            model = users[0] if len(users) == 1 else None
        return Statement(LIBRARY, "queryset", model=model, kinds=kinds, is_opaque=True)

    def _super(self, name: str, scope: Scope, known: Known, call: ir.Call) -> Statement | None:
        owner = scope.owner if isinstance(scope, Function) else None
        if owner is None or not isinstance(scope, Function):
            return None
        own = scope.parameters[0].name if scope.parameters else "self"
        if self.is_queryset(owner.qualified):
            base = known[own] if own in known else self._self(scope)
            if base is None:
                return None
            plain = base.with_(kinds=())
            return (
                plain.with_(form="queryset") if name == "get_queryset" else self.step(plain, call, name, scope, known)
            )
        if name != "get_queryset":
            return None
        for each in self.project.classes.mro(owner)[1:]:
            if isinstance(each, Class) and name in each.methods:
                return self.statements.returned(each.methods[name], None, scope, {})
        return self.of_view(owner)

    def of_view(self, cls: Class) -> Statement | None:
        """The queryset of a class-based view: `queryset`, or all of `model`."""
        found = self.statements.attribute(cls, "queryset")
        if found is not None:
            return found.with_(form="queryset")
        for each in self.project.classes.mro(cls):
            if isinstance(each, Class) and "model" in each.attributes:
                models = self.entities.of(each.attributes["model"].value, each)
                if len(models) == 1:
                    return self._default(models[0], "_default_manager", _MANAGER).with_(form="queryset")
        return None

    def _made(self, call: ir.Call, scope: Scope, known: Known) -> Statement | None:
        func = call.func
        if type(func) is ir.Attribute and func.name in ("get_queryset", "filter_queryset"):
            return self._of_object(call, func, scope, known)
        if type(func) is ir.Attribute and func.name == "get_model":
            return None
        qualified = self.project.qualified(func, scope)
        if qualified in ("django.db.models.Q", "django.db.models.query_utils.Q"):
            return None
        if qualified is None or not self.is_queryset(qualified):
            return None
        first = call.argument(0, "model")
        model = next(iter(self.entities.of(first, scope)), None)
        if model is None and type(first) is ir.Attribute and type(first.value) is ir.Name:
            held = known.get(first.value.id) or self.start(first.value, scope, known)
            model = held.model if held is not None else None
        kinds = (qualified,) if self.project.cls(qualified) is not None else ()
        return Statement(LIBRARY, "queryset", model=model, kinds=kinds)

    def _of_object(self, call: ir.Call, func: ir.Attribute, scope: Scope, known: Known) -> Statement | None:
        """`self.get_queryset()` of a view that leaves it to its attributes."""
        if func.name == "filter_queryset" and call.positional:
            return self.statements.of(call.positional[0], scope, known)
        owner = self.project.type_of(func.value, scope)
        cls = None if owner is None else self.project.cls(owner.name)
        if cls is None or self.project.classes.method(cls.qualified, func.name) is not None:
            return None
        if self.is_queryset(cls.qualified):
            return known.get("self") or self.start(func.value, scope, known)
        return self.of_view(cls) if self.project.classes.is_subclass(cls, *_VIEWS) else None

    def is_queryset(self, name: str) -> bool:
        cls = self.project.cls(name)
        above = self.project.classes.mro(cls) if cls is not None else ancestors(name)
        return any(isinstance(each, str) and each in (_QUERYSET, _MANAGER) for each in above)

    # Steps

    def step(self, so_far: Statement, call: ir.Call, name: str, scope: Scope, known: Known) -> Statement | None:
        if so_far.library != LIBRARY or name in TERMINAL:
            return None
        so_far = so_far.with_(form="queryset")
        match name:
            case "filter" | "exclude" | "complex_filter":
                uses, is_complete = self.conditions(so_far, call, scope, negated=name == "exclude")
                return so_far.filtered(uses, is_complete=is_complete)
            case "order_by":
                return so_far.with_(orders=tuple(self.orders(so_far, call, scope)))
            case "reverse":
                return so_far
            case "select_related" | "prefetch_related":
                return so_far.with_(eager=(*so_far.eager, *self.eager(call, scope)))
            case "annotate" | "alias":
                return so_far.filtered([use for value in call.keywords.values() for use in self._inner(value, scope)])
            case "select_for_update":
                return so_far.with_(is_locked=True)
            case "iterator" | "aiterator":
                return so_far.with_(is_streamed=True, is_async=name == "aiterator")
            case "none":
                return so_far.with_(is_bounded=True)
            case "union" | "intersection" | "difference":
                return so_far.with_(has_unknown_filters=True)
            case _ if name in _UNCHANGED:
                return so_far
            case _:
                return so_far.with_(has_unknown_filters=True)

    def _inner(self, expr: Expr, scope: Scope) -> Iterator[ColumnUse]:
        """What the subqueries in an annotation ask for."""
        for node in ir.walk_expression(expr):
            if type(node) is ir.Call and (ir.dotted(node.func) or "").rpartition(".")[2] in ("Exists", "Subquery"):
                inner = self.statements.of(node.positional[0], scope) if node.positional else None
                yield from inner.filters if inner is not None else ()

    def eager(self, call: ir.Call, scope: Scope) -> Iterator[str]:
        if not call.args:
            yield "*"
        for value in call.positional:
            inner = value.args[0].value if type(value) is ir.Call and value.args else value
            held = constant(self.project, inner, scope)
            if isinstance(held, str):
                yield held.replace("__", ".")

    def orders(self, so_far: Statement, call: ir.Call, scope: Scope) -> Iterator[ColumnUse]:
        for value in call.positional:
            inner, direction = value, "asc"
            while type(inner) is ir.Call:
                if type(inner.func) is ir.Attribute and inner.func.name in ("desc", "asc"):
                    direction, inner = inner.func.name, inner.func.value
                elif inner.args:
                    inner = inner.args[0].value
                else:
                    break
            held = constant(self.project, inner, scope)
            if not isinstance(held, str):
                yield ColumnUse("?", direction, scope.module.place(value), inner, so_far.model)
                continue
            found = self.lookup(so_far, held.lstrip("-+"), None, scope, value)
            yield replace(found, operator="desc" if held.startswith("-") else direction, value=None)

    # Conditions

    def conditions(
        self, so_far: Statement, call: ir.Call, scope: Scope, *, negated: bool = False, alternative: bool = False
    ) -> tuple[list[ColumnUse], bool]:
        """The columns that the arguments of `filter(…)`, `get(…)` or `Q(…)` ask for, and whether that is all."""
        uses: list[ColumnUse] = []
        is_complete = True
        for arg in call.args:
            if arg.keyword is not None:
                if arg.keyword not in _NO_LOOKUPS:
                    found = self.lookup(so_far, arg.keyword, arg.value, scope, arg.value, negated=negated)
                    uses.append(replace(found, is_alternative=alternative))
            elif arg.stars == 2:
                more, is_known = self._mapping(so_far, arg.value, scope, negated=negated)
                uses.extend(more)
                is_complete = is_complete and is_known
            else:
                items = self.statements.parts(arg.value, scope) if arg.stars else [(arg.value, True)]
                for item, _ in items:
                    more, is_known = self.condition(so_far, item, scope, negated=negated, alternative=alternative)
                    uses.extend(more)
                    is_complete = is_complete and is_known
        return uses, is_complete

    def condition(
        self, so_far: Statement, expr: Expr, scope: Scope, *, negated: bool, alternative: bool, depth: int = 0
    ) -> tuple[list[ColumnUse], bool]:
        """`Q(…)`, what is put together from it, and the variables that hold it."""
        if depth > 8:
            return [], False
        match expr:
            case ir.Binary(op="&" | "|" as op, left=left, right=right):
                is_or = alternative or op == "|"
                parts = [
                    self.condition(so_far, each, scope, negated=negated, alternative=is_or, depth=depth + 1)
                    for each in (left, right)
                ]
                return [use for uses, _ in parts for use in uses], all(known for _, known in parts)
            case ir.Unary(op="~", value=value):
                return self.condition(
                    so_far, value, scope, negated=not negated, alternative=alternative, depth=depth + 1
                )
            case ir.Call(func=func):
                name = (ir.dotted(func) or "").rpartition(".")[2]
                if name == "Q":
                    return self.conditions(so_far, expr, scope, negated=negated, alternative=alternative)
                inner = self.statements.of(expr.positional[0], scope) if name == "Exists" and expr.positional else None
                return (list(inner.filters), True) if inner is not None else ([], False)
            case ir.Name(id=name) if isinstance(scope, Function) and name in scope.locals:
                return self._collected(so_far, name, scope, negated=negated, alternative=alternative, depth=depth)
            case _:
                return [], False

    def _collected(
        self, so_far: Statement, name: str, scope: Function, *, negated: bool, alternative: bool, depth: int
    ) -> tuple[list[ColumnUse], bool]:
        """A local `Q`, with what `|=` and `&=` add to it."""
        uses: list[ColumnUse] = []
        is_known = False
        values = [(each.expr, "") for each in self.project.types.bindings(scope).get(name, ()) if each.kind == "value"]
        values += [
            (stmt.value, stmt.op)
            for stmt in scope.statements
            if type(stmt) is ir.Augment and type(stmt.target) is ir.Name and stmt.target.id == name
        ]
        has_or = any(op == "|" for _, op in values)
        for value, _ in values:
            if _mentions(value, name):
                continue
            found, known = self.condition(
                so_far, value, scope, negated=negated, alternative=alternative or has_or, depth=depth + 1
            )
            uses.extend(found)
            is_known = is_known or known
        return uses, is_known

    def _mapping(self, so_far: Statement, value: Expr, scope: Scope, *, negated: bool) -> tuple[list[ColumnUse], bool]:
        """`filter(**lookups)` of a dictionary that is written out, or built in the same function."""
        if type(value) is ir.Dict:
            uses = []
            is_complete = True
            for key, item in zip(value.keys, value.values, strict=True):
                held = constant(self.project, key, scope)
                if isinstance(held, str):
                    uses.append(self.lookup(so_far, held, item, scope, item, negated=negated))
                else:
                    is_complete = False
            return uses, is_complete
        if type(value) is not ir.Name or not isinstance(scope, Function) or value.id not in scope.locals:
            return [], False
        found: list[ColumnUse] = []
        for binding in self.project.types.bindings(scope).get(value.id, ()):
            if binding.kind == "value" and type(binding.expr) is ir.Dict:
                found.extend(self._mapping(so_far, binding.expr, scope, negated=negated)[0])
        for stmt in scope.statements:
            match stmt:
                case ir.Assign(targets=[ir.Subscript(value=ir.Name(id=name), index=key)], value=given):
                    held = constant(self.project, key, scope)
                    if given is not None and name == value.id and isinstance(held, str):
                        found.append(self.lookup(so_far, held, given, scope, given, negated=negated))
        return found, False

    def lookup(
        self, so_far: Statement, path: str, value: Expr | None, scope: Scope, at: Expr, *, negated: bool = False
    ) -> ColumnUse:
        """The column at the end of `category__parent__slug__iexact`, and what is asked of it."""
        model = self.project.models.get(so_far.model or "")
        place = scope.module.place(at)
        parts = path.split("__")
        relations: list[str] = []
        owner = so_far.model
        column = parts[0]
        while parts:
            name = parts[0]
            found = None if model is None else _column(model, name)
            related = None if model is None else _relation(model, name)
            if related is not None and len(parts) > 1 and not _is_lookup(parts[1]):
                relations.append(name)
                owner = related.target
                model = self.project.models.get(owner or "")
                parts = parts[1:]
                column = parts[0]
                continue
            column = found or name
            if found is None and related is not None:  # the key at the other end
                owner = related.target
                other = self.project.models.get(owner or "")
                column = (other.primary_key or ("id",))[0] if other is not None else "id"
                relations.append(name)
            parts = parts[1:]
            break
        operator = _OPERATORS.get(parts[-1], "==") if parts else "=="
        functions = [each for each in parts if each not in _OPERATORS]
        if negated:
            operator = _NEGATED.get(operator) or f"not {operator}"
        return ColumnUse(column, operator, place, value, owner, ".".join(relations), ".".join(functions) or None)


_NO_LOOKUPS = frozenset({"defaults", "create_defaults", "_connector", "_negated", "_using"})


def _column(model: Model, name: str) -> str | None:
    if name == "pk":
        return (model.primary_key or ("id",))[0]
    found = model.columns.get(name) or model.columns.get(name.removesuffix("_id"))
    return None if found is None else found.name


def _relation(model: Model, name: str) -> Relationship | None:
    found = model.relationships.get(name)
    if found is not None and (found.query_name is None or not found.is_reverse):
        return found
    return next((each for each in model.relationships.values() if each.query_name == name), found)


def _is_lookup(name: str) -> bool:
    return name in _OPERATORS


def _managers(model: Model) -> Iterator[str]:
    for name, stmt in model.cls.attributes.items() if model.cls is not None else ():
        if type(stmt.value) is ir.Call and name not in model.columns:
            yield name


def _is_super(expr: Expr) -> bool:
    return type(expr) is ir.Call and ir.dotted(expr.func) == "super"


def _mentions(expr: Expr, name: str) -> bool:
    return any(type(node) is ir.Name and node.id == name for node in ir.walk_expression(expr))
