"""Whether a hole can be broken out of, from the text around it.

The answer is a tuple of `kills`: sets of facts, each of which is enough to make a hole harmless there. An empty tuple
means that nothing is enough; None that the hole is harmless already.
"""

from __future__ import annotations

from collections.abc import Callable

from backend_lint.taint.domain import Text, Value
from backend_lint.taint.labels import ANY, BELOW, NO_PARENT, NORMALISED, ORIGIN, PLAIN, RELATIVE, TEXT

_SCHEMES = ("http://", "https://", "ftp://")
Kills = tuple[frozenset[str], ...]

WHOLE_PATH = "as the whole path"
_BARE: Kills = (frozenset({ANY}),)
_SHELL = frozenset(";|&$`\n<>()")


def kills(context: str, before: Text, after: Text) -> Kills | None:
    """What makes a hole between `before` and `after` harmless in a context."""
    return _CONTEXTS.get(context, _never)(before, after)


def is_killed(kills: Kills, absent: frozenset[str]) -> bool:
    return any(kill <= absent or all(each in absent or _is_made_of(each, absent) for each in kill) for kill in kills)


def _is_made_of(text: str, absent: frozenset[str]) -> bool:
    """Whether a text cannot be there since one of its characters is not."""
    return len(text) > 1 and not text.startswith("\0") and any(each in absent for each in text)


def described(context: str, before: Text) -> str:
    """How the hole stands in the text, in words."""
    if context in ("sql", "sql-text", "xpath", "code"):
        quote = open_quote(_literal(before), backslash=context != "xpath")
        if not any(type(piece) is str and piece.strip() for piece in before):
            return "as the whole text"
        return f"between {quote} quotes" if quote else "bare, outside quotes"
    if context == "html":
        return {"text": "as HTML text", "script": "inside a script"}.get(
            _html_state(_literal(before)), "in an attribute"
        )
    if context == "path":
        return "below a directory" if before else WHOLE_PATH
    return ""


def open_quote(text: str, *, backslash: bool = True, quotes: str = "'\"`") -> str:
    """The quote that is open at the end of a text; none is the empty string."""
    current = ""
    index = 0
    while index < len(text):
        char = text[index]
        if backslash and char == "\\":
            index += 1
        elif current:
            if char == current:
                current = ""
        elif char in quotes:
            current = char
        index += 1
    return current


def _literal(before: Text) -> str:
    return "".join(piece if type(piece) is str else "x" for piece in before)


def _never(before: Text, after: Text) -> Kills:
    return ()


def _bare(before: Text, after: Text) -> Kills:
    return _BARE


def _sql(before: Text, after: Text) -> Kills:
    quote = open_quote(_literal(before))
    return (frozenset({quote}),) if quote else _BARE


def _xpath(before: Text, after: Text) -> Kills:
    quote = open_quote(_literal(before), backslash=False, quotes="'\"")
    return (frozenset({quote}),) if quote else _BARE


def _code(before: Text, after: Text) -> Kills:
    quote = open_quote(_literal(before), quotes="'\"")
    has_more = any(type(piece) is Value for piece in after)
    return (frozenset({quote, "\\"} if has_more else {quote}),) if quote else _BARE


def _shell(before: Text, after: Text) -> Kills:
    quote = open_quote(_literal(before), quotes="'\"")
    if quote == "'":
        return (frozenset({"'"}),)
    if quote == '"':
        return (frozenset({'"', "$", "`"}),)
    return (_SHELL, *_BARE) if _literal(before).strip() else _BARE


def _path(before: Text, after: Text) -> Kills:
    below = (frozenset({"/"}), frozenset({".."}), frozenset({"../"}), frozenset({NO_PARENT}), *_BARE)
    if before:
        return below
    return (
        frozenset({"/"}),
        frozenset({RELATIVE, ".."}),
        frozenset({RELATIVE, "../"}),
        frozenset({RELATIVE, NO_PARENT}),
        frozenset({NORMALISED, BELOW}),
        frozenset({NORMALISED, RELATIVE}),
        *_BARE,
    )


def _url(before: Text, after: Text) -> Kills | None:
    if any(type(piece) is Value for piece in before):
        return None
    text = _literal(before)
    _, scheme, rest = text.rpartition("://")
    if not scheme:
        return (frozenset({ORIGIN}),) if any(each.startswith(text) for each in _SCHEMES) else None
    if any(char in rest for char in "/?#:@"):
        return None
    follows = after[0] if after and type(after[0]) is str else ""
    if rest:
        return (frozenset({".", "@", ":"}), frozenset({ORIGIN}))
    if follows.startswith("."):
        return (frozenset({"/", "?", "#"}), frozenset({ORIGIN}), *_BARE)
    return (frozenset({ORIGIN}),)


def _redirect(before: Text, after: Text) -> Kills | None:
    text = _literal(before)
    if text == "/":
        return (frozenset({"/"}), frozenset({RELATIVE}), frozenset({"//"}), *_BARE)
    if not text:
        return (frozenset({ORIGIN}), frozenset({"/", ":"}), frozenset({"//", ":"}), *_BARE)
    return _url(before, after)


def _html(before: Text, after: Text) -> Kills:
    state = _html_state(_literal(before))
    match state:
        case "text":
            return (frozenset({"<"}), *_BARE)
        case "script":
            quote = open_quote(_literal(before).rpartition("<script")[2].partition(">")[2])
            return (frozenset({quote, "<"}),) if quote else _BARE
        case "unquoted":
            return (frozenset({" ", ">"}), *_BARE)
        case quote:
            return (frozenset({quote}), *_BARE)


def _html_state(text: str) -> str:
    """`text`, `script`, `unquoted`, or the quote of the attribute that is open at the end of the text."""
    lowered = text.lower()
    if lowered.rfind("<script") > lowered.rfind("</script"):
        return "script" if ">" in lowered[lowered.rfind("<script") :] else "unquoted"
    start = text.rfind("<")
    if start < 0 or not text[start + 1 : start + 2].isalpha():
        return "text"
    inside = text[start:]
    quote = open_quote(inside, backslash=False, quotes="'\"")
    if quote:
        return quote
    return "text" if ">" in inside else "unquoted"


def _line(before: Text, after: Text) -> Kills:
    return (frozenset({"\n", "\r"}), *_BARE)


def _message(before: Text, after: Text) -> Kills | None:
    """Among the headers of a message that is put together here; what follows the empty line is its body."""
    text = _literal(before).replace("\r\n", "\n")
    return _line(before, after) if text and "\n\n" not in text else None


def _ldap(before: Text, after: Text) -> Kills:
    return (frozenset({"*", "(", ")"}), *_BARE)


def _braces(before: Text, after: Text) -> Kills:
    return (frozenset({"{"}), frozenset({"{{", "{%"}), *_BARE)


def _structure(before: Text, after: Text) -> Kills | None:
    return None if before or after else (frozenset({TEXT}),)


def _option(before: Text, after: Text) -> Kills | None:
    return None if before else (frozenset({"-"}), frozenset({PLAIN}), *_BARE)


def _host(before: Text, after: Text) -> Kills | None:
    return None if before else (frozenset({ORIGIN}),)


def _archive(before: Text, after: Text) -> Kills | None:
    """Who names one of the archives in a directory of ours did not pack it."""
    return None if before else ()


def _import(before: Text, after: Text) -> Kills | None:
    return None if before else ()


_CONTEXTS: dict[str, Callable[[Text, Text], Kills | None]] = {
    "sql": _sql,
    "xpath": _xpath,
    "code": _code,
    "command": _shell,
    "shell": _shell,
    "path": _path,
    "ssrf": _url,
    "redirect": _redirect,
    "html": _html,
    "xss": _html,
    "header": _line,
    "log": _line,
    "mail": _line,
    "message": _message,
    "cache": _line,
    "ldap": _ldap,
    "template": _braces,
    "format": _braces,
    "nosql": _structure,
    "field-name": _bare,
    "regex": _bare,
    "archive": _archive,
    "argument": _option,
    "bare": _bare,
    "host": _host,
    "import": _import,
    "sql-text": _sql,
}
