"""What libraries do with data: sources, sinks, sanitizers and the like, read from `models/*.toml`.

A file of models is one library's:

    version = 1                       # of this schema
    library = "flask"

    [objects]                         # names that stand for an object, and its class
    "flask.request" = "flask.Request"
    [types]                           # what a call gives, or an attribute is, where that is not the rule of its name
    "hashlib.new" = "hashlib.HASH"
    [methods]                         # what a method of an object gives that nothing is known of
    "cursor" = "dbapi.Cursor"

    [[sources]]                       # reading one of these is reading what a client sent
    what = "query"                    # query, form, json, header, cookie, path, body, file, filename, url, message, …
    note = "the query string"
    reads = ["flask.Request.args"]    # attributes
    calls = []                        # calls
    type = "werkzeug.MultiDict"       # the class of what is read
    absent = ["/"]                    # substrings that cannot be in it
    only = "str"                      # it is a string, never a structure
    fields = true                     # it holds the declared fields of its object's class, as they were validated

    [[sinks]]
    kind = "command"                  # the kind of danger; `cleans` below speaks of the same
    calls = ["os.system"]             # `Class.method` for methods, also of subclasses
    arguments = [0, "command"]        # positions, keywords, "self", "*" for all positions, "**" for all keywords,
                                      # "names" for the names of the keywords in `**mapping`,
                                      # "%" for a message and those it formats as text,
                                      # "0/key" for an entry of the first one, "headers/key" for one of a keyword's
    context = "shell"                 # how the text around a hole is read; the kind's own where left out; "words"
                                      # where the arguments are a program and what it is given
    when = [{ at = 1, keyword = "shell", is = [true], default = false }]
    elsewhere = "(?i)select"          # also a sink as a method of an unknown object, when its literal text matches
    fits = "shlex.quote"              # what would make it safe
    typed_by = "set_header"           # no sink in a function that calls this method with another content type than HTML
    asks = true                       # it only asks; where the same data does more elsewhere, that is the flow
    overridden = ["get_field"]        # no sink where a class of ours has its own way of doing one of these
    undone = ["unescape"]             # methods that, called on the result at once, take the danger out again

    [[answers]]                       # what methods of ours return to a library that makes something dangerous of it
    kind = "redirect"
    methods = ["django.views.generic.RedirectView.get_redirect_url"]  # of subclasses

    [[stores]]                        # assignments `object[key] = value` and `object.name = value`
    kind = "trust-boundary"
    into = ["flask.sessions.SessionMixin"]
    parts = ["key", "value"]
    trusted = "user_?id|role"         # values count only under names that match this, as a whole, and unknown ones

    [[sanitizers]]
    calls = ["shlex.quote"]
    cleans = ["command"]              # kinds; "injection" is all that text can break out of, "all" everything
    absent = ["<", ">"]
    arguments = [0]

    [[clean]]                         # the result holds nothing of the arguments
    calls = ["flask.jsonify"]

    methods = ["fetchone"]            # as methods of objects that nothing is known of
    results = ["get_absolute_url"]    # the same, and nothing of the object either

    [[decoders]]                      # what was known of the text is known no more in the result
    calls = ["urllib.parse.unquote"]

    [[readers]]                       # the result is what stood in a file that is given, never the open file
    calls = ["json.load"]

    [[loaders]]                       # methods of a schema whose result holds its declared fields, validated
    calls = ["marshmallow.Schema.load"]

    [[harmless]]                      # methods that are no sinks, though those that they override are
    calls = ["jinja2.sandbox.SandboxedEnvironment.from_string"]

    [[entries]]                       # functions that the library calls with what a client sent
    what = "message"
    note = "a websocket message"
    decorators = ["flask_socketio.SocketIO.on"]
    methods = ["channels.generic.websocket.WebsocketConsumer.receive"]  # of subclasses
    given = ["sid"]                   # parameters that are the library's own

    [[ends]]                          # calls that never come back
    calls = ["flask.abort"]

    [[keyed]]                         # objects that hold values under keys
    types = ["configparser.ConfigParser"]
    sets = { set = [0, 1, 2] }        # method: positions of the key, then of the value
    gets = { get = [0, 1] }
    stores = true                     # the constructor keeps its keywords under their names

    [[contexts]]                      # objects of one request, or one client: what code puts there, other code finds
    name = "the session"              # one for all classes that stand for the same
    types = ["flask.sessions.SessionMixin"]

A later file with the same call adds to it. Users add files of their own (`taint.models` in the configuration, or tables
of `taint.model` without `version` and `library`); the project's own functions and classes count there as a library's.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import tomli

from backend_lint.core import ConfigError
from backend_lint.project.external import ancestors, canonical_external

VERSION = 1

# Kinds that an attacker reaches by breaking out of a text; the others need no special character.
INJECTION = frozenset({
    "sql", "command", "code", "template", "path", "ssrf", "xss", "redirect", "xpath", "ldap", "header", "log",
    "nosql", "regex", "django-template", "format", "mail", "deserialization", "xml", "archive", "cache", "field-name",
})  # fmt: skip
ALL = INJECTION | frozenset({"resource", "trust-boundary"})


class _Part(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    pass


class Condition(_Part, kw_only=True, frozen=True):
    """On another argument: one of `is`, or none of `isnt`; `entry` asks what the argument's object holds there.

    An argument that is not given is `default`; without one it fulfils `isnt`. Names of library things compare too.
    """

    at: int | None = None
    keyword: str | None = None
    is_: tuple[Any, ...] | None = msgspec.field(default=None, name="is")
    isnt: tuple[Any, ...] | None = None
    default: Any = None
    entry: str | None = None
    unknown: bool = True


class SourceModel(_Part, kw_only=True, frozen=True):
    what: str
    note: str
    reads: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    type: str | None = None
    absent: tuple[str, ...] = ()
    only: str | None = None
    fields: bool = False


class SinkModel(_Part, kw_only=True, frozen=True):
    kind: str
    calls: tuple[str, ...]
    arguments: tuple[int | str, ...]
    context: str = ""
    when: tuple[Condition, ...] = ()
    elsewhere: str = ""
    fits: str = ""
    typed_by: str = ""
    asks: bool = False
    overridden: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()


class AnswerModel(_Part, kw_only=True, frozen=True):
    """Methods of the project's classes whose result the library that calls them makes use of."""

    kind: str
    methods: tuple[str, ...]
    fits: str = ""


class StoreModel(_Part, kw_only=True, frozen=True):
    kind: str
    into: tuple[str, ...]
    parts: tuple[str, ...] = ("value",)
    names: tuple[str, ...] = ()
    trusted: str = ""
    fits: str = ""


class SanitizerModel(_Part, kw_only=True, frozen=True):
    calls: tuple[str, ...]
    cleans: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    arguments: tuple[int | str, ...] = (0,)
    type: str | None = None


class CleanModel(_Part, kw_only=True, frozen=True):
    """`Class.*` in `calls` stands for all methods of a class."""

    calls: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    type: str | None = None


class DecoderModel(_Part, kw_only=True, frozen=True):
    calls: tuple[str, ...]


class ReaderModel(_Part, kw_only=True, frozen=True):
    """A call whose result is what stood in a file."""

    calls: tuple[str, ...]


class LoaderModel(_Part, kw_only=True, frozen=True):
    """A method of a schema that gives what it was given, or holds, by field, as the fields were validated."""

    calls: tuple[str, ...]


class HarmlessModel(_Part, kw_only=True, frozen=True):
    """Methods that are no sinks though those that they override are."""

    calls: tuple[str, ...]


class EntryModel(_Part, kw_only=True, frozen=True):
    """Functions that a library calls with what a client sent; parameters named in `given` are the library's own.

    A platform that is told the function's name finds it by that: `named` is part of it, `parameters` what it takes.
    """

    what: str
    note: str
    decorators: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    named: str = ""
    parameters: tuple[str, ...] = ()
    given: tuple[str, ...] = ()


class EndModel(_Part, kw_only=True, frozen=True):
    calls: tuple[str, ...]


class KeyedModel(_Part, kw_only=True, frozen=True):
    types: tuple[str, ...]
    sets: dict[str, tuple[int, ...]] = {}
    gets: dict[str, tuple[int, ...]] = {}
    stores: bool = False


class ContextModel(_Part, kw_only=True, frozen=True):
    """Classes, or names that stand for an object, through which functions hand on values of their own."""

    name: str
    types: tuple[str, ...]


class GuardModel(_Part, kw_only=True, frozen=True):
    """A call that answers True only for what can do no harm (`true`), or raises on what can (`raises`)."""

    calls: tuple[str, ...]
    cleans: tuple[str, ...]
    arguments: tuple[int | str, ...] = (0,)
    on: str = "true"


class Library(_Part, kw_only=True, frozen=True):
    version: int
    library: str
    objects: dict[str, str] = {}
    types: dict[str, str] = {}
    methods: dict[str, str] = {}
    sources: tuple[SourceModel, ...] = ()
    sinks: tuple[SinkModel, ...] = ()
    answers: tuple[AnswerModel, ...] = ()
    stores: tuple[StoreModel, ...] = ()
    sanitizers: tuple[SanitizerModel, ...] = ()
    clean: tuple[CleanModel, ...] = ()
    decoders: tuple[DecoderModel, ...] = ()
    readers: tuple[ReaderModel, ...] = ()
    loaders: tuple[LoaderModel, ...] = ()
    harmless: tuple[HarmlessModel, ...] = ()
    entries: tuple[EntryModel, ...] = ()
    ends: tuple[EndModel, ...] = ()
    keyed: tuple[KeyedModel, ...] = ()
    contexts: tuple[ContextModel, ...] = ()
    guards: tuple[GuardModel, ...] = ()


class Models:
    """All libraries, ready to be asked by qualified name.

    `own` are the names that a project's own models speak of: they may be functions and classes of the project.
    """

    def __init__(self, libraries: Iterable[Library], own: Iterable[Library] = ()) -> None:
        self.libraries = (*libraries, *own)
        self.own = frozenset(name for library in own for name in _names(library))
        self.objects: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self.methods: dict[str, str] = {}
        self.reads: dict[str, SourceModel] = {}
        self.calls: dict[str, SourceModel] = {}
        self.sinks: dict[str, list[SinkModel]] = {}
        self.asking: set[str] = set()
        self.elsewhere: dict[str, list[tuple[SinkModel, re.Pattern[str]]]] = {}
        self.answers: dict[str, AnswerModel] = {}
        self.answering: set[str] = set()
        self.stores: dict[str, list[StoreModel]] = {}
        self.sanitizers: dict[str, SanitizerModel] = {}
        self.clean: dict[str, CleanModel] = {}
        self.clean_methods: set[str] = set()
        self.clean_results: set[str] = set()
        self.decoders: set[str] = set()
        self.readers: set[str] = set()
        self.loaders: set[str] = set()
        self.harmless: set[str] = set()
        self.entry_decorators: dict[str, EntryModel] = {}
        self.entry_methods: dict[str, EntryModel] = {}
        self.entry_signatures: dict[tuple[str, ...], EntryModel] = {}
        self.ends: set[str] = set()
        self.keyed: dict[str, KeyedModel] = {}
        self.contexts: dict[str, str] = {}
        self.guards: dict[str, GuardModel] = {}
        for library in self.libraries:
            self._add(library)

    def _add(self, library: Library) -> None:
        self.objects.update({canonical_external(name): kind for name, kind in library.objects.items()})
        self.types.update({canonical_external(name): kind for name, kind in library.types.items()})
        self.methods.update(library.methods)
        for source in library.sources:
            self.reads.update((canonical_external(name), source) for name in source.reads)
            self.calls.update((canonical_external(name), source) for name in source.calls)
        for sink in library.sinks:
            if sink.asks:
                self.asking.update(map(canonical_external, sink.calls))
            for name in sink.calls:
                self.sinks.setdefault(canonical_external(name), []).append(sink)
                if sink.elsewhere:
                    method = name.rpartition(".")[2]
                    known = self.elsewhere.setdefault(method, [])
                    if all(each.kind != sink.kind or each.elsewhere != sink.elsewhere for each, _ in known):
                        known.append((sink, re.compile(sink.elsewhere)))
        for answer in library.answers:
            self.answers.update((canonical_external(name), answer) for name in answer.methods)
            self.answering.update(name.rpartition(".")[2] for name in answer.methods)
        for store in library.stores:
            for name in store.into:
                self.stores.setdefault(canonical_external(name), []).append(store)
        for sanitizer in library.sanitizers:
            self.sanitizers.update((canonical_external(name), sanitizer) for name in sanitizer.calls)
        for clean in library.clean:
            self.clean.update((canonical_external(name), clean) for name in (*clean.calls, *clean.reads))
            self.clean_methods.update(clean.methods)
            self.clean_results.update(clean.results)
        for decoder in library.decoders:
            self.decoders.update(map(canonical_external, decoder.calls))
        for reader in library.readers:
            self.readers.update(map(canonical_external, reader.calls))
        for loader in library.loaders:
            self.loaders.update(map(canonical_external, loader.calls))
        for harmless in library.harmless:
            self.harmless.update(map(canonical_external, harmless.calls))
        for entry in library.entries:
            self.entry_decorators.update((canonical_external(name), entry) for name in entry.decorators)
            self.entry_methods.update((canonical_external(name), entry) for name in entry.methods)
            if entry.parameters:
                self.entry_signatures[entry.parameters] = entry
        for end in library.ends:
            self.ends.update(map(canonical_external, end.calls))
        for keyed in library.keyed:
            self.keyed.update((canonical_external(name), keyed) for name in keyed.types)
        for context in library.contexts:
            self.contexts.update((canonical_external(name), context.name) for name in context.types)
        for guard in library.guards:
            self.guards.update((canonical_external(name), guard) for name in guard.calls)

    @functools.cached_property
    def sink_names(self) -> frozenset[str]:
        """The last names of all sinks, to ask cheaply whether a function can hold one."""
        return frozenset(name.rpartition(".")[2] for name in self.sinks)

    @functools.cached_property
    def source_names(self) -> frozenset[str]:
        return frozenset(name.rpartition(".")[2] for name in (*self.reads, *self.calls, *self.objects))


def _names(library: Library) -> Iterator[str]:
    for source in library.sources:
        yield from (*source.reads, *source.calls)
    for clean in library.clean:
        yield from (*clean.reads, *clean.calls)
    for group in (library.sinks, library.sanitizers, library.guards, library.decoders, library.ends):
        for each in group:
            yield from each.calls


def packages() -> list[str]:
    """The packages and modules of which the models that come with us know something."""
    names = Models((), built_in()).own
    return sorted({name.partition(".")[0] for name in names if "." in name})


def expanded(kinds: Iterable[str]) -> frozenset[str]:
    """The kinds that a model's list names."""
    found: set[str] = set()
    for kind in kinds:
        found |= ALL if kind == "all" else INJECTION if kind == "injection" else {kind}
    return frozenset(found)


@functools.lru_cache(maxsize=65536)
def members(owner: str, name: str) -> list[str]:
    """The qualified names under which a member of a library's class may be known, nearest first."""
    return [canonical_external(f"{each}.{name}") for each in ancestors(owner)]


def parse(text: str, origin: str) -> Library:
    """One file of models. `ConfigError` says where it is wrong."""
    try:
        table = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise ConfigError(f"{origin}: {error}") from error
    return _library(table, origin)


def _library(table: Mapping[str, Any], origin: str) -> Library:
    try:
        library = msgspec.convert(table, Library)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{origin}: {error}") from error
    if library.version != VERSION:
        raise ConfigError(f"{origin}: version {library.version} of the models is not known, {VERSION} is")
    return library


@functools.cache
def built_in() -> tuple[Library, ...]:
    """The libraries that come with us."""
    folder = resources.files("backend_lint.taint").joinpath("models")
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    return tuple(parse(each.read_text("utf-8"), each.name) for each in files)


def load(extra: Iterable[Path] = (), written: Iterable[Mapping[str, Any]] = ()) -> Models:
    """The models that come with us, those in `extra` files, and those `written` in a configuration."""
    own = []
    for path in extra:
        try:
            text = path.read_text("utf-8")
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from error
        own.append(parse(text, str(path)))
    own += [_library({"version": VERSION, "library": "own", **table}, "taint.model") for table in written]
    return Models(built_in(), own)
