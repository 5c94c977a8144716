"""What module-level code, factories and decorators register, found by following the code rather than by its shape.

Routers are made in one file, included in a second by a function of a third, in a loop over a list of a fourth. So the
code that builds an application is interpreted: values are literals, lists, functions, classes, and the objects of
the frameworks (`KINDS`); every call of a method on such an object is an event, which the adapters read.
Nothing of the project is executed; what cannot be told is `Unknown`, and both branches of an open condition count.

Takes: a linked `Project`.
Gives: a `Registration`: the objects of frameworks that the project makes, and the events that happen to them.
Never: knows what a route is; the adapters read that from the events.
"""

from backend_lint.adapters._registration.interpreter import Registration, registration
from backend_lint.adapters._registration.kinds import KINDS
from backend_lint.adapters._registration.values import (
    Bound,
    Called,
    ClassValue,
    Entries,
    Event,
    Frame,
    FunctionValue,
    Instance,
    Items,
    Literal,
    ModuleValue,
    Object,
    Parametrised,
    Symbol,
    Unknown,
    Value,
    items,
    literal,
    text,
    texts,
)

__all__ = [
    "KINDS",
    "Bound",
    "Called",
    "ClassValue",
    "Entries",
    "Event",
    "Frame",
    "FunctionValue",
    "Instance",
    "Items",
    "Literal",
    "ModuleValue",
    "Object",
    "Parametrised",
    "Registration",
    "Symbol",
    "Unknown",
    "Value",
    "items",
    "literal",
    "registration",
    "text",
    "texts",
]
