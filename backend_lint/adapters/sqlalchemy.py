"""Models of SQLAlchemy 1.4 and 2.0, of SQLModel and Flask-SQLAlchemy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from backend_lint.adapters._library import LibraryField, library_model
from backend_lint.adapters._sqlalchemy_columns import (
    COLUMN_WORDS,
    Call,
    Written,
    column_call,
    declared_column,
    reference,
    sqlmodel_column,
    table_column,
)
from backend_lint.adapters._sqlalchemy_entities import Entities
from backend_lint.adapters._sqlalchemy_references import References
from backend_lint.adapters._sqlalchemy_types import annotation, family, word
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Module, Project, Scope, Type
from backend_lint.project.constants import UNKNOWN, arguments_of, assigned, constant, passed, returned, text
from backend_lint.project.model import Column, Index, Model, Relationship


def read(project: Project) -> None:
    reader = _Reader(project)
    for cls in _classes(project):
        reader.model(cls)
    reader.tables()
    reader.references.settle()
    project.models.update(reader.models)
    project.types.learn(dict(_relationship_types(reader.models)))


def _relationship_types(models: Mapping[str, Model]) -> Iterator[tuple[tuple[str, str], Type]]:
    for model in models.values():
        for related in model.relationships.values():
            if model.cls is not None and related.target is not None and related.target in models:
                one = Type(related.target)
                many = Type("sqlalchemy.orm.Query" if related.lazy == "dynamic" else "builtins.list", (one,))
                yield (model.qualified, related.name), many if related.many else one


def _classes(project: Project) -> Iterator[Class]:
    for scope in project.scopes():
        if isinstance(scope, Class):
            yield scope


_CONSTRAINTS = frozenset({"Index", "UniqueConstraint", "PrimaryKeyConstraint", "ForeignKeyConstraint"})


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.models: dict[str, Model] = {}
        self.entities = Entities(project)
        self.references = References(project, self.models)
        self.handles: dict[str, Model] = {}
        self._known: dict[str, Model | None] = {}
        self._keys: dict[str, dict[str, str]] = {}

    # Which classes are entities

    def model(self, cls: Class) -> Model | None:
        """The entity that a class is, None if it is a mixin, an abstract base or something else."""
        if cls.qualified not in self._known:
            self._known[cls.qualified] = None  # a class that depends on itself is no entity
            self._known[cls.qualified] = self._read(cls)
        return self._known[cls.qualified]

    def _read(self, cls: Class) -> Model | None:
        lineage = self.entities.lineage(cls)
        if not self.entities.is_declared(cls, lineage) or self.entities.is_abstract(cls):
            return None
        parent = next((each for each in map(self.model, lineage[1:]) if each is not None), None)
        inherited = self.entities.lineage(parent.cls) if parent is not None and parent.cls is not None else []
        own = [each for each in lineage if each not in inherited]
        table_expr = cls.attributes.get("__table__")
        if table_expr is not None and table_expr.value is not None:
            return self._mapped_to_table(cls, table_expr.value, cls, lineage)
        name = self._table_name(cls, lineage, parent)
        if name is None and parent is None:
            return None
        orm = "sqlmodel" if self.project.classes.is_subclass(cls, "sqlmodel.SQLModel") else "sqlalchemy"
        model = Model(cls.name, cls.qualified, name or "", orm, cls.at, cls)
        self._add_columns(model, own, lineage)
        keyed = model.primary_key or any(each == "PrimaryKeyConstraint" for each, _ in self._constraints(own, cls))
        if parent is not None and (name is None or (self.entities.is_flask(cls) and not keyed)):
            model.table = name = parent.table
            self._share(model, parent)
        elif parent is not None:
            self._join(model, parent)
        if not model.columns and not self.entities.has_known_base(cls):
            return None
        self.models[cls.qualified] = model
        self._add_constraints(model, own, cls)
        model.table = self._qualified_table(model.table, own, lineage) if model.table == name else model.table
        return model

    # Names of tables

    def _table_name(self, cls: Class, lineage: list[Class], parent: Model | None) -> str | None:
        holder = next((each for each in lineage if _has(each, "__tablename__")), None)
        if holder is not None:
            is_own = any(
                _has(each, "__tablename__") and (self._known.get(each.qualified) is None or _is_computed(each))
                for each in lineage
            )
            if is_own:
                return self._computed_name(cls, holder)
        if self.project.classes.is_subclass(cls, "sqlmodel.SQLModel"):
            return cls.name.lower()
        if self.entities.is_flask(cls):
            return _snake_case(cls.name)
        above = (each for each in self.project.classes.mro(cls) if isinstance(each, str))
        given = [library.table for library in map(library_model, above) if library is not None and library.table]
        return given[0] if given and parent is None else None

    def _computed_name(self, cls: Class, holder: Class) -> str | None:
        if "__tablename__" in holder.attributes:
            value = constant(self.project, holder.attributes["__tablename__"].value, holder)
        else:
            method = holder.methods["__tablename__"]
            own = method.parameters[0].name if method.parameters else ""
            value = constant(self.project, returned(self.project, method, {own: cls}), method, {own: cls})
        if value is UNKNOWN:
            return _snake_case(cls.name)
        return value if isinstance(value, str) else None

    def _qualified_table(self, name: str, own: list[Class], lineage: list[Class]) -> str:
        """The name with its schema, if `__table_args__` or the base's `MetaData` has one."""
        for _, args, scope in self._table_args(own):
            parts = args.items if type(args) is ir.Sequence else [args]
            options = constant(self.project, parts[-1], scope) if parts and type(parts[-1]) is ir.Dict else None
            if isinstance(options, dict) and isinstance(options.get("schema"), str):
                return f"{options['schema']}.{name}"
            made = constant(self.project, args.keywords.get("schema"), scope) if type(args) is ir.Call else None
            if isinstance(made, str):
                return f"{made}.{name}"
        for each in lineage:
            if "metadata" in each.attributes:
                return self._with_schema(name, each.attributes["metadata"].value, each)
        for each in lineage:
            for base in each.facts.bases:
                found = assigned(self.project, base, each.module)
                if found is not None and type(found[0]) is ir.Call:
                    return self._with_schema(name, found[0].keywords.get("metadata"), found[1])
        return name

    def _with_schema(self, name: str, metadata: Expr | None, scope: Scope) -> str:
        for _ in range(4):
            if type(metadata) is ir.Call:
                inner = metadata.keywords.get("schema")
                if inner is None and "metadata" in metadata.keywords:
                    metadata = metadata.keywords["metadata"]
                    continue
                schema = constant(self.project, inner, scope)
                return f"{schema}.{name}" if isinstance(schema, str) else name
            qualified = (self.project.qualified(metadata, scope) or "").removesuffix(".metadata")
            module, rest = self.project.names.split(qualified)
            if module is None or rest not in module.assignments:
                return name
            scope, metadata = module, module.assignments[rest][-1].value
        return name

    # Columns and relationships

    def _add_columns(self, model: Model, own: list[Class], lineage: list[Class]) -> None:
        assert model.cls is not None
        keys = self._keys.setdefault(model.qualified, {})
        seen: set[str] = set()
        for cls in own:
            for attribute in _declared_names(cls):
                if attribute in seen or attribute.startswith("__"):
                    continue
                found = self._attribute(model, attribute, cls, lineage)
                if found is None:
                    if cls is model.cls or attribute in cls.methods:
                        seen.add(attribute)
                    continue
                seen.add(attribute)
                if isinstance(found, Relationship):
                    model.relationships[attribute] = found
                    continue
                declared, written = found
                model.columns[attribute] = declared
                keys[written.key or declared.name] = declared.name
        self._add_library_columns(model, own, seen)

    def _add_library_columns(self, model: Model, own: list[Class], seen: set[str]) -> None:
        """What mixins of libraries add."""
        bases = [base for cls in own for base in self.project.classes.bases(cls) if isinstance(base, str)]
        for library in map(library_model, dict.fromkeys(bases)):
            for each in library.fields if library is not None else ():
                if each.name not in seen:
                    model.columns[each.name] = _library_column(each, model)

    def _attribute(
        self, model: Model, attribute: str, cls: Class, lineage: list[Class]
    ) -> tuple[Column, Written] | Relationship | None:
        assert model.cls is not None
        if attribute in cls.methods:
            return self._computed_attribute(model, attribute, cls, lineage)
        stmt = cls.attributes[attribute]
        if model.orm == "sqlmodel":
            return self._sqlmodel_attribute(model, attribute, cls, lineage)
        note = None
        if stmt.annotation is not None:
            note = annotation(self.project, stmt.annotation, cls)
            if note.wrapper is None:
                note = None
        related = self._relationship(model, attribute, stmt.value, cls, note=stmt.annotation, at=cls.place(stmt))
        if related is not None:
            return related
        call = column_call(self.project, stmt.value, cls)
        if call is None and (note is None or stmt.value is not None):
            return None
        return declared_column(self.project, attribute, call, note, owner=cls, lineage=lineage, locate=self.locate)

    def _computed_attribute(
        self, model: Model, attribute: str, cls: Class, lineage: list[Class]
    ) -> tuple[Column, Written] | Relationship | None:
        method = cls.methods[attribute]
        if not any("declared_attr" in (ir.dotted(ir.callee(each)) or "") for each in method.decorators):
            return None
        own = method.parameters[0].name if method.parameters else ""
        known = {own: model.cls}
        value = returned(self.project, method, known)
        related = self._relationship(model, attribute, value, method, note=method.facts.returns, at=method.at)
        if related is not None:
            return related
        call = column_call(self.project, value, method, known)
        if call is None:
            return None
        note = None if method.facts.returns is None else annotation(self.project, method.facts.returns, method)
        if note is not None and note.wrapper is None:
            note = None
        return declared_column(self.project, attribute, call, note, owner=cls, lineage=lineage, locate=self.locate)

    def _sqlmodel_attribute(
        self, model: Model, attribute: str, cls: Class, lineage: list[Class]
    ) -> tuple[Column, Written] | Relationship | None:
        stmt = cls.attributes[attribute]
        if stmt.annotation is None or attribute in ("model_config", "metadata"):
            return None
        if (ir.dotted(stmt.annotation) or ir.dotted(getattr(stmt.annotation, "value", None)) or "").endswith(
            "ClassVar"
        ):
            return None
        related = self._relationship(model, attribute, stmt.value, cls, note=stmt.annotation, at=cls.place(stmt))
        if related is not None:
            return related
        return sqlmodel_column(
            self.project, attribute, stmt.value, stmt.annotation, owner=cls, lineage=lineage, locate=self.locate
        )

    def _relationship(
        self,
        model: Model,
        attribute: str,
        value: Expr | None,
        scope: Scope,
        *,
        note: Expr | None,
        at: Any,
        known: Mapping[str, Any] | None = None,
    ) -> Relationship | None:
        if type(value) is not ir.Call:
            return None
        if word(self.project, value.func, scope) not in ("relationship", "Relationship", "relation", "dynamic_loader"):
            return None
        found = Relationship(attribute, None, at, options=value.keywords)
        noted = None if note is None else annotation(self.project, note, scope)
        target = value.argument(0, "argument")
        found.lazy = text(self.project, value.keywords.get("lazy"), scope)
        found.back = text(self.project, value.keywords.get("back_populates"), scope)
        found.through = self._table_of(value.keywords.get("secondary") or value.keywords.get("link_model"), scope)
        uselist = constant(self.project, value.keywords.get("uselist"), scope)
        if noted is not None:
            inner = noted.python
            if type(inner) is ir.Subscript:
                found.many = True
                target = target or (inner.index.items[-1] if type(inner.index) is ir.Sequence else inner.index)
            else:
                target = target or inner
            scope = noted.scope if value.argument(0, "argument") is None else scope
            if noted.wrapper in ("DynamicMapped", "WriteOnlyMapped"):
                found.many, found.lazy = True, found.lazy or ("dynamic" if noted.wrapper[0] == "D" else "write_only")
        if isinstance(uselist, bool):
            found.many = uselist
        elif noted is None or (type(noted.python) is not ir.Subscript and noted.wrapper is None):
            self.references.loose.append((model, found, scope))
        found.target = self._target_name(target, scope, known)
        back = value.keywords.get("backref")
        if back is not None:
            self.references.backrefs.append((model, found, back, scope))
        return found

    def _target_name(self, expr: Expr | None, scope: Scope, known: Mapping[str, Any] | None = None) -> str | None:
        """The class that a relationship names, as far as the expression says; a bare name is looked up at the end."""
        if type(expr) is ir.Lambda:
            function = scope.module.functions[expr.function]
            inner = next((each.value for each in function.statements if type(each) is ir.Return), None)
            return self._target_name(inner, function)
        held = constant(self.project, expr, scope, known)
        if isinstance(held, Class):
            return held.qualified
        if isinstance(held, str):
            return held
        return None if expr is None else self.project.qualified(expr, scope) or ir.dotted(expr)

    def _table_of(self, expr: Expr | None, scope: Scope) -> str | None:
        if expr is None:
            return None
        held = constant(self.project, expr, scope)
        if isinstance(held, Class):
            return held.qualified
        return held if isinstance(held, str) else self.project.qualified(expr, scope)

    def locate(self, expr: Expr, scope: Scope) -> tuple[str, str] | None:
        """The table and the attribute that `Product.id`, `products.c.id` or `Product.__table__.c.id` names."""
        if type(expr) is not ir.Attribute:
            return None
        owner = expr.value
        if type(owner) is ir.Attribute and owner.name in ("c", "columns"):
            owner = owner.value
        if type(owner) is ir.Attribute and owner.name == "__table__":
            owner = owner.value
        qualified = self.project.qualified(owner, scope)
        if qualified is None:
            return None
        cls = self.project.cls(qualified)
        if cls is not None:
            model = self.model(cls)
            return None if model is None else (model.table, expr.name)
        table = self._table_at(qualified)
        return None if table is None else (table.table, expr.name)

    # Inheritance

    def _share(self, model: Model, parent: Model) -> None:
        """Single-table inheritance: the parent's columns, and those that the child adds to its table."""
        model.parent = parent.qualified
        model.columns = {**parent.columns, **model.columns}
        model.relationships = {**parent.relationships, **model.relationships}
        for name, keys in self._keys.get(parent.qualified, {}).items():
            self._keys[model.qualified].setdefault(name, keys)

    def _join(self, model: Model, parent: Model) -> None:
        model.parent = parent.qualified
        for attribute, inherited in parent.columns.items():
            if attribute not in model.columns:
                model.columns[attribute] = _inherited(inherited, parent.table)
        model.relationships = {**parent.relationships, **model.relationships}

    # Constraints and indexes

    def _table_args(self, own: list[Class]) -> Iterator[tuple[Class, Expr, Scope]]:
        """`__table_args__`; where a function puts them together, also what classes call alike."""
        for cls in own:
            if _has(cls, "__table_args__"):
                found = self._held_args(cls, "__table_args__", own[0])
                if found is None:
                    return
                yield (cls, *found)
                if type(found[0]) is ir.Call:
                    for each in own:
                        for name in (*each.attributes, *each.methods):
                            more = self._held_args(each, name, own[0]) if name.endswith("_table_args") else None
                            if more is not None:
                                yield (each, *more)
                return

    def _held_args(self, cls: Class, name: str, model: Class) -> tuple[Expr, Scope] | None:
        if name in cls.attributes:
            value = cls.attributes[name].value
            return None if value is None else (value, cls)
        method = cls.methods[name]
        parameter = method.parameters[0].name if method.parameters else ""
        value = returned(self.project, method, {parameter: model})
        return None if value is None else (value, method)

    def _constraints(self, own: list[Class], cls: Class) -> Iterator[tuple[str, Call]]:
        for _, args, scope in self._table_args(own):
            yield from self._items(args, scope)
        for each in own:
            for stmt in each.attributes.values():
                if type(stmt.value) is ir.Call and word(self.project, stmt.value.func, each) == "Index":
                    yield "Index", Call(stmt.value, each)

    def _items(self, expr: Expr, scope: Scope, depth: int = 0) -> Iterator[tuple[str, Call]]:
        """The constraints in a tuple, in what it is put together from, and in the variables that hold them."""
        if depth > 6:
            return
        match expr:
            case ir.Sequence(items=items):
                for item in items:
                    yield from self._items(item, scope, depth + 1)
            case ir.Star(value=value):
                yield from self._items(value, scope, depth + 1)
            case ir.Binary(op="+", left=left, right=right):
                yield from self._items(left, scope, depth + 1)
                yield from self._items(right, scope, depth + 1)
            case ir.Call():
                call = self._constraint_call(expr, scope)
                if call is not None:
                    yield call
                elif ir.dotted(expr.func) == "tuple" and expr.args:
                    yield from self._items(expr.args[0].value, scope, depth + 1)
            case ir.Attribute(name="__table_args__", value=value):
                cls = self.project.cls(self.project.qualified(value, scope) or "")
                if cls is not None:
                    for _, args, inner in self._table_args(self.entities.lineage(cls)):
                        yield from self._items(args, inner, depth + 1)
            case ir.Name(id=name) if not isinstance(scope, Module) and name in _local_names(scope):
                bound = (
                    [each.expr for each in self.project.types.bindings(scope).get(name, ()) if each.kind == "value"]
                    if not isinstance(scope, Class)
                    else [stmt.value for stmt in [scope.attributes.get(name)] if stmt is not None and stmt.value]
                )
                for value in bound[-1:]:
                    yield from self._items(value, scope, depth + 1)
            case ir.Name():
                found = assigned(self.project, expr, scope)
                if found is not None:
                    yield from self._items(*found, depth + 1)

    def _constraint_call(self, expr: ir.Call, scope: Scope) -> tuple[str, Call] | None:
        name = word(self.project, expr.func, scope)
        if name in _CONSTRAINTS:
            return name or "", Call(expr, scope)
        qualified = self.project.qualified(expr.func, scope)
        function = None if qualified is None else self.project.function(qualified)
        if function is None:
            return None
        given = arguments_of(self.project, function, expr, scope, {})
        made = returned(self.project, function, given)
        name = word(self.project, made.func, function) if type(made) is ir.Call else None
        if type(made) is not ir.Call or name not in _CONSTRAINTS:
            return None
        return name or "", Call(made, function, given)

    def _add_constraints(self, model: Model, own: list[Class], cls: Class) -> None:
        for name, call in self._constraints(own, cls):
            self._constrain(model, name, call)
        _mark_columns(model)

    def _constrain(self, model: Model, kind: str, call: Call) -> None:
        given = list(passed(self.project, call.node, call.scope, call.known))
        keywords = {each.keyword: each.value for each in given if each.keyword is not None}
        name = text(self.project, keywords.get("name"), call.scope)
        values = [each.value for each in given if each.keyword is None]
        if kind == "Index" and values:
            name = name or text(self.project, values[0], call.scope)
            values = values[1:]
        if kind == "ForeignKeyConstraint":
            self._add_foreign_keys(model, call)
            return
        names = [self._column_name(model, value, call.scope) for value in values]
        columns = tuple(each for each in _until_none(names))
        has_expressions = None in names
        if kind == "PrimaryKeyConstraint":
            for each in model.columns.values():
                if each.name in columns and each.table is None:
                    each.primary_key = True
                    if "nullable" not in each.arguments:
                        each.nullable = False
            return
        if not names or (not columns and not has_expressions):
            return
        unique = kind == "UniqueConstraint" or constant(self.project, keywords.get("unique"), call.scope) is True
        is_partial = any(key.endswith("_where") for key in keywords)
        at = call.scope.module.place(call.node)
        is_constraint = kind == "UniqueConstraint"
        method = next((key for key in keywords if key.endswith(("_using", "_ops", "_prefix", "_include"))), None)
        model.indexes.append(Index(columns, unique, at, name, is_partial, is_constraint, has_expressions, method))

    def _column_name(self, model: Model, expr: Expr, scope: Scope) -> str | None:
        """The database name of the column that an argument of an index names; None for an expression."""
        keys = self._keys.get(model.qualified, {})
        held = constant(self.project, expr, scope) if not isinstance(expr, ir.Name | ir.Attribute) else UNKNOWN
        if isinstance(held, str):
            return keys.get(held, held)
        match expr:
            case ir.Call(func=ir.Attribute(value=value, name="desc" | "asc" | "nulls_last" | "nulls_first")):
                return self._column_name(model, value, scope)
            case ir.Call(args=[ir.Argument(value=value), *_]):
                name = word(self.project, expr.func, scope)
                if name in ("desc", "asc"):
                    return self._column_name(model, value, scope)
                written = text(self.project, value, scope) if name == "text" else None
                match = re.fullmatch(r"(\w+)(\s+(ASC|DESC))?", written or "", re.IGNORECASE)
                return keys.get(match[1], match[1]) if match else None
            case ir.Name(id=name) | ir.Attribute(name=name):
                if name in model.columns:
                    return model.columns[name].name
                held = constant(self.project, expr, scope)
                if isinstance(held, str):
                    return keys.get(held, held)
                return keys.get(name)
            case _:
                return None

    def _add_foreign_keys(self, model: Model, call: Call) -> None:
        local, remote = call.node.argument(0, "columns"), call.node.argument(1, "refcolumns")
        rule = text(self.project, call.node.keywords.get("ondelete"), call.scope)
        if type(local) is not ir.Sequence or type(remote) is not ir.Sequence:
            return
        for here, there in zip(local.items, remote.items, strict=False):
            name = self._column_name(model, here, call.scope)
            target = reference(self.project, there, call, self.locate)
            for each in model.columns.values():
                if each.name == name and each.foreign_key is None:
                    each.foreign_key, each.on_delete = target, rule

    # Plain tables

    def tables(self) -> None:
        """`Table(…)` at module level, what is mapped to it, and indexes that stand on their own."""
        for scope in self.project.scopes():
            if isinstance(scope, Class):
                continue
            if isinstance(scope, Module):
                for name, found in scope.assignments.items():
                    if type(found[-1].value) is ir.Call:
                        self._table_at(f"{scope.name}.{name}")
            for stmt in ir.walk_statements(scope.body):
                value = stmt.value if isinstance(stmt, ir.Evaluate | ir.Assign) else None
                if type(value) is ir.Call:
                    self._statement(value, scope)
                if isinstance(scope, Module) and type(stmt) is ir.Assign and type(stmt.targets[0]) is ir.Attribute:
                    self._append(stmt.targets[0].value, stmt.targets[0].name, stmt.value, scope)

    def _statement(self, call: ir.Call, scope: Scope) -> None:
        name = (ir.dotted(call.func) or "").rpartition(".")[2]
        if name in ("mapper", "map_imperatively") and len(call.positional) >= 2:
            cls = self.project.cls(self.project.qualified(call.positional[0], scope) or "")
            if cls is not None:
                self._mapped_to_table(cls, call.positional[1], scope, [cls], call.keywords.get("properties"))
        elif name == "append_column" and isinstance(scope, Module) and type(call.func) is ir.Attribute:
            self._append(call.func.value, None, call.argument(0, "column"), scope)
        elif name == "Index" and isinstance(scope, Module) and word(self.project, call.func, scope) == "Index":
            for value in call.positional[1:]:
                owner = self._owner(value, scope)
                if owner is not None:
                    self._constrain(owner, "Index", Call(call, scope))
                    _mark_columns(owner)
                    return

    def _append(self, owner: Expr, name: str | None, value: Expr | None, scope: Module) -> None:
        """A column that a class or table is given once it is made: `Asset.extra = Column(…)`."""
        call = column_call(self.project, value, scope)
        qualified = None if call is None else self.project.qualified(owner, scope)
        model = None if qualified is None else self.models.get(qualified) or self.handles.get(qualified)
        if call is None or model is None or word(self.project, call.node.func, call.scope) not in COLUMN_WORDS:
            return
        column, written = table_column(self.project, call, self.locate)
        column.attribute = name or column.name
        model.columns[name or written.key or column.name] = column
        _mark_columns(model)

    def _owner(self, expr: Expr, scope: Scope) -> Model | None:
        match expr:
            case ir.Attribute(value=value):
                while type(value) is ir.Attribute and value.name in ("c", "columns", "__table__"):
                    value = value.value
                qualified = self.project.qualified(value, scope) or ""
                return self.models.get(qualified) or self.handles.get(qualified)
            case ir.Call():
                owners = (self._owner(each, scope) for each in (expr.func, *expr.positional))
                return next((each for each in owners if each is not None), None)
            case _:
                return None

    def _table_at(self, qualified: str) -> Model | None:
        """The table that a module-level variable holds."""
        if qualified in self.handles:
            return self.handles[qualified]
        module, rest = self.project.names.split(qualified)
        if module is None or rest not in module.assignments:
            return None
        value = module.assignments[rest][-1].value
        if type(value) is not ir.Call or word(self.project, value.func, module) != "Table":
            return None
        table = self._table(value, module, rest, qualified)
        if table is not None:
            table.handle = qualified
            self.handles[qualified] = self.models[qualified] = table
        return table

    def _table(self, call: ir.Call, scope: Scope, name: str, qualified: str) -> Model | None:
        title = text(self.project, call.argument(0, "name"), scope)
        if title is None or len(call.args) < 3:
            return None
        schema = text(self.project, call.keywords.get("schema"), scope)
        metadata = call.argument(1, "metadata")
        table = f"{schema}.{title}" if schema else self._with_schema(title, metadata, scope)
        model = Model(name, qualified, table, "sqlalchemy", scope.module.place(call), None)
        keys = self._keys.setdefault(qualified, {})
        for value, known in self._parts(call, scope):
            inner = column_call(self.project, value, scope, known)
            if inner is not None and word(self.project, inner.node.func, inner.scope) in COLUMN_WORDS:
                each, written = table_column(self.project, inner, self.locate)
                model.columns[written.key or each.name] = each
                keys[written.key or each.name] = each.name
        for value in call.positional[2:]:
            for kind, found in self._items(value, scope):
                self._constrain(model, kind, found)
        _mark_columns(model)
        return model if model.columns else None

    def _parts(self, call: ir.Call, scope: Scope) -> Iterator[tuple[Expr, dict[str, Any]]]:
        """What a table is given, each with what is known of the names in it: stars and comprehensions written out."""
        for arg in call.args:
            match arg:
                case ir.Argument(stars=1, value=ir.Sequence(items=items)):
                    yield from ((item, {}) for item in items)
                case ir.Argument(stars=1, value=ir.Comprehension(element=element, clauses=[clause])):
                    held = constant(self.project, clause.iter, scope)
                    if type(clause.target) is ir.Name and isinstance(held, list | tuple):
                        yield from ((element, {clause.target.id: each}) for each in held)
                case ir.Argument(stars=0, keyword=None, value=value):
                    yield value, {}

    def _mapped_to_table(
        self, cls: Class, expr: Expr, scope: Scope, lineage: list[Class], properties: Expr | None = None
    ) -> Model | None:
        if type(expr) is ir.Call:
            table = self._table(expr, scope, cls.name, cls.qualified)
        else:
            table = self._table_at(self.project.qualified(expr, scope) or "")
        if table is None:
            return None
        if table.handle is not None:
            self.models.pop(table.handle, None)
        table.name, table.qualified, table.cls, table.at = cls.name, cls.qualified, cls, cls.at
        if table.handle is not None:
            self._keys[cls.qualified] = self._keys[table.handle]
        self.models[cls.qualified] = self._known[cls.qualified] = table
        if type(properties) is ir.Dict:
            for key, value in zip(properties.keys, properties.values, strict=True):
                name = text(self.project, key, scope)
                related = self._relationship(table, name or "", value, scope, note=None, at=scope.module.place(value))
                if name and related is not None:
                    table.relationships[name] = related
        for attribute in _declared_names(cls):
            found = self._attribute(table, attribute, cls, lineage)
            if isinstance(found, Relationship):
                table.relationships[attribute] = found
        return table


def _library_column(each: LibraryField, model: Model) -> Column:
    return Column(
        each.column or each.name,
        each.name,
        each.kind,
        model.at,
        nullable="null" in each.words,
        primary_key="key" in each.words,
        unique="unique" in each.words,
        index="index" in each.words,
        foreign_key=each.reference,
        family=family(each.kind),
    )


def _has(cls: Class, name: str) -> bool:
    return name in cls.attributes or name in cls.methods


def _is_computed(cls: Class) -> bool:
    return "__tablename__" in cls.methods


def _declared_names(cls: Class) -> list[str]:
    """Attributes and methods of a class in the order in which they stand there."""
    places = {name: stmt.at for name, stmt in cls.attributes.items()}
    places |= {name: method.facts.at for name, method in cls.methods.items() if method.decorators}
    return sorted(places, key=places.__getitem__)


def _local_names(scope: Scope) -> frozenset[str]:
    if isinstance(scope, Class):
        return frozenset(scope.attributes)
    return frozenset() if isinstance(scope, Module) else scope.locals


def _until_none(names: list[str | None]) -> Iterator[str]:
    for name in names:
        if name is None:
            return
        yield name


def _inherited(each: Column, table: str) -> Column:
    """A column that lies in the table of the parent, seen from the child."""
    return Column(
        **{
            **{name: getattr(each, name) for name in each.__dataclass_fields__},
            "table": each.table or table,
            "unique": each.unique or each.primary_key,
            "primary_key": False,
        }
    )


def _mark_columns(model: Model) -> None:
    """Let indexes of columns and of the table know of each other."""
    own = [each for each in model.columns.values() if each.table is None]
    known = {(index.columns, index.unique) for index in model.indexes}
    for each in own:
        if each.index and ((each.name,), each.unique) not in known:
            model.indexes.append(Index((each.name,), each.unique, each.at))
        elif each.unique and ((each.name,), True) not in known:
            model.indexes.append(Index((each.name,), True, each.at, is_constraint=True))
    for each in own:
        for index in model.indexes:
            if index.is_partial:
                continue
            is_whole = index.columns == (each.name,) and not index.has_expressions
            each.unique = each.unique or (index.unique and is_whole)
            each.index = each.index or (index.columns[:1] == (each.name,) and not index.is_constraint)


def _snake_case(name: str) -> str:
    """The name that Flask-SQLAlchemy gives to a class's table.

    Source: https://github.com/pallets-eco/flask-sqlalchemy/blob/main/src/flask_sqlalchemy/model.py
    """
    return re.sub(r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))", r"_\1", name).lower().lstrip("_")
