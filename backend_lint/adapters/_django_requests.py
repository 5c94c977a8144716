"""What stands for a request in Django: who asks, where it goes to, and what it carries."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import Any

from backend_lint.adapters._evaluation import (
    ASKED,
    OPEN,
    Evaluation,
    Lack,
    Native,
)

_STANDARD_HEADERS = frozenset({"accept", "content-type", "content-length", "host", "user-agent", "referer", "origin"})


class Caller(enum.Enum):
    """Who asks: nobody known, somebody who has signed in, somebody who may do everything."""

    STRANGER = enum.auto()
    MEMBER = enum.auto()
    SUPERUSER = enum.auto()


@dataclass(eq=False)
class User:
    """`request.user`."""

    caller: Caller
    attributes: dict[str, Any] = field(default_factory=dict)
    is_asked = True

    def attribute(self, name: str) -> Any:
        is_known, may_all = self.caller is not Caller.STRANGER, self.caller is Caller.SUPERUSER
        match name:
            case _ if name in self.attributes:
                return self.attributes[name]
            case "is_authenticated" | "is_active":
                return is_known
            case "is_anonymous":
                return not is_known
            case "is_staff" | "is_superuser":
                return may_all
            case "pk" | "id" if not is_known:
                return Lack()
            case "has_perm" | "has_perms" | "has_module_perms":
                answer: Any = ASKED if self.caller is Caller.MEMBER else may_all
                return Native(lambda *_: answer)
        return ASKED

    def has(self, name: str) -> Any:
        return False if self.caller is Caller.STRANGER and self.attribute(name) is ASKED else ASKED

    def equals(self, other: Any) -> Any:
        """Nobody is the owner of anything."""
        return self is other or (False if self.caller is Caller.STRANGER or other is None else ASKED)

    def is_instance(self, names: list[str]) -> Any:
        return any(name.endswith(".AnonymousUser") for name in names) if self.caller is Caller.STRANGER else ASKED


@dataclass(eq=False)
class Absent:
    """The session, the cookies or the headers of somebody who sends nothing of his own."""

    is_asked = True

    def attribute(self, name: str) -> Any:
        return Native(self._get) if name == "get" else ASKED

    def _get(self, evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
        name = args[0] if args else OPEN
        if isinstance(name, str) and name.lower().removeprefix("http_").replace("_", "-") in _STANDARD_HEADERS:
            return OPEN
        if isinstance(name, str) and name.isupper() and not name.startswith("HTTP_"):  # of the server's environment
            return OPEN
        return Lack(args[1] if len(args) > 1 else kwargs.get("default"))

    def contains(self, key: Any) -> Any:
        return False if isinstance(key, str) else ASKED


@dataclass(frozen=True)
class Address:
    """The path of a request, as far as it is known: parameters stand in braces."""

    path: str

    @property
    def _head(self) -> str:
        return self.path.partition("{")[0]

    def equals(self, other: Any) -> Any:
        if not isinstance(other, str):
            return OPEN
        return self.path == other if "{" not in self.path else (OPEN if other.startswith(self._head) else False)

    def contains(self, part: Any) -> Any:
        return (isinstance(part, str) and part in self.path) or (OPEN if "{" in self.path else False)

    def attribute(self, name: str) -> Any:
        match name:
            case "startswith":
                return Native(lambda _, args, __: self.starts(args[0]) if args else OPEN)
            case "endswith" if "{" not in self.path:
                return Native(lambda _, args, __: _is_end(self.path, args))
            case "lstrip" | "strip" | "rstrip" | "lower" | "removeprefix":
                return Native(lambda _, args, __: Address(getattr(self.path, name)(*_texts(args))))
            case _:
                return OPEN

    def starts(self, prefix: Any) -> Any:
        if isinstance(prefix, list | tuple):
            answers = [self.starts(each) for each in prefix]
            return True if True in answers else (OPEN if OPEN in answers else False)
        if not isinstance(prefix, str):
            return OPEN
        if "{" not in self.path or len(prefix) <= len(self._head):
            return self.path.startswith(prefix)
        return OPEN if prefix.startswith(self._head) else False


def _is_end(path: str, args: list[Any]) -> Any:
    ends = tuple(args[0]) if args and isinstance(args[0], list) else args[0] if args else OPEN
    return (
        path.endswith(ends) if isinstance(ends, str) or (isinstance(ends, tuple) and all(map(_is_text, ends))) else OPEN
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _texts(args: list[Any]) -> list[str]:
    return [each for each in args if isinstance(each, str)]


@dataclass(frozen=True)
class Pattern:
    """A compiled regular expression. Only its literal beginning is compared."""

    text: str

    def attribute(self, name: str) -> Any:
        return Native(lambda _, args, __: self.found(name, args[0] if args else OPEN))

    def found(self, how: str, subject: Any) -> Any:
        literal, rest = _literal_start(self.text.removeprefix("^"))
        address = Address(subject) if isinstance(subject, str) else subject
        if not isinstance(address, Address) or (how == "search" and not self.text.startswith("^")):
            return OPEN
        if rest in ("$", r"\Z") or (how == "fullmatch" and not rest):
            return address.equals(literal)
        starts = address.starts(literal)
        return starts if not rest or starts is False else OPEN


def _literal_start(pattern: str) -> tuple[str, str]:
    """The characters that a regular expression surely begins with, and the rest of it."""
    plain = re.match(r"(?:[^\\.^$*+?{}\[\]|()]|\\[^\w])*", pattern)
    end = 0 if plain is None else plain.end()
    if pattern[end : end + 1] in ("?", "*", "{"):
        end -= 1
    return re.sub(r"\\(.)", r"\1", pattern[:end]), pattern[end:]


@dataclass(frozen=True)
class Match:
    """`request.resolver_match`."""

    name: str | None

    def attribute(self, name: str) -> Any:
        *spaces, last = (self.name or "").split(":")
        match name:
            case "url_name":
                return last or None
            case "view_name":
                return self.name
            case "namespace" | "app_name":
                return ":".join(spaces)
            case "namespaces" | "app_names":
                return spaces
            case _:
                return OPEN


@dataclass(eq=False)
class Request:
    """`is_method_read` once something asks for the method: until then the answer is that of all methods.

    `is_address_read` once something asks where it goes to: until then the answer is that of all addresses.
    """

    method: str
    path: str
    user: User
    name: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    is_method_read: bool = False
    is_address_read: bool = False

    def attribute(self, name: str) -> Any:
        match name:
            case _ if name in self.attributes:
                return self.attributes[name]
            case "method":
                self.is_method_read = True
                return self.method
            case "user":
                return self.user
            case "auth" | "successful_authenticator" if self.user.caller is Caller.STRANGER:
                return None
            case "auth" | "successful_authenticator":
                return ASKED
            case "session" | "COOKIES" | "META" | "headers":
                return Absent() if self.user.caller is Caller.STRANGER else ASKED
            case "_request":
                return self
            case "path" | "path_info":
                self.is_address_read = True
                return Address(self.path)
            case "resolver_match":
                self.is_address_read = True
                return Match(self.name)
        return OPEN

    def has(self, name: str) -> Any:
        return True if name in ("user", "session", "method") or name in self.attributes else OPEN
