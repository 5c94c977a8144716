"""Attributes: what reading `value.name` gives."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from backend_lint.facts import ir
from backend_lint.project.modules import Class
from backend_lint.project.types import Type
from backend_lint.taint import models
from backend_lint.taint.containers import into
from backend_lint.taint.domain import (
    BOOLEAN,
    NOTHING,
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Symbol,
    Value,
    callable_value,
    constant,
    join,
    labelled,
)
from backend_lint.taint.evidence import ENUMS, Cleaning, both
from backend_lint.taint.frame import Frame
from backend_lint.taint.labels import ORIGIN, TEXT, Label, Labels, Source, union

if TYPE_CHECKING:
    from backend_lint.taint.engine import Engine

_PROPERTIES = frozenset({"property", "cached_property", "hybrid_property"})
_RANGES = frozenset({"is_private", "is_loopback", "is_link_local", "is_reserved", "is_global"})
_MADE_HERE = frozenset({"id", "pk", "uuid", "errors", "non_field_errors"})
"""Of what a call made of a client's data: its key in the database, and what was found wrong with it."""
HOSTS = frozenset({"netloc", "hostname", "host"})
_FIXED = HOSTS | {"scheme", "port"}  # what an address of ours with a client's path does not leave to the client


class Members:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.project = engine.project
        self._types: dict[tuple[str, str], Type | None] = {}

    def read(self, frame: Frame, value: Value, node: ir.Attribute) -> Value:
        kind = value.type
        if kind is None and value.is_opaque:
            kind = self.engine.type_name(node.value, frame.scope)
        return self.peek(frame, value, node.name, node, kind)

    def peek(
        self, frame: Frame, value: Value, name: str, node: ir.Node | None = None, kind: str | None = None
    ) -> Value:
        """`value.name`; the node is where it is read."""
        found = NOTHING
        for each in value.callables:
            found = join(found, self._of_callable(frame, each, name, node))
        for where, obj in frame.objects(value):
            known = obj.fields.get(name)
            if known is not None:
                found = join(found, known)
            elif obj.cls is not None:
                alone = Value(references=(where,))
                found = join(found, self._of_instance(frame, alone, obj.cls, name, node, frame.labels(obj.rest)))
            else:
                found = join(found, labelled(union(frame.labels(obj.rest), frame.labels(obj.elements()))))
        if value.is_opaque or value.texts or value.consts:
            kind = kind or value.type
            labels = into(value.all_labels(), f".{name}")
            if name in _MADE_HERE:
                labels = tuple(label for label in labels if not label.kept)
            if kind is not None:
                found = join(found, self._of_instance(frame, value, kind, name, node, labels))
            elif value.is_opaque or value.texts:
                found = join(found, labelled(labels))
        derived = value.derived
        if derived is not None and derived.how == "field" and name == "data":
            return self.engine.fields.read(derived, name, found)
        if derived is not None and derived.how == "resolved" and name in _RANGES:
            return BOOLEAN.derived_from(
                "address is outside" if name == "is_global" else "address is inside", derived.source
            )
        if derived is not None and derived.how == "urlparse" and name in _FIXED:
            fixed = tuple(label for label in found.labels if ORIGIN not in label.absent)  # others have no say in it
            found = Value(labels=fixed, is_opaque=True, type=found.type) if fixed != found.labels else found
        if derived is not None and derived.how == "urlparse" and name in HOSTS:
            return found.derived_from("netloc", derived.source)
        if value.type is not None and value.type.startswith("pathlib."):
            return self.engine.library.path_member(frame, value, name)
        return found if found is not NOTHING else UNKNOWN

    def _of_callable(self, frame: Frame, each: object, name: str, node: ir.Node | None) -> Value:
        match each:
            case Symbol(name=symbol, receiver=None):
                return self.engine.global_value(f"{symbol}.{name}")
            case Symbol(receiver=receiver) if receiver is not None:
                return labelled(receiver.all_labels())
            case ClassValue(cls=cls):
                return self._of_class(frame, cls, name)
            case _:
                return UNKNOWN

    def _of_class(self, frame: Frame, cls: Class, name: str) -> Value:
        """An attribute of the class itself."""
        method = self.project.classes.method(cls.qualified, name)
        if method is not None:
            is_bound = method.is_classmethod
            receiver = callable_value(ClassValue(cls)) if is_bound else None
            return callable_value(FunctionValue(method, None, receiver))
        for each in self.project.classes.mro(cls):
            if isinstance(each, Class):
                if name in each.inner:
                    return callable_value(ClassValue(each.inner[name]))
                if name in each.attributes:
                    return self.engine.class_attribute(each, name)
        if name in ("__name__", "__qualname__"):
            return constant(cls.name)
        found = self._attribute_type(cls.qualified, name, itself=True)
        return Value(is_opaque=True, type=found.name) if found is not None and not found.itself else UNKNOWN

    def _of_instance(
        self, frame: Frame, value: Value, kind: str, name: str, node: ir.Node | None, labels: Labels
    ) -> Value:
        """An attribute of something of a class; `labels` are those of what is not known of it."""
        cls = self.project.cls(kind)
        names = [kind] if cls is None else [each for each in self.project.classes.mro(cls) if isinstance(each, str)]
        if cls is not None and self.engine.models.own:
            for each in self.project.classes.mro(cls):
                member = f"{each if isinstance(each, str) else each.qualified}.{name}"
                read = self.source(frame, member, node) if member in self.engine.models.own else None
                if read is not None:
                    return read
        if cls is not None:
            found = self._own(frame, value, cls, name, labels)
            if found is not None:
                return found
        for owner in names:
            for member in models.members(owner, name):
                read = self.source(frame, member, node)
                if read is not None:
                    model = self.engine.models.reads[member]
                    return self.engine.fields.held(read, cls) if model.fields and cls is not None else read
                clean = self.engine.models.clean.get(member)
                if clean is not None:
                    return Value(is_opaque=True, type=clean.type)
        if cls is None and not labels and not (value.is_opaque or value.references):
            return UNKNOWN
        labels = union(labels, self.engine.kept.handed_on(value.typed(kind), f".{name}"))
        typed = self._attribute_type(kind, name)
        result = typed.name if typed is not None and not typed.itself else None
        for member in reversed(models.members(names[0], name)) if names else ():
            result = self.engine.models.types.get(member, result)
        if result is None and names:
            result = self.engine.models.types.get(f"{names[0]}.*")
        found = labelled(labels, result)
        if cls is None and result is None and node is not None:
            return Value((), (), (), (Symbol(f"{kind}.{name}", value),), labels, True)
        return found

    def enumerated(self, value: Value) -> Value | None:
        """A member of an enumeration, of which `value` is the class; None where it is none."""
        (each,) = value.callables if len(value.callables) == 1 else (None,)
        if type(each) is ClassValue and self.project.classes.is_subclass(each.cls, *ENUMS):
            return Value(is_opaque=True, type=each.cls.qualified)
        return None

    def source(self, frame: Frame, member: str, node: ir.Node | None) -> Value | None:
        """A value that a client sends, where reading this member is reading one."""
        model = self.engine.models.reads.get(member)
        if model is None:
            return None
        if member.endswith("Request.path") and frame.function is not None:
            known = self.engine.paths.get(frame.function.key)
            if known is not None and known is not UNKNOWN:
                return known
        at = frame.place(node) if node is not None else frame.module.first_line()
        label = Label(Source(model.what, model.note, at), absent=frozenset(model.absent) | _only(model.only))
        found = Value(labels=(label.through(at, f"read from {model.note}"),), is_opaque=True, type=model.type)
        if member.endswith("View.kwargs") and frame.function is not None and frame.function.cls is not None:
            return found.derived_from("placeholders", found, self._placeholders(frame.function.cls))
        return found

    def _placeholders(self, cls: Class) -> dict[str, Cleaning]:
        """What is proved of the placeholders in the paths of a class's views, and of those that inherit from it."""
        views = [cls, *self.project.classes.subclasses(cls)]
        known = [
            self.engine.placeholders[each.qualified] for each in views if each.qualified in self.engine.placeholders
        ]
        names = {name for each in known for name in each}
        return {name: functools.reduce(both, (each[name] for each in known if name in each)) for name in sorted(names)}

    def _own(self, frame: Frame, value: Value, cls: Class, name: str, labels: Labels) -> Value | None:
        """What the project's own class says of it."""
        classes = self.project.classes
        stored = self.engine.stored.read(cls, name)
        if stored and value.is_opaque:
            return labelled(union(labels, stored), "builtins.str")
        method = classes.method(cls.qualified, name)
        if method is not None:
            if any((ir.dotted(each) or "").rpartition(".")[2] in _PROPERTIES for each in method.decorators):
                return self.engine.calls.invoke(frame, None, FunctionValue(method, None, value), [], {})
            if method.is_static:
                return callable_value(FunctionValue(method))
            return callable_value(FunctionValue(method, None, value))
        assigned = False
        for each in classes.mro(cls):
            if not isinstance(each, Class):
                continue
            if name in each.instance_attributes:
                assigned = True
            if name in each.inner:
                return callable_value(ClassValue(each.inner[name]))
            if name in each.attributes and each.attributes[name].value is not None and not assigned:
                if not self.engine.fields.is_validated(cls):
                    found = self.engine.class_attribute(each, name)
                    for below in classes.subclasses(each):
                        if name in below.attributes:
                            found = join(found, self.engine.class_attribute(below, name))
                    if found.is_opaque and self.engine.fields.is_declared(cls, name):
                        return found.derived_from("field", found, (cls, name))
                    return found
        found_type = self._attribute_type(cls.qualified, name)
        kind = found_type.name if found_type is not None and not found_type.itself else None
        if not assigned and kind is None and not self.engine.fields.is_validated(cls):
            return None
        kinds, absent = self.engine.fields.cleaning(cls, name)
        if kinds or absent:
            labels = tuple(label.without(absent, kinds) for label in labels)
        if not assigned and not labels:
            return None
        return labelled(labels, kind)

    def _attribute_type(self, owner: str, name: str, *, itself: bool = False) -> Type | None:
        key = (owner, name)
        if key not in self._types:
            self._types[key] = self.project.types.attribute(Type(owner, itself=itself), name)
        return self._types[key]


def _only(kind: str | None) -> frozenset[str]:
    return frozenset({TEXT}) if kind == "str" else frozenset()
