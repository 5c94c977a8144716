"""What a handler answers: whether a browser would read it as HTML."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts import ir
from backend_lint.project import Project
from backend_lint.project.modules import Class, Function
from backend_lint.taint import containers
from backend_lint.taint.domain import NOTHING, Value
from backend_lint.taint.frame import Frame
from backend_lint.taint.labels import TEXT, Labels
from backend_lint.taint.models import SinkModel

_HTML_BY_DEFAULT = frozenset({"flask", "quart", "bottle", "cherrypy", "pyramid"})
_PAGES = frozenset({"HTMLResponse", "HTML"})
_SINK = SinkModel(kind="xss", calls=(), arguments=(), context="html", fits="markupsafe.escape")


def makes_pages(function: Function, framework: str) -> bool:
    """Whether a string that a handler returns is sent as HTML: by default, or as its registration says."""
    given = [each.keywords for each in function.decorators if type(each) is ir.Call]
    declared = [each.get("response_class") or each.get("media_type") for each in given]
    return framework in _HTML_BY_DEFAULT or any(
        each is not None and (ir.dotted(each) or "").rpartition(".")[2] in _PAGES for each in declared
    )


def is_typed(project: Project, function: Function, handler: Class | None, setter: str) -> bool:
    """Whether a function, or what runs before it in its handler's class, sets a content type other than HTML."""
    before = (project.classes.method(handler.qualified, name) for name in _BEFORE) if handler is not None else ()
    for each in (function, *filter(None, before)):
        if any(not _names_html(project, kind, handler) for kind in _content_types(each, setter)):
            return True
    return False


_BEFORE = ("set_default_headers", "initialize", "prepare")  # what Tornado calls before a handler's own method


def _content_types(function: Function, setter: str) -> Iterator[ir.Expr]:
    """What a function sets the content type to, by a method of that name."""
    for node in ir.walk(function.body):
        match node:
            case ir.Call(
                func=ir.Attribute(name=name), args=[ir.Argument(value=ir.Const(value=str(header))), given, *_]
            ) if name == setter and header.lower() == "content-type":
                yield given.value


def _names_html(project: Project, kind: ir.Expr, handler: Class | None) -> bool:
    """Whether a content type is HTML, as written or as a method of the handler's class says."""
    match kind:
        case ir.Call(func=ir.Attribute(value=ir.Name(id="self"), name=name)) if handler is not None:
            method = project.classes.method(handler.qualified, name)
            statements = method.statements if method is not None else ()
            return any(type(each) is ir.Return and _is_html_text(each.value) for each in statements)
        case _:
            return _is_html_text(kind)


def _is_html_text(expr: ir.Expr | None) -> bool:
    return type(expr) is ir.Const and "html" in str(expr.value)


def judge_return(frame: Frame, node: ir.Expr, value: Value, depth: int = 3) -> None:
    """A string that a handler returns is a page, of a tuple the first part is; a response says itself what it is."""
    if not depth:
        return
    for _, obj in frame.objects(value):
        if obj.cls == "flask.Response":
            kinds = [obj.fields.get(name) for name in ("\0type", "mimetype", "content_type")]
            kinds.append(content_type(frame, {"headers": obj.fields.get("headers", NOTHING)}, []))
            if all(kind is None or _is_html(kind) for kind in kinds):
                body = obj.fields.get("\0body")
                if body is not None:
                    if any(each.kind == "list" for _, each in frame.objects(body)):  # what it is streamed from
                        body = containers.element(frame, body)
                    judge_return(frame, node, body, depth - 1)
        elif obj.kind == "tuple" and obj.items:
            kind = content_type(frame, {}, list(obj.items))
            if kind is None or _is_html(kind):
                judge_return(frame, node, obj.items[0], depth - 1)
    text = Value(value.consts, value.texts, labels=_textual(value), is_opaque=value.is_opaque, type=value.type)
    if text.texts or text.labels:
        frame.engine.sinks.judge(frame, node, "return", _SINK, [text])


def _textual(value: Value) -> Labels:
    """The labels of what is surely a string: a dict that is returned becomes JSON."""
    if value.type == "builtins.str":
        return value.labels
    if value.type is not None or value.references:
        return ()
    return tuple(label for label in value.labels if TEXT in label.absent)


def _is_html(kind: Value) -> bool:
    return any(isinstance(each, str) and ("html" in each or "svg" in each) for each in kind.consts)


def content_type(frame: Frame, keywords: dict[str, Value], args: list[Value]) -> Value | None:
    """The content type that a response is made with, from `(body, status, headers, mimetype)` and keywords."""
    named = keywords.get("content_type") or keywords.get("mimetype") or (args[3] if len(args) > 3 else None)
    if named is not None:
        return named
    for headers in (keywords.get("headers"), *args[1:3]):
        for _, obj in frame.objects(headers) if headers is not None else ():
            for (_, key), value in obj.entries.items():
                if str(key).lower() == "content-type":
                    return value
    return None
