"""What functions on texts give: on paths, addresses, patterns and command lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from backend_lint.facts import ir
from backend_lint.taint import containers, guards, regexes, strings
from backend_lint.taint.domain import (
    NOTHING,
    STRING,
    UNKNOWN,
    Value,
    constant,
    join,
    labelled,
    placed,
)
from backend_lint.taint.evaluate import flat
from backend_lint.taint.file_paths import NO_ESCAPE, PATH, TEXTUAL, basename, joined_path
from backend_lint.taint.frame import Frame
from backend_lint.taint.labels import (
    META,
    NORMALISED,
    ORIGIN,
    RELATIVE,
    Label,
    Labels,
    union,
)
from backend_lint.taint.specials import Args, Keywords, special

if TYPE_CHECKING:
    from backend_lint.taint.library import Library

_BELOW_HOST = re.compile(r"/\w")
_SLASHES = re.compile(r"/(?:\+|\{2,\}|/\+)")
_URL_SAFE = frozenset(META - {"/", "-", ".", "_", "~", "+", "%", "..", "../", "//"})


@special("os.path.join", "posixpath.join", "ntpath.join", "urllib.request.url2pathname")
def _path_join(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    return joined_path([flat(frame, arg) for arg in args]) if args else UNKNOWN


@special(
    "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath", "anyio.Path", "aiopath.AsyncPath"
)
def _path(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    if not args:
        return Value(consts=(".",), type=PATH)
    found = joined_path([flat(frame, arg) for arg in args])
    return found.typed(PATH).derived_from("path", args[0]) if len(args) == 1 else found.typed(PATH)


@special("django.http.HttpRequest.build_absolute_uri", "rest_framework.request.Request.build_absolute_uri")
def _absolute(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    """With a location, that behind the server's own address; without, the address that was asked for."""
    if not args and not keywords:
        return None
    return labelled(self.all_labels(frame, None, args, keywords), "builtins.str")


@special("os.path.basename", "posixpath.basename", "ntpath.basename")
def _basename(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    return basename(flat(frame, args[0])).derived_from("basename", args[0]) if args else UNKNOWN


@special("os.path.abspath", "os.path.realpath", "os.path.normpath")
def _normalised(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    if not args:
        return UNKNOWN
    value = flat(frame, args[0])
    if value.is_constant:
        return value
    is_absolute = ir.dotted(node.func) is not None and not (ir.dotted(node.func) or "").endswith("normpath")
    facts = NO_ESCAPE if is_absolute else frozenset({NORMALISED})
    labels = tuple(label.losing(TEXTUAL).without(facts) for label in value.all_labels())
    found = labelled(labels, "builtins.str")
    return found.derived_from("resolve", args[0]) if is_absolute else found


@special("os.path.commonpath", "os.path.commonprefix")
def _common(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    items = containers.exact_items(frame, args[0]) if args else None
    for item in items or ():
        if frame.labels(item):
            return STRING.derived_from("commonpath", item, items)
    return STRING


@special("os.path.splitext", "os.path.split", "posixpath.split")
def _split_path(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    if not args:
        return UNKNOWN
    value = flat(frame, args[0])
    if (ir.dotted(node.func) or "").endswith("splitext"):
        rest = tuple(label.without(frozenset({"/", "\\", "..", "../", RELATIVE})) for label in value.all_labels())
        return containers.new_list(frame, node, [value, labelled(rest, "builtins.str")], "tuple")
    parts = [labelled(value.all_labels(), "builtins.str"), basename(value)]
    return containers.new_list(frame, node, parts, "tuple")


@special("urllib.parse.urlparse", "urllib.parse.urlsplit", "furl.furl", "yarl.URL", "urllib3.util.parse_url",
          "urllib3.util.url.parse_url")  # fmt: skip
def _urlparse(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    if not args:
        return UNKNOWN
    labels = placed(args[0].texts) if args[0].texts and not args[0].is_opaque else frame.labels(args[0])
    found = Value(labels=labels, is_opaque=True, type="urllib.parse.ParseResult")
    return found.derived_from("urlparse", args[0])


@special("urllib.parse.urlunsplit", "urllib.parse.urlunparse")
def _urlunparse(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    """The parts of an address, put together: whose host is fixed stays there."""
    items = containers.exact_items(frame, args[0]) if args else None
    if items is None or len(items) < 3:
        return labelled(self.all_labels(frame, None, args, {}), "builtins.str")
    place, rest = self.all_labels(frame, None, items[:3], {}), self.all_labels(frame, None, items[3:], {})
    if not frame.labels(items[1]):
        place = _behind_host(place)
    return labelled(_with_parts_behind(place, rest), "builtins.str")


def _with_parts_behind(place: Labels, rest: Labels) -> Labels:
    """The labels of an address, and of what stands behind its path: escaped parts of its own change nothing of it."""
    ours = {label.origin for label in place}
    return union(place, _behind_host(each for each in rest if each.origin not in ours or not _is_escaped(each)))


def _is_escaped(label: Label) -> bool:
    return {"<", '"', "\r", "\n"} <= label.absent


def _behind_host(labels: Iterable[Label]) -> Labels:
    """Of what stands in an address where it has no say in its host."""
    return tuple(label.without(frozenset({ORIGIN})) for label in labels)


@special("tornado.httputil.url_concat", "oauthlib.common.add_params_to_uri",
          "starlette.datastructures.URL.include_query_params", "starlette.datastructures.URL.replace_query_params",
          "oauthlib.oauth2.WebApplicationClient.prepare_request_uri", "oauthlib.oauth2.Client.prepare_request_uri",
          "oauthlib.oauth2.Client.prepare_token_request", "oauthlib.oauth2.WebApplicationClient.prepare_token_request",
          "oauthlib.oauth2.WebApplicationClient.prepare_authorization_request",
          "oauthlib.oauth2.Client.prepare_authorization_request",
          "requests_oauthlib.OAuth2Session.authorization_url")  # fmt: skip
def _with_query(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    """An address, and what is put into its query."""
    base = self.all_labels(frame, receiver, args[:1], {})
    return labelled(union(base, _behind_host(self.all_labels(frame, None, args[1:], keywords))))


@special("urllib.parse.ParseResult._replace")
def _parts_replaced(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    place = {name: value for name, value in keywords.items() if name not in ("query", "fragment", "params")}
    rest = {name: value for name, value in keywords.items() if name not in place}
    labels = self.all_labels(frame, receiver, args, place)
    host = keywords.get("netloc")
    if host is not None and not frame.labels(host):
        labels = _behind_host(labels)
    labels = _with_parts_behind(labels, self.all_labels(frame, None, [], rest))
    return Value(labels=labels, is_opaque=True, type="urllib.parse.ParseResult")


@special("urllib.parse.ParseResult.geturl")
def _geturl(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    return labelled(receiver.labels if receiver is not None else (), "builtins.str")


@special("urllib.parse.urljoin")
def _urljoin(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    if len(args) < 2:
        return UNKNOWN
    base, other = flat(frame, args[0]), flat(frame, args[1])
    if not base.all_labels() and other.texts and not other.is_opaque:
        found = NOTHING
        for text in other.texts:
            first = text[0]
            is_below = type(first) is str and not first.startswith("//") and (first.strip("/") != "")
            part = strings.from_texts([text])
            found = join(found, strings.concatenated([STRING, constant("/"), part]) if is_below else part)
        return found
    joined = labelled(union(base.all_labels(), other.all_labels()), "builtins.str")
    return joined if base.all_labels() else joined.derived_from("urljoin", args[1])


@special("urllib.parse.quote", "urllib.parse.quote_plus", "urllib.parse.urlencode", "urllib.parse.quote_from_bytes",
          "django.utils.http.urlencode", "django.utils.http.urlquote", "werkzeug.urls.url_quote",
          "werkzeug.urls.url_encode", "requests.utils.quote")  # fmt: skip
def _quoted(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    safe = keywords.get("safe", args[1] if len(args) > 1 else None)
    has_slash = safe is None and (ir.dotted(node.func) or "").endswith("quote")
    absent = _URL_SAFE if has_slash else _URL_SAFE | {"/", "../", "//", "://", RELATIVE}
    if safe is not None and not (
        isinstance(safe.the_constant, str) and not set(safe.the_constant) - {"-", "_", ".", "~"}
    ):
        absent = _URL_SAFE
    labels = tuple(label.renewed().without(absent) for label in self.all_labels(frame, None, args, {}))
    return labelled(labels, "builtins.str")


@special("re.match", "re.fullmatch", "re.search", "regex.match", "regex.fullmatch", "regex.search")
def _match(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    if len(args) < 2:
        return None
    how = (ir.dotted(node.func) or "").rpartition(".")[2]
    pattern = args[0]
    if pattern.type == "re.Pattern" and pattern.derived is not None:
        pattern = pattern.derived.source
    return guards.matched(pattern, how, args[1])


@special("lxml.etree._Element.xpath", "lxml.etree._ElementTree.xpath", "lxml.etree._Element.find",
          "lxml.etree._Element.findall", "lxml.etree._ElementTree.find", "lxml.etree._ElementTree.findall")  # fmt: skip
def _chosen(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    """Parts of a document: what asks for them is not in them."""
    return labelled(self.all_labels(frame, receiver, [], {}), self.result_type(frame, node, None, receiver))


@special("re.compile", "regex.compile")
def _compile(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    if not args:
        return UNKNOWN
    return Value(labels=frame.labels(args[0]), is_opaque=True, type="re.Pattern").derived_from("pattern", args[0])


@special("re.Pattern.match", "re.Pattern.fullmatch", "re.Pattern.search")
def _pattern_match(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    if not args or receiver is None or receiver.derived is None or type(node.func) is not ir.Attribute:
        return None
    return guards.matched(receiver.derived.source, node.func.name, args[0])


@special("re.sub", "regex.sub", "re.Pattern.sub")
def _sub(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    pattern: Value | None = args[0] if args else None
    rest = list(args[1:])
    if receiver is not None and receiver.type == "re.Pattern":
        pattern = receiver.derived.source if receiver.derived is not None else None
        rest = list(args)
    if pattern is None or len(rest) < 2:
        return None
    if pattern.type == "re.Pattern" and pattern.derived is not None:
        pattern = pattern.derived.source
    text, new = pattern.the_constant, rest[0].the_constant
    subject = rest[1]
    known = union(subject.labels, placed(subject.texts)) if subject.texts else frame.labels(subject)
    removed = regexes.removed(text, new) if isinstance(text, str) and isinstance(new, str) else frozenset[str]()
    if isinstance(text, str) and _SLASHES.fullmatch(text) and new == "/":
        removed |= {"//", ORIGIN} if _is_path(subject) else {"//"}
    stays = frozenset({ORIGIN} if isinstance(text, str) and _stays_here(text, rest[0]) else ())
    labels = tuple(label.scattered().without(removed | (stays & label.absent)) for label in known)
    given = tuple(label.scattered().without(removed) for label in frame.labels(rest[0]))
    return labelled(union(labels, given), "builtins.str")


def _is_path(value: Value) -> bool:
    """Whether a text surely begins with a slash."""
    heads = [text[0] for text in value.texts]
    return not value.is_opaque and all(type(head) is str and head.startswith("/") for head in heads)


def _stays_here(pattern: str, new: Value) -> bool:
    """Whether an address on this host stays there when what a pattern matches is replaced."""
    if _SLASHES.fullmatch(pattern):  # several become one
        return new.consts == ("/",)
    is_ours = not new.all_labels() and new.consts != ("",)
    return strings.is_inner(new) or (is_ours and _BELOW_HOST.match(pattern) is not None)


@special("shlex.split")
def _words(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    return containers.loose_list(frame, node, strings.repeated(flat(frame, args[0])) if args else UNKNOWN)
