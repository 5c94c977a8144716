"""What a few functions of frameworks and clients give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts import ir
from backend_lint.taint import containers, outbound, responses
from backend_lint.taint.domain import (
    NONE,
    UNKNOWN,
    ClassValue,
    Value,
    constant,
)
from backend_lint.taint.frame import Frame
from backend_lint.taint.specials import Args, Keywords, special
from backend_lint.taint.state import Object

if TYPE_CHECKING:
    from backend_lint.taint.library import Library


@special("rest_framework.generics.GenericAPIView.get_serializer", "django.views.generic.FormMixin.get_form")
def _of_the_view(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    """An instance of the class of serializers, or of forms, that the view names."""
    if receiver is None or type(node.func) is not ir.Attribute:
        return None
    kind = node.func.name.removeprefix("get_")
    named = self.engine.calls.method(frame, receiver, f"get_{kind}_class", [])
    if named is None:
        named = self.engine.members.peek(frame, receiver, f"{kind}_class")
    return self.engine.calls.value(frame, node, named, list(args), keywords) if named.callables else None


@special("django.db.models.Manager.create", "django.db.models.Manager.get_or_create")
def _created(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    """`Order.objects.create(…)`: what it stores."""
    match node.func:
        case ir.Attribute(value=ir.Attribute(value=entity)):
            for each in frame.evaluate(entity).callables:
                if type(each) is ClassValue:
                    for name, value in keywords.items():
                        self.engine.stored.written(frame, each.cls, name, value)
    return None


@special("httpx.Client", "httpx.AsyncClient")
def _client(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    transport = keywords.get("transport")
    is_guarded = transport is not None and outbound.is_refusing(frame, transport)
    return Value(is_opaque=True, type=outbound.GUARDED) if is_guarded else None


@special("requests.Session.mount")
def _mount(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    match node.func:
        case ir.Attribute(value=ir.Name(id=name)) if frame.state is not None and len(args) > 1:
            if name in frame.state.env and outbound.is_refusing(frame, args[1]):
                frame.state.bind(name, Value(is_opaque=True, type=outbound.GUARDED))
    return NONE


@special("flask.make_response", "flask.Response", "werkzeug.Response", "werkzeug.wrappers.Response", "quart.Response",
          "quart.make_response", "bottle.HTTPResponse", "flask.Flask.make_response")  # fmt: skip
def _response(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    given = list(args)
    if len(given) == 1 and given[0].references and not given[0].is_opaque:
        items = containers.exact_items(frame, given[0])
        if items is not None and any(obj.kind == "tuple" for _, obj in frame.objects(given[0])):
            given = items
    body = given[0] if given else keywords.get("response", constant(""))
    if any(obj.cls == "flask.Response" for _, obj in frame.objects(body)):
        return body
    kind = responses.content_type(frame, keywords, given)
    headers = frame.allocate(node, Object("dict", "werkzeug.datastructures.Headers", is_exact=False), "headers")
    fields = {"\0body": body, "headers": headers} | ({"\0type": kind} if kind is not None else {})
    return frame.allocate(node, Object("instance", "flask.Response", fields=fields))


@special("django.db.models.QuerySet.as_manager")
def _as_manager(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    """`OrderQuerySet.as_manager()`: it has the methods of that class."""
    owner = frame.evaluate(node.func.value) if type(node.func) is ir.Attribute else UNKNOWN
    classes = [each.cls for each in owner.callables if type(each) is ClassValue]
    return Value(is_opaque=True, type=classes[0].qualified) if len(classes) == 1 else None


@special("django.db.models.Manager.from_queryset")
def _from_queryset(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    """`Manager.from_queryset(OrderQuerySet)`: a class that has the methods of that one."""
    return args[0] if args and args[0].callables else None


@special("django.template.Template", "django.template.base.Template")
def _template(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    """A template for an engine of ours, which says what such templates may do."""
    engine = keywords.get("engine")
    kinds = {engine.type, *(obj.cls for _, obj in frame.objects(engine))} if engine is not None else set()
    return UNKNOWN if any(kind is not None and self.engine.project.cls(kind) is not None for kind in kinds) else None
