"""What a request without credentials is answered: told by following the code with what is known of the request.

A guard asks who it is; here it is nobody: no session, no cookies, no headers of one's own, no user. The path, the
endpoint and the method are those of one route, so that a guard which lets some paths through is one guard here and
none there. Conditions fold to true, false or open; of an open one both branches count.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from backend_lint.adapters._denial import CSRF, Denials, denials
from backend_lint.adapters._stranger.conditions import Conditions
from backend_lint.adapters._stranger.knowledge import UNROLLED, Knowledge
from backend_lint.adapters._stranger.library import Library
from backend_lint.adapters._stranger.refusal import Refusal
from backend_lint.adapters._stranger.values import OPEN, comparable, joined
from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr, Stmt
from backend_lint.project import Class, Function, Project, Scope

_DEPTH = 5
_BROAD = frozenset({"builtins.Exception", "builtins.BaseException"})
_METHOD = "::"  # stands between a class and the name of a method that is looked for in its bases


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
        self.project, self.library = project, library
        self.denials: Denials = denials(project)
        self.knowledge = Knowledge(project, library, names_tell=names_tell)
        self.conditions = Conditions(project, library)
        self._shape: tuple[str, ...] = ()
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
        return self.knowledge.arguments(function, call, scope, {})

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
        self.knowledge.facts, self._shape = facts, tuple(facts)
        self.knowledge.consulted, self._given = {}, {}
        return self._answer(function, known, depth, defines, cls)

    def _answer(
        self, function: Function, known: Mapping[str, Any], depth: int, defines: bool, cls: Class | None = None
    ) -> frozenset[Refusal]:
        """What a function refuses.

        An answer holds for all requests that agree in the facts that it consulted, and for all classes of `self` whose
        methods answer alike.
        """
        key = (function.qualified, comparable(known), depth, defines, cls is None, self._shape)
        particular = (*key, cls and cls.qualified)
        if particular not in self._given:
            if particular in self._running:
                return frozenset()
            self._running.add(particular)
            outer, self.knowledge.consulted = self.knowledge.consulted, {}
            answers = self._answers.setdefault(key, {})
            answer = self._remembered(answers, cls)
            if answer is None:
                state = _State(function, dict(known), depth, cls)
                self._block(function.body, state, defines)
                answer, asked = frozenset(state.found), tuple(self.knowledge.consulted)
                answers.setdefault(asked, {})[self._answers_to(asked, cls)] = answer
            self._given[particular] = answer, self.knowledge.consulted
            self.knowledge.consulted = outer
            self._running.discard(particular)
        answer, consulted = self._given[particular]
        self.knowledge.consulted |= consulted
        return answer

    def _remembered(self, answers: _Answers, cls: Class | None) -> frozenset[Refusal] | None:
        """The answer that was given where all that it hung on was as it is now."""
        for asked, by_values in answers.items():
            answer = by_values.get(self._answers_to(asked, cls))
            if answer is not None:
                self.knowledge.consulted = dict.fromkeys(asked)
                return answer
        return None

    def _answers_to(self, questions: tuple[_Question, ...], cls: Class | None) -> tuple[Any, ...]:
        facts = self.knowledge.facts
        return tuple(repr(facts[each]) if isinstance(each, str) else self._dispatched(each, cls) for each in questions)

    def _dispatched(self, call: _Dispatch, cls: Class | None) -> frozenset[Refusal] | None:
        """What the method answers that a call of `self` reaches; None where the class has none of that name."""
        own = None if cls is None else self._found_method(cls, call.name)
        if own is None:
            return None
        outer, self.knowledge.consulted = self.knowledge.consulted, {}
        answer = self._answer(own, call.known, call.depth, False, cls)
        self.knowledge.consulted = outer
        return answer

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
                found = self.knowledge.value(value, state.function, state.env)
                for target in targets:
                    self.knowledge.bind(target, found, state.env)
                    if type(target) is ir.Name:
                        state.held[target.id] = self._answers_of(value, state) | self._made(value, state)
            case ir.Augment(target=target, value=value):
                self._calls(value, state)
                self.knowledge.bind(target, OPEN, state.env)
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
                        self.knowledge.bind(item.target, OPEN, state.env)
                return self._block(body, state, defines)
            case ir.Match(subject=subject, cases=cases):
                for case in cases:
                    self._open(case.body, state, defines, [subject])
            case ir.DefineFunction(function=index) if defines:
                self._nested(state.function.module.functions[index], state)
        return False

    def _branch(self, test: Expr, body: list[Stmt], orelse: list[Stmt], state: _State, defines: bool) -> bool:
        self._calls(test, state)
        decided = self.knowledge.truth(test, state.function, state.env)
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
            state.env = state.env if ended else joined(first, state.env)
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
        state.env, state.is_open = joined(before, state.env), was_open

    def _loop(self, stmt: ir.For, state: _State, defines: bool) -> bool:
        self._calls(stmt.iter, state)
        items = self.knowledge.value(stmt.iter, state.function, state.env)
        is_plain = not any(type(each) is ir.Jump and each.kind != "pass" for each in ir.walk_statements(stmt.body))
        if is_plain and isinstance(items, (tuple, frozenset, dict)) and len(items) <= UNROLLED:
            for item in sorted(items, key=repr):
                self.knowledge.bind(stmt.target, item, state.env)
                if self._block(stmt.body, state, defines):
                    return True
        else:
            self.knowledge.bind(stmt.target, OPEN, state.env)
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
            after = joined(after, state.env) if not endings[-1] else after
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
        known = {name: self.knowledge.value(each, state.function, state.env) for name, each in value.keywords.items()}
        for refusal in self._answer(target, known, state.depth, True):
            self._add(refusal, state)

    # Refusals

    def _add(self, refusal: Refusal, state: _State) -> None:
        """Keep a refusal; one that hangs on something else than who asks, as a switch does, is none."""
        if state.is_open and refusal.is_certain:
            if self.conditions.compare_tokens(state.conditions, state.function):
                refusal = replace(refusal, status=CSRF)
            elif refusal.status == 403 and not self.conditions.ask_who(state.conditions, state.function):
                return
            refusal = Refusal(refusal.status, refusal.is_returned, refusal.exception, False)
        state.found.add(refusal)

    def _raised(self, exc: Expr, state: _State) -> None:
        scope = state.function
        self._calls(exc, state)
        symbol = self.denials.symbol(ir.callee(exc), scope)
        for status in self.denials.raised(exc, scope):
            self._add(Refusal(status, exception=symbol), state)
        if self.denials.is_redirect(symbol) and self._sends_away(exc, state):
            self._add(Refusal(401, exception=symbol), state)

    def _returned(self, value: Expr, state: _State) -> None:
        match value:
            case ir.Await(value=inner):
                return self._returned(inner, state)
            case ir.Conditional(test=test, body=body, orelse=orelse):
                decided = self.knowledge.truth(test, state.function, state.env)
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
        return self.conditions.name_nobody(state.conditions, state.function)

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
            self.knowledge.truth(options[name], state.function, state.env) is not False
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
            known = {} if own is None else self.knowledge.arguments(own, call, state.function, state.env)
            dispatch = _Dispatch(name, comparable(known), state.depth - 1, known)
            self.knowledge.consulted[dispatch] = None
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
        known = self.knowledge.arguments(target, call, state.function, state.env)
        return self._answer(target, known, state.depth - 1, False)

    def _wrapping(self, call: ir.Call, state: _State) -> frozenset[Refusal]:
        """What the wrapper that a decorator of the project makes refuses."""
        site = self.project.site(call, state.function)
        if not site.targets or self._distances.get(site.targets[0].qualified, _DEPTH) >= state.depth:
            return frozenset()
        known = self.knowledge.arguments(site.targets[0], call, state.function, state.env)
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


def _leaves(body: list[Stmt]) -> bool:
    """Whether statements end the function, so that what follows hangs on the condition before them."""
    return bool(body) and isinstance(body[-1], (ir.Return, ir.Raise))
