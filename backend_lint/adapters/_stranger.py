"""What a request without credentials is answered: told by following the code with what is known of the request.

A guard asks who it is; here it is nobody: no session, no cookies, no headers of one's own, no user. The path, the
endpoint and the method are those of one route, so that a guard which lets some paths through is one guard here and
none there. Conditions fold to true, false or open; of an open one both branches count.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from backend_lint.adapters._denial import CSRF, Denials, denials
from backend_lint.adapters._principal import principals
from backend_lint.adapters._registration import Entries, Items, Literal, Registration, Value, registration
from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr, Stmt
from backend_lint.project import Class, Function, Project, Scope

_DEPTH = 5
_UNROLLED = 60
_FOLLOWED = 3  # calls within calls whose value is worked out
_SHORT = 12  # statements of a function whose value is worked out
_BROAD = frozenset({"builtins.Exception", "builtins.BaseException"})
_PRINCIPAL = re.compile(
    r"(?:^|_)(?:user|users_?id|token|identity|principal|credentials?|claims|session|api_?key|authorization|auth|jwt)$"
    r"|^(?:user_id|userid|logged_in|username|auth_header|authorization_header|client_id)$",
    re.IGNORECASE,
)
_SIGNED_IN = frozenset({"is_authenticated", "is_logged_in", "logged_in", "authenticated", "is_signed_in"})
_STANDARD_HEADERS = frozenset(
    {"accept", "accept-encoding", "accept-language", "connection", "content-length", "content-type", "host"}
    | {"user-agent", "origin", "referer"}
)
_PURE = frozenset(
    {"startswith", "endswith", "lower", "upper", "strip", "rstrip", "lstrip", "removeprefix", "removesuffix", "replace"}
    | {"split", "partition", "rpartition", "find", "count", "format", "title"}
)
_SESSIONS = frozenset({"flask.session", "quart.session"})
_SENT = frozenset(
    f"{each}.request.{part}" for each in ("flask", "quart") for part in ("form", "headers", "values", "json")
)
_ADDRESSES = frozenset({"remote_addr", "remote", "host", "ip", "remote_ip"})
_PLACES = frozenset({"path", "full_path", "endpoint", "blueprint", "url_rule"})
_METHOD = "::"  # stands between a class and the name of a method that is looked for in its bases
_COLLECTIONS = {"set": frozenset, "frozenset": frozenset, "list": tuple, "tuple": tuple, "sorted": tuple}


class _Open:
    """A value that is not known."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __repr__(self) -> str:
        return f"<{self.what}>"

    def __bool__(self) -> bool:
        raise TypeError("an open value is neither true nor false")


OPEN = _Open("open")
PRESENT = _Open("present")  # not known, but something: a path parameter
HEADERS = _Open("headers")  # the headers of a request: those that every client sends, with values that are not known


@dataclass(frozen=True)
class Refusal:
    """`status` is 401, 403, 429 or `CSRF`.

    `is_returned` where it is an answer rather than an exception, which is `exception` where that is known.
    `is_certain` where no open condition stands before it.
    """

    status: int
    is_returned: bool = False
    exception: str | None = None
    is_certain: bool = True


@dataclass(frozen=True)
class Library:
    """What is known of one framework: `nobody` gives values to its objects for a stranger's request, `calls` the
    statuses that calls of its functions answer unless `lenient` keyword arguments say otherwise."""

    nobody: Mapping[str, Any]
    calls: Mapping[str, tuple[int, ...]]
    lenient: frozenset[str]


@dataclass
class _State:
    """Where the execution of one function stands. `cls` is the class of `self`, where it is known."""

    function: Function
    env: dict[str, Any]
    depth: int
    cls: Class | None = None
    held: dict[str, frozenset[Refusal]] = field(default_factory=dict)
    found: set[Refusal] = field(default_factory=set)
    conditions: list[Expr] = field(default_factory=list)
    is_open: bool = False


@dataclass(frozen=True)
class _Dispatch:
    """A call of a method of `self`: which function that is hangs on the class. `plain` are its known arguments."""

    name: str
    plain: tuple[tuple[str, str], ...]
    depth: int
    known: Mapping[str, Any] = field(compare=False)


_Question = str | _Dispatch  # what an answer hung on: a fact by its name, or what a method answers

_Answers = dict[tuple[_Question, ...], dict[tuple[Any, ...], frozenset[Refusal]]]


class Strangers:
    """`facts` given to a question are values of qualified names: `{"flask.request.path": "/login"}`."""

    def __init__(self, project: Project, library: Library, *, names_tell: bool = True) -> None:
        self.project, self.library, self.names_tell = project, library, names_tell
        self.denials: Denials = denials(project)
        self.found: Registration = registration(project)
        self._facts: Mapping[str, Any] = {}
        self._shape: tuple[str, ...] = ()
        self._consulted: dict[_Question, None] = {}
        self._nesting = 0
        self._methods: dict[tuple[str, str], Function | None] = {}
        self._answers: dict[
            tuple[Any, ...], dict[tuple[_Question, ...], dict[tuple[Any, ...], frozenset[Refusal]]]
        ] = {}
        self._given: dict[tuple[Any, ...], tuple[frozenset[Refusal], Mapping[_Question, None]]] = {}
        self._running: set[tuple[Any, ...]] = set()

    def decorator(self, function: Function, known: Mapping[str, Any], facts: Mapping[str, Any]) -> frozenset[Refusal]:
        """What a function that makes wrappers refuses: itself, or in the functions that it defines."""
        return self._asked(function, known, facts, _DEPTH, True)

    def hook(
        self, function: Function, known: Mapping[str, Any], facts: Mapping[str, Any], cls: Class | None = None
    ) -> frozenset[Refusal]:
        """What a function that runs before the handlers refuses; of a method, what it refuses for a class."""
        return self._asked(function, known, facts, _DEPTH, False, cls)

    def handler(self, function: Function, facts: Mapping[str, Any], known: Mapping[str, Any]) -> frozenset[Refusal]:
        """What a handler refuses, itself or through what it calls."""
        return self._asked(function, known, facts, 1, False)

    @functools.cached_property
    def _distances(self) -> dict[str, int]:
        """How many calls lie between a function and a refusal, for those that can refuse at all."""
        project = self.project
        found = {each.qualified: 0 for each in project.functions(Role.APP, Role.SCRIPT) if self._refuses(each)}
        queue = [function for name in found if (function := project.function(name)) is not None]
        for function in queue:
            distance = found[function.qualified] + 1
            around: list[Scope] = [site.scope for site in project.callers(function)] if distance < _DEPTH else []
            if function.parent is not None:
                around.append(function.parent)
            for scope in around:
                if isinstance(scope, Function) and scope.qualified not in found:
                    found[scope.qualified] = distance
                    queue.append(scope)
        return found

    def _refuses(self, function: Function) -> bool:
        if self.denials.direct(function):
            return True
        return any(
            site.symbol in self.library.calls or self.denials.is_redirect(site.symbol)
            for site in self.project.sites(function)
        )

    def bound(self, function: Function, call: ir.Call | None, scope: Scope) -> dict[str, Any]:
        """The literal arguments of a call by the parameter that takes them, defaults included."""
        state = _State(scope, {}, 0) if isinstance(scope, Function) else None
        return self._arguments(function, call, scope, state)

    # One function

    def _asked(
        self,
        function: Function,
        known: Mapping[str, Any],
        facts: Mapping[str, Any],
        depth: int,
        defines: bool,
        cls: Class | None = None,
    ) -> frozenset[Refusal]:
        self._facts, self._shape = facts, tuple(facts)
        self._consulted, self._given = {}, {}
        return self._answer(function, known, depth, defines, cls)

    def _answer(
        self, function: Function, known: Mapping[str, Any], depth: int, defines: bool, cls: Class | None = None
    ) -> frozenset[Refusal]:
        """What a function refuses.

        An answer holds for all requests that agree in the facts that it consulted, and for all classes of `self` whose
        methods answer alike.
        """
        key = (function.qualified, _plain(known), depth, defines, cls is None, self._shape)
        particular = (*key, cls and cls.qualified)
        if particular not in self._given:
            if particular in self._running:
                return frozenset()
            self._running.add(particular)
            outer, self._consulted = self._consulted, {}
            answers = self._answers.setdefault(key, {})
            answer = self._remembered(answers, cls)
            if answer is None:
                state = _State(function, dict(known), depth, cls)
                self._block(function.body, state, defines)
                answer, asked = frozenset(state.found), tuple(self._consulted)
                answers.setdefault(asked, {})[self._answers_to(asked, cls)] = answer
            self._given[particular] = answer, self._consulted
            self._consulted = outer
            self._running.discard(particular)
        answer, consulted = self._given[particular]
        self._consulted |= consulted
        return answer

    def _remembered(self, answers: _Answers, cls: Class | None) -> frozenset[Refusal] | None:
        """The answer that was given where all that it hung on was as it is now."""
        for asked, by_values in answers.items():
            answer = by_values.get(self._answers_to(asked, cls))
            if answer is not None:
                self._consulted = dict.fromkeys(asked)
                return answer
        return None

    def _answers_to(self, questions: tuple[_Question, ...], cls: Class | None) -> tuple[Any, ...]:
        return tuple(
            repr(self._facts[each]) if isinstance(each, str) else self._dispatched(each, cls) for each in questions
        )

    def _dispatched(self, call: _Dispatch, cls: Class | None) -> frozenset[Refusal] | None:
        """What the method answers that a call of `self` reaches; None where the class has none of that name."""
        own = None if cls is None else self._found_method(cls, call.name)
        if own is None:
            return None
        outer, self._consulted = self._consulted, {}
        answer = self._answer(own, call.known, call.depth, False, cls)
        self._consulted = outer
        return answer

    def _arguments(
        self, function: Function, call: ir.Call | None, scope: Scope, state: _State | None
    ) -> dict[str, Any]:
        parameters = [each for each in function.parameters if each.kind in ("positional", "plain", "keyword")]
        skipped = 1 if function.takes_receiver and parameters else 0
        found: dict[str, Any] = {}
        for index, parameter in enumerate(parameters[skipped:]):
            position = None if parameter.kind == "keyword" else index
            passed = None if call is None else call.argument(position, parameter.name)
            if passed is not None:
                value = self._value(passed, scope, state.env if state is not None else {})
            elif parameter.default is not None and (call is None or not call.has_unpacking):
                value = self._value(parameter.default, function.module, {})
            else:
                value = OPEN
            found[parameter.name] = value
            if state is not None and type(passed) is ir.Name:
                found |= {
                    f"{parameter.name}.{name.partition('.')[2]}": each
                    for name, each in state.env.items()
                    if name.startswith(f"{passed.id}.")
                }
        return found

    # Statements

    def _block(self, body: Iterable[Stmt], state: _State, defines: bool) -> bool:
        """Follow statements; true where they surely end the function."""
        return any(self._statement(stmt, state, defines) for stmt in body)

    def _statement(self, stmt: Stmt, state: _State, defines: bool) -> bool:
        match stmt:
            case ir.If(test=test, body=body, orelse=orelse):
                return self._branch(test, body, orelse, state, defines)
            case ir.Return(value=value):
                if value is not None:
                    self._returned(value, state)
                    if defines:
                        self._partial(value, state)
                return True
            case ir.Raise(exc=exc):
                if exc is not None:
                    self._raised(exc, state)
                return True
            case ir.Assign(targets=targets, value=value) if value is not None:
                self._calls(value, state)
                found = self._value(value, state.function, state.env)
                for target in targets:
                    self._bind(target, found, state.env)
                    if type(target) is ir.Name:
                        state.held[target.id] = self._answers_of(value, state) | self._made(value, state)
            case ir.Augment(target=target, value=value):
                self._calls(value, state)
                self._bind(target, OPEN, state.env)
            case ir.Evaluate(value=value):
                return self._calls(value, state)
            case ir.Assert(test=test):
                self._calls(test, state)
            case ir.For():
                return self._loop(stmt, state, defines)
            case ir.While(test=test, body=body, orelse=orelse):
                self._open(body, state, defines, [test])
                self._block(orelse, state, defines)
            case ir.Try():
                return self._try(stmt, state, defines)
            case ir.With(items=items, body=body):
                for item in items:
                    self._calls(item.value, state)
                    if item.target is not None:
                        self._bind(item.target, OPEN, state.env)
                return self._block(body, state, defines)
            case ir.Match(subject=subject, cases=cases):
                for case in cases:
                    self._open(case.body, state, defines, [subject])
            case ir.DefineFunction(function=index) if defines:
                self._nested(state.function.module.functions[index], state)
        return False

    def _branch(self, test: Expr, body: list[Stmt], orelse: list[Stmt], state: _State, defines: bool) -> bool:
        self._calls(test, state)
        decided = self.truth(test, state.function, state.env)
        if decided is not None:
            conditions = len(state.conditions)
            state.conditions.append(test)
            ended = self._block(body if decided else orelse, state, defines)
            if not _leaves(orelse if decided else body):
                del state.conditions[conditions:]
            return ended
        before, was_open, conditions = dict(state.env), state.is_open, len(state.conditions)
        state.is_open = True
        state.conditions.append(test)
        ended = self._block(body, state, defines)
        first = state.env
        state.env = before
        other = self._block(orelse, state, defines)
        if not other:
            state.env = state.env if ended else _joined(first, state.env)
        elif not ended:
            state.env = first
        if not (ended or other):
            del state.conditions[conditions:]
            state.is_open = was_open
        return ended and other

    def _open(self, body: list[Stmt], state: _State, defines: bool, tests: list[Expr]) -> None:
        """Statements that may or may not run, as `tests` decide."""
        before, was_open, conditions = dict(state.env), state.is_open, len(state.conditions)
        state.is_open = True
        state.conditions.extend(tests)
        self._block(body, state, defines)
        del state.conditions[conditions:]
        state.env, state.is_open = _joined(before, state.env), was_open

    def _loop(self, stmt: ir.For, state: _State, defines: bool) -> bool:
        self._calls(stmt.iter, state)
        items = self._value(stmt.iter, state.function, state.env)
        is_plain = not any(type(each) is ir.Jump and each.kind != "pass" for each in ir.walk_statements(stmt.body))
        if is_plain and isinstance(items, (tuple, frozenset, dict)) and len(items) <= _UNROLLED:
            for item in sorted(items, key=repr):
                self._bind(stmt.target, item, state.env)
                if self._block(stmt.body, state, defines):
                    return True
        else:
            self._bind(stmt.target, OPEN, state.env)
            self._open(stmt.body, state, defines, [stmt.iter])
        return self._block(stmt.orelse, state, defines)

    def _try(self, stmt: ir.Try, state: _State, defines: bool) -> bool:
        before, outer = dict(state.env), state.found
        state.found = set()
        ended = self._block(stmt.body, state, defines)
        caught = {each for each in state.found if self._is_caught(each, stmt.handlers, state.function)}
        state.found = outer | (state.found - caught)
        after = state.env
        endings = []
        for handler in stmt.handlers:
            state.env = dict(before)
            was_open, conditions = state.is_open, len(state.conditions)
            state.is_open = not (caught and ended)
            state.conditions.extend(each for part in stmt.body for each in ir.children(part))
            endings.append(self._block(handler.body, state, defines))
            del state.conditions[conditions:]
            state.is_open = was_open
            after = _joined(after, state.env) if not endings[-1] else after
        state.env = after
        ended = (self._block(stmt.orelse, state, defines) or ended) and all(endings)
        return self._block(stmt.final, state, defines) or ended

    def _is_caught(self, refusal: Refusal, handlers: list[ir.Handler], scope: Function) -> bool:
        if refusal.is_returned:
            return False
        for handler in handlers:
            if any(type(each) is ir.Raise and each.exc is None for each in handler.body):
                continue  # passed on as it came
            kinds = handler.type.items if type(handler.type) is ir.Sequence else [handler.type]
            for kind in kinds:
                symbol = None if kind is None else self.denials.symbol(kind, scope)
                if kind is None or symbol in _BROAD:
                    return True
                if symbol is not None and refusal.exception is not None:
                    if self.project.classes.is_subclass(refusal.exception, symbol):
                        return True
        return False

    def _nested(self, function: Function, state: _State) -> None:
        """A function that a decorator defines: its parameters are not known, the names around it are."""
        own = function.locals
        env = {name: value for name, value in state.env.items() if name not in own}
        for decorator in function.decorators:
            self._library(decorator, state)
        for refusal in self._answer(function, env, state.depth, True):
            self._add(refusal, state)

    def _partial(self, value: Expr, state: _State) -> None:
        """`return functools.partial(decorator, scope=scope)`: the same decorator, once it is given its function."""
        if type(value) is not ir.Call or self.project.site(value, state.function).symbol != "functools.partial":
            return
        target = self.project.function(self.denials.symbol(value.args[0].value, state.function) or "")
        if target is None:
            return
        known = {name: self._value(each, state.function, state.env) for name, each in value.keywords.items()}
        for refusal in self._answer(target, known, state.depth, True):
            self._add(refusal, state)

    # Refusals

    def _add(self, refusal: Refusal, state: _State) -> None:
        """Keep a refusal; one that hangs on something else than who asks, as a switch does, is none."""
        if state.is_open and refusal.is_certain:
            if any(self._is_token_check(condition, state.function) for condition in state.conditions):
                refusal = replace(refusal, status=CSRF)
            elif refusal.status == 403 and not self._is_personal(state):
                return
            refusal = Refusal(refusal.status, refusal.is_returned, refusal.exception, False)
        state.found.add(refusal)

    def _is_token_check(self, condition: Expr, scope: Scope) -> bool:
        """Whether a condition compares what the session holds with what the client sent: a CSRF token."""
        return any(
            type(node) is ir.Compare
            and any(self._is_session(one, scope) and self._is_sent(other, scope) for one, other in _ways(node))
            for node in ir.walk_expression(condition)
        )

    def _is_session(self, expr: Expr, scope: Scope) -> bool:
        return any((self.project.qualified(node, scope) or "") in _SESSIONS for node in ir.walk_expression(expr))

    def _is_sent(self, expr: Expr, scope: Scope) -> bool:
        return any((self.project.qualified(node, scope) or "") in _SENT for node in ir.walk_expression(expr))

    def _is_personal(self, state: _State) -> bool:
        """Whether the conditions here ask who it is; an address is somebody only where it is asked for some paths."""
        asked = principals(self.project)
        if any(asked.are_in(condition, state.function) for condition in state.conditions):
            return True
        named = {
            node.name
            for condition in state.conditions
            for node in ir.walk_expression(condition)
            if type(node) is ir.Attribute
        }
        return not named.isdisjoint(_ADDRESSES) and not named.isdisjoint(_PLACES)

    def _raised(self, exc: Expr, state: _State) -> None:
        scope = state.function
        self._calls(exc, state)
        symbol = self.denials.symbol(exc.func if type(exc) is ir.Call else exc, scope)
        for status in self.denials.raised(exc, scope):
            self._add(Refusal(status, exception=symbol), state)
        if self.denials.is_redirect(symbol) and self._sends_away(exc, state):
            self._add(Refusal(401, exception=symbol), state)

    def _returned(self, value: Expr, state: _State) -> None:
        match value:
            case ir.Await(value=inner):
                return self._returned(inner, state)
            case ir.Conditional(test=test, body=body, orelse=orelse):
                decided = self.truth(test, state.function, state.env)
                for branch, taken in ((body, True), (orelse, False)):
                    if decided is not (not taken):
                        self._returned(branch, state)
                return None
            case ir.Sequence(kind="tuple"):
                self._calls(value, state)
                for status in self.denials.returned(value, state.function):
                    self._add(Refusal(status, is_returned=True), state)
                return None
            case ir.Name(id=name):
                for refusal in state.held.get(name, ()):
                    self._add(refusal, state)
                return None
        self._calls(value, state)
        for status in self.denials.returned(value, state.function):
            self._add(Refusal(status, is_returned=True), state)
        for refusal in self._answers_of(value, state):
            self._add(refusal, state)
        if type(value) is ir.Call:
            if self.denials.is_redirect(self.denials.symbol(value.func, state.function)):
                if self._sends_away(value, state):
                    self._add(Refusal(401, is_returned=True), state)
        return None

    def _answers_of(self, value: Expr, state: _State) -> frozenset[Refusal]:
        """What a call gives to its caller to answer with."""
        call = value.value if type(value) is ir.Await else value
        if type(call) is not ir.Call:
            return frozenset()
        return frozenset(each for each in self._called(call, state) if each.is_returned)

    def _made(self, value: Expr, state: _State) -> frozenset[Refusal]:
        """The refusals that a response is, which an ASGI application then calls."""
        return frozenset(Refusal(status, True) for status in self.denials.returned(value, state.function))

    def _sent(self, call: ir.Call, state: _State) -> frozenset[Refusal]:
        """`await response(scope, receive, send)`: the response that is called is the answer."""
        if type(call.func) is ir.Call and len(call.args) == 3:
            return self._made(call.func, state)
        return state.held.get(call.func.id, frozenset()) if type(call.func) is ir.Name else frozenset()

    def _sends_away(self, answer: Expr, state: _State) -> bool:
        """Whether a redirect stands for "sign in first": it leads to a login, or hangs on who asks."""
        if type(answer) is ir.Call and self.denials.leads_to_login(answer):
            return True
        return any(
            self._names_nobody(node, state.function)
            for condition in state.conditions
            for node in ir.walk_expression(condition)
        )

    def _names_nobody(self, node: Expr, scope: Scope) -> bool:
        if type(node) not in (ir.Name, ir.Attribute):
            return False
        return self.project.qualified(node, scope) in self.library.nobody

    def _calls(self, expr: Expr, state: _State) -> bool:
        """The calls in an expression; true where one of them, as a statement of its own, surely refuses."""
        is_certain = False
        for node in ir.walk_expression(expr):
            if type(node) is not ir.Call:
                continue
            for status in self.denials.aborted(node, state.function):
                self._add(Refusal(status, exception=f"werkzeug.exceptions.{status}"), state)
                is_certain = is_certain or node is expr
            is_certain = is_certain or (node is expr and self.denials.is_abort(node, state.function))
            self._library(node, state)
            for refusal in self._sent(node, state):
                self._add(refusal, state)
            for refusal in self._called(node, state):
                if not refusal.is_returned:
                    self._add(refusal, state)
                    is_certain = is_certain or (refusal.is_certain and node is expr)
        return is_certain

    def _library(self, expr: Expr, state: _State) -> None:
        call = expr if type(expr) is ir.Call else None
        symbol = (
            self.project.site(call, state.function).symbol
            if call is not None
            else self.denials.symbol(expr, state.function)
        )
        if symbol is None:
            return
        for status in self.library.calls.get(symbol, ()):
            if not self._is_lenient(call, state):
                self._add(Refusal(status, exception=f"{symbol}()"), state)

    def _is_lenient(self, call: ir.Call | None, state: _State) -> bool:
        options = {} if call is None else call.keywords
        return any(
            self.truth(options[name], state.function, state.env) is not False
            for name in self.library.lenient
            if name in options
        )

    def _called(self, call: ir.Call, state: _State) -> frozenset[Refusal]:
        """What the called function of the project refuses."""
        if state.depth <= 0:
            return frozenset()
        name = self._own_method(call, state)
        if name is not None and state.cls is not None:
            own = self._found_method(state.cls, name)
            known = {} if own is None else self._arguments(own, call, state.function, state)
            dispatch = _Dispatch(name, _plain(known), state.depth - 1, known)
            self._consulted[dispatch] = None
            if own is not None:
                return self._dispatched(dispatch, state.cls) or frozenset()
        if type(call.func) is ir.Call:  # login_required(view)(*args)
            return self._wrapping(call.func, state)
        site = self.project.site(call, state.function)
        if not site.targets or not site.is_certain:
            return frozenset()
        target = site.targets[0]
        if self._distances.get(target.qualified, _DEPTH) >= state.depth:
            return frozenset()
        known = self._arguments(target, call, state.function, state)
        return self._answer(target, known, state.depth - 1, False)

    def _wrapping(self, call: ir.Call, state: _State) -> frozenset[Refusal]:
        """What the wrapper that a decorator of the project makes refuses."""
        site = self.project.site(call, state.function)
        if not site.targets or self._distances.get(site.targets[0].qualified, _DEPTH) >= state.depth:
            return frozenset()
        known = self._arguments(site.targets[0], call, state.function, state)
        return self._answer(site.targets[0], known, state.depth - 1, True)

    def _own_method(self, call: ir.Call, state: _State) -> str | None:
        """The method that `self.check()`, `super().check()` or `Base.check(self)` calls, for any class of `self`."""
        if state.cls is None or type(call.func) is not ir.Attribute:
            return None
        owner, behind = call.func.value, ""
        if type(owner) is ir.Call and ir.dotted(owner.func) == "super" and state.function.owner is not None:
            behind = f">{state.function.owner.qualified}"
        elif type(owner) is not ir.Name:
            return None
        elif owner.id != "self":
            if not call.args or ir.dotted(call.args[0].value) != "self":
                return None
            behind = self.project.qualified(owner, state.function) or ""
        return f"{behind}{_METHOD}{call.func.name}"

    def _found_method(self, cls: Class, name: str) -> Function | None:
        """The method that a class has under a name, from the named class of its bases on, or behind it."""
        key = (cls.qualified, name)
        if key not in self._methods:
            behind, _, plain = name.partition(_METHOD)
            above = self.project.classes.mro(cls)
            start = self.project.cls(behind.removeprefix(">"))
            if start in above:
                above = above[above.index(start) + behind.startswith(">") :]
            elif behind:
                above = []
            found = (each.methods[plain] for each in above if isinstance(each, Class) and plain in each.methods)
            self._methods[key] = next(found, None)
        return self._methods[key]

    # Values

    def truth(self, expr: Expr, scope: Scope, env: Mapping[str, Any]) -> bool | None:
        """Whether a condition holds; None where that is open."""
        match expr:
            case ir.Bool(op=op, values=values):
                answers = [self.truth(value, scope, env) for value in values]
                decisive = op == "or"
                if decisive in answers:
                    return decisive
                return None if None in answers else not decisive
            case ir.Unary(op="not", value=value):
                inner = self.truth(value, scope, env)
                return None if inner is None else not inner
        value = self._value(expr, scope, env)
        if value is PRESENT:
            return True
        return None if isinstance(value, _Open) else bool(value)

    def _value(self, expr: Expr, scope: Scope, env: Mapping[str, Any]) -> Any:
        match expr:
            case ir.Const(value=value):
                return value
            case ir.Name(id=name):
                return self._name(name, scope, env)
            case ir.Attribute():
                return self._attribute(expr, scope, env)
            case ir.Call():
                return self._result(expr, scope, env)
            case ir.Compare(op=op, left=left, right=right):
                return self._compared(op, self._value(left, scope, env), self._value(right, scope, env))
            case ir.Bool(op="or", values=values):
                return self._first(values, scope, env)
            case ir.Bool() | ir.Unary(op="not"):
                decided = self.truth(expr, scope, env)
                return OPEN if decided is None else decided
            case ir.Conditional(test=test, body=body, orelse=orelse):
                decided = self.truth(test, scope, env)
                return OPEN if decided is None else self._value(body if decided else orelse, scope, env)
            case ir.Sequence(items=items):
                held = tuple(self._value(item, scope, env) for item in items)
                return held if all(map(_is_plain, held)) else OPEN
            case ir.Dict(keys=keys):
                names = [OPEN if key is None else self._value(key, scope, env) for key in keys]
                return dict.fromkeys(names, OPEN) if all(map(_is_plain, names)) else OPEN
            case ir.Subscript(value=owner, index=index):
                return _element(self._value(owner, scope, env), self._value(index, scope, env))
            case ir.Text(pieces=pieces):
                parts = [self._value(piece, scope, env) for piece in pieces]
                return "".join(map(str, parts)) if all(map(_is_plain, parts)) else OPEN
            case ir.Binary(op="+", left=left, right=right):
                first, second = self._value(left, scope, env), self._value(right, scope, env)
                return first + second if isinstance(first, str) and isinstance(second, str) else OPEN
            case ir.Await(value=inner) | ir.Walrus(value=inner):
                return self._value(inner, scope, env)
        return OPEN

    def _name(self, name: str, scope: Scope, env: Mapping[str, Any]) -> Any:
        if name in env:
            found = env[name]
        else:
            found = OPEN
            qualified = self.project.names.resolve(name, scope)
            if qualified is not None:
                found = self._known(qualified)
        return None if found is OPEN and self._is_principal(name) else found

    def _attribute(self, expr: ir.Attribute, scope: Scope, env: Mapping[str, Any]) -> Any:
        dotted = ir.dotted(expr)
        if dotted is not None and dotted in env:
            return env[dotted]
        qualified = self.project.qualified(expr, scope)
        if qualified is not None:
            found = self._known(qualified)
            if found is not OPEN:
                return found
        if dotted == f"self.{expr.name}" and isinstance(scope, Function) and scope.owner is not None:
            found = self._of_class(scope.owner, expr.name)
            if found is not OPEN:
                return found
        if expr.name in _SIGNED_IN and self.names_tell:
            return False
        if expr.name == "is_anonymous":
            return True
        return None if self._is_principal(expr.name) else OPEN

    def _of_class(self, cls: Class, name: str) -> Any:
        """The constant that a class holds under a name which neither an instance nor a class below it sets anew."""
        classes = self.project.classes
        around = [each for each in classes.mro(cls) if isinstance(each, Class)]
        below = classes.subclasses(cls)
        if any(name in each.instance_attributes for each in (*around, *below)):
            return OPEN
        owner = next((each for each in around if name in each.attributes), None)
        if owner is None or any(name in each.attributes for each in below):
            return OPEN
        return self._known(f"{owner.qualified}.{name}")

    def _is_principal(self, name: str) -> bool:
        return self.names_tell and _PRINCIPAL.search(name) is not None

    def _known(self, qualified: str) -> Any:
        """The value of a qualified name: of this request, of any stranger's, or a constant of the project."""
        if qualified in self._facts:
            self._consulted[qualified] = None
            return self._facts[qualified]
        if qualified in self.library.nobody:
            return self.library.nobody[qualified]
        if self.project.names.split(qualified)[0] is None:
            return OPEN
        return _constant(self.found.variable(qualified))

    def _first(self, values: list[Expr], scope: Scope, env: Mapping[str, Any]) -> Any:
        for each in values:
            value = self._value(each, scope, env)
            if isinstance(value, _Open):
                return value
            if value:
                return value
        return value

    def _compared(self, op: str, left: Any, right: Any) -> Any:
        if op in ("is", "is not") and (left is PRESENT or right is PRESENT) and (left is None or right is None):
            return op == "is not"
        if isinstance(left, _Open) or isinstance(right, _Open):
            return OPEN
        match op:
            case "==" | "is":
                return left == right
            case "!=" | "is not":
                return left != right
            case "in" | "not in" if isinstance(right, (str, tuple, frozenset, dict)):
                if isinstance(right, str) and not isinstance(left, str):
                    return OPEN
                return (left in right) is (op == "in")
        return OPEN

    def _result(self, call: ir.Call, scope: Scope, env: Mapping[str, Any]) -> Any:
        """The value of a call that can be told: of a method of a known value, or a plain builtin."""
        match call.func:
            case ir.Attribute(value=owner, name=method):
                found = self._method(self._value(owner, scope, env), method, call, scope, env)
                if found is not OPEN:
                    return found
            case ir.Name(id="bool") if len(call.args) == 1:
                decided = self.truth(call.args[0].value, scope, env)
                return OPEN if decided is None else decided
            case ir.Name(id="any" | "all" as name) if len(call.args) == 1:
                return self._quantified(name, call.args[0].value, scope, env)
            case ir.Name(id="str") if len(call.args) == 1:
                value = self._value(call.args[0].value, scope, env)
                return str(value) if _is_plain(value) else OPEN
            case ir.Name(id=name) if name in _COLLECTIONS and len(call.args) == 1:
                value = self._value(call.args[0].value, scope, env)
                return _COLLECTIONS[name](value) if isinstance(value, (tuple, frozenset)) else OPEN
        site = self.project.site(call, scope)
        if site.symbol is not None and f"{site.symbol}()" in self.library.nobody:
            return self.library.nobody[f"{site.symbol}()"]
        if site.targets and site.is_certain:
            return self._of_function(site.targets[0], call, scope, env)
        return OPEN

    def _of_function(self, function: Function, call: ir.Call, scope: Scope, env: Mapping[str, Any]) -> Any:
        """The value of a call of a short function of the project, where no open condition decides it."""
        facts = function.facts
        if self._nesting >= _FOLLOWED or facts.is_generator or facts.metrics.statements > _SHORT:
            return OPEN
        if function.decorators:
            return OPEN
        self._nesting += 1
        state = _State(scope, dict(env), 0) if isinstance(scope, Function) else None
        inner = self._arguments(function, call, scope, state)
        ended, value = self._outcome(function.body, function, inner)
        self._nesting -= 1
        return value if ended else None

    def _outcome(self, body: Iterable[Stmt], function: Function, env: dict[str, Any]) -> tuple[bool, Any]:
        """Whether statements end the function, and what they return; open from the first thing that is not known."""
        for stmt in body:
            match stmt:
                case ir.Return(value=value):
                    return True, None if value is None else self._value(value, function, env)
                case ir.Assign(targets=targets, value=value) if value is not None:
                    found = self._value(value, function, env)
                    for target in targets:
                        self._bind(target, found, env)
                case ir.If(test=test, body=then, orelse=otherwise):
                    decided = self.truth(test, function, env)
                    if decided is None:
                        return True, OPEN
                    ended, value = self._outcome(then if decided else otherwise, function, env)
                    if ended:
                        return True, value
                case ir.Evaluate() | ir.Load():
                    pass
                case ir.Jump(kind="pass"):
                    pass
                case _:
                    return True, OPEN
        return False, None

    def _method(self, owner: Any, method: str, call: ir.Call, scope: Scope, env: Mapping[str, Any]) -> Any:
        args = [self._value(value, scope, env) for value in call.positional]
        if owner is HEADERS:
            if method == "get" and args and isinstance(args[0], str) and args[0].lower() not in _STANDARD_HEADERS:
                return args[1] if len(args) > 1 else None
            return OPEN
        if isinstance(owner, dict) and method in ("get", "pop") and args and _is_plain(args[0]):
            return owner.get(args[0], args[1] if len(args) > 1 else None)
        if isinstance(owner, str) and method in _PURE and all(map(_is_plain, args)):
            try:
                found = getattr(owner, method)(*args)
            except (TypeError, ValueError, KeyError, IndexError):
                return OPEN
            return tuple(found) if isinstance(found, list) else found
        return OPEN

    def _quantified(self, name: str, expr: Expr, scope: Scope, env: Mapping[str, Any]) -> Any:
        """`any(path.startswith(each) for each in PUBLIC)`."""
        if type(expr) is not ir.Comprehension or len(expr.clauses) != 1 or expr.clauses[0].conditions:
            return OPEN
        items = self._value(expr.clauses[0].iter, scope, env)
        if not isinstance(items, (tuple, frozenset, dict)) or len(items) > _UNROLLED:
            return OPEN
        answers = []
        for item in items:
            inner = dict(env)
            self._bind(expr.clauses[0].target, item, inner)
            answers.append(self.truth(expr.element, scope, inner))
        decisive = name == "any"
        if decisive in answers:
            return decisive
        return OPEN if None in answers else not decisive

    def _bind(self, target: Expr, value: Any, env: dict[str, Any]) -> None:
        match target:
            case ir.Name(id=name):
                env[name] = value
            case ir.Attribute() if (dotted := ir.dotted(target)) is not None:
                env[dotted] = value
            case ir.Sequence(items=items):
                parts = value if isinstance(value, tuple) and len(value) == len(items) else [OPEN] * len(items)
                for item, part in zip(items, parts, strict=True):
                    self._bind(item, part, env)


def _plain(known: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Names with what they hold, where that is known, to compare with others."""
    return tuple(sorted((name, repr(value)) for name, value in known.items() if value is not OPEN))


def _leaves(body: list[Stmt]) -> bool:
    """Whether statements end the function, so that what follows hangs on the condition before them."""
    return bool(body) and isinstance(body[-1], (ir.Return, ir.Raise))


def _ways(node: ir.Compare) -> tuple[tuple[Expr, Expr], tuple[Expr, Expr]]:
    return (node.left, node.right), (node.right, node.left)


def _joined(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """What is known whichever of two ways was taken."""
    joined = dict.fromkeys((*first, *second), OPEN)
    for name in first.keys() & second.keys():
        one, other = first[name], second[name]
        if one is other or (type(one) is type(other) and not isinstance(one, _Open) and one == other):
            joined[name] = one
    return joined


def _constant(value: Value) -> Any:
    match value:
        case Literal(value=found):
            return found
        case Items(items=items):
            parts = tuple(_constant(item) for item in items)
            return parts if all(map(_is_plain, parts)) else OPEN
        case Entries(entries=entries):
            return dict.fromkeys(entries, OPEN)
    call = getattr(value, "symbol", None)
    if call in ("builtins.frozenset", "builtins.set", "builtins.tuple", "builtins.list"):
        args = getattr(value, "args", [])
        return _constant(args[0]) if args else ()
    return OPEN


def _element(owner: Any, index: Any) -> Any:
    if isinstance(owner, (tuple, str)) and isinstance(index, int) and -len(owner) <= index < len(owner):
        return owner[index]
    if isinstance(owner, dict) and _is_plain(index) and index in owner:
        return owner[index]
    return OPEN


def _is_plain(value: Any) -> bool:
    return not isinstance(value, (_Open, dict))


def statuses(refusals: Iterable[Refusal]) -> frozenset[int]:
    return frozenset(each.status for each in refusals)
