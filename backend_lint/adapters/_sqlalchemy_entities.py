"""Which classes SQLAlchemy maps, and where their attributes come from."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.adapters._sqlalchemy_columns import column_call
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Project
from backend_lint.project.constants import constant

_DECLARATIVE = frozenset(
    {
        "sqlalchemy.orm.DeclarativeBase",
        "sqlalchemy.orm.DeclarativeBaseNoMeta",
        "sqlalchemy.orm.declarative_base()",
        "sqlalchemy.orm.registry.generate_base()",
        "sqlalchemy.ext.automap.automap_base()",
        "flask_sqlalchemy.model.Model",
        "flask_sqlalchemy.SQLAlchemy.Model",
        "flask_appbuilder.Model",
        "flask_appbuilder.models.sqla.Model",
    }
)
_BARE_BASES = frozenset(
    {"sqlalchemy.orm.DeclarativeBase", "sqlalchemy.orm.DeclarativeBaseNoMeta", "flask_sqlalchemy.model.Model"}
)
_FLASK = ("flask_sqlalchemy.model.Model", "flask_sqlalchemy.SQLAlchemy.Model")


class Entities:
    def __init__(self, project: Project) -> None:
        self.project = project
        self._lineages: dict[str, list[Class]] = {}

    def lineage(self, cls: Class) -> list[Class]:
        """The project's classes that attributes come from, in order, those given to a factory of bases included."""
        known = self._lineages.get(cls.qualified)
        if known is None:
            found: list[Class] = []
            for each in self.project.classes.mro(cls):
                if isinstance(each, Class) and each not in found:
                    found.append(each)
            for each in list(found):
                for base in self._given_bases(each):
                    found.extend(below for below in self.lineage(base) if below not in found)
            known = self._lineages[cls.qualified] = found
        return known

    def _given_bases(self, cls: Class) -> Iterator[Class]:
        """`Base = declarative_base(cls=Common)`, `db = SQLAlchemy(model_class=Common)`."""
        for base in cls.facts.bases:
            qualified = self.project.qualified(base, cls.module)
            module, rest = self.project.names.split(qualified) if qualified is not None else (None, "")
            head = rest.partition(".")[0]
            if module is None or head not in module.assignments:
                continue
            made = module.assignments[head][-1].value
            for keyword in ("cls", "model_class"):
                given = made.keywords.get(keyword) if type(made) is ir.Call else None
                found = None if given is None else self.project.cls(self.project.qualified(given, module) or "")
                if found is not None and found is not cls:
                    yield found

    def is_declared(self, cls: Class, lineage: list[Class]) -> bool:
        if any(
            type(arg.value) is ir.Const and arg.keyword == "table" and arg.value.value for arg in cls.facts.keywords
        ):
            return True
        if self.project.classes.is_subclass(cls, "sqlmodel.SQLModel"):
            return False
        if self.has_known_base(cls):
            return True
        if self._is_plain(cls):
            return False  # what only the mapped classes below it mix in
        if "__tablename__" in cls.methods:
            return False  # what computes a name for each class below it has no table
        if not any("__tablename__" in each.attributes or "__tablename__" in each.methods for each in lineage):
            return any("__table__" in each.attributes for each in lineage[:1])
        return any(
            column_call(self.project, stmt.value, each) is not None
            for each in lineage
            for stmt in each.attributes.values()
        )

    def _is_plain(self, cls: Class) -> bool:
        """Whether a class has no base that is not the project's own, and so none that could map it."""
        mro = self.project.classes.mro(cls)
        return all(each == "builtins.object" if isinstance(each, str) else not each.facts.keywords for each in mro)

    def has_known_base(self, cls: Class) -> bool:
        for each in self.project.classes.mro(cls):
            if isinstance(each, str):
                if each in _DECLARATIVE:
                    return True
            elif any(self._maps(decorator, each) for decorator in each.facts.decorators):
                return True
        return self.project.classes.is_subclass(cls, "sqlmodel.SQLModel")

    def _maps(self, decorator: Expr, cls: Class) -> bool:
        func = ir.callee(decorator)
        name = ir.dotted(func)
        return name is not None and name.rpartition(".")[2] in ("mapped", "mapped_as_dataclass", "as_declarative")

    def is_abstract(self, cls: Class) -> bool:
        stmt = cls.attributes.get("__abstract__")
        if stmt is not None and constant(self.project, stmt.value, cls):
            return True
        bases = {self.project.qualified(each, cls.module) for each in cls.facts.bases}
        return bool(bases & _BARE_BASES) and "__tablename__" not in cls.attributes

    def is_flask(self, cls: Class) -> bool:
        return self.project.classes.is_subclass(cls, *_FLASK)
