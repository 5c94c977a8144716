"""Background work: the tasks of Celery, RQ, Dramatiq, arq, taskiq, Huey, Django and Starlette, and what puts them on a
queue.

Source: https://docs.celeryq.dev/en/stable/userguide/calling.html and `canvas.html`; https://python-rq.org/docs/;
https://dramatiq.io/reference.html; https://arq-docs.helpmanual.io/; https://taskiq-python.github.io/guide/.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.calls import CallSite
from backend_lint.project.model import Enqueue, Task

_DECORATORS = {
    "celery.Celery.task": "celery",
    "celery.shared_task": "celery",
    "celery.task.periodic_task": "celery",
    "rq.decorators.job": "rq",
    "rq.job": "rq",
    "django_rq.job": "rq",
    "django_rq.decorators.job": "rq",
    "dramatiq.actor": "dramatiq",
    "taskiq.AsyncBroker.task": "taskiq",
    "taskiq.InMemoryBroker.task": "taskiq",
    "huey.Huey.task": "huey",
    "huey.Huey.periodic_task": "huey",
    "huey.contrib.djhuey.task": "huey",
    "huey.contrib.djhuey.db_task": "huey",
    "huey.contrib.djhuey.periodic_task": "huey",
    "huey.contrib.djhuey.db_periodic_task": "huey",
    "django.tasks.task": "django",
    "procrastinate.App.task": "procrastinate",
}
_PACKAGES = {"celery": "celery", "taskiq": "taskiq", "dramatiq": "dramatiq", "rq": "rq", "huey": "huey"}
_DECORATOR_NAMES = frozenset({"task", "job", "actor", "shared_task", "periodic_task"})
_TASK_BASES = ("celery.Task", "celery.app.task.Task", "celery.task.Task", "celery.task.base.Task")
_NAME_OPTIONS = {"celery": "name", "dramatiq": "actor_name", "taskiq": "task_name", "procrastinate": "name"}
_QUEUE_OPTIONS = ("queue", "queue_name")
_METHODS = {
    "celery": frozenset(
        {"delay", "apply_async", "delay_on_commit", "apply_async_on_commit", "s", "si", "signature", "subtask"}
    ),
    "rq": frozenset({"delay"}),
    "dramatiq": frozenset({"send", "send_with_options", "message", "message_with_options", "send_async"}),
    "taskiq": frozenset({"kiq", "kicker"}),
    "huey": frozenset({"schedule", "delay", "s"}),
    "django": frozenset({"enqueue", "aenqueue"}),
    "procrastinate": frozenset({"defer", "defer_async"}),
    "arq": frozenset(),
}
_OWN = {"delay": "celery", "apply_async": "celery", "delay_on_commit": "celery", "apply_async_on_commit": "celery"} | {
    "kiq": "taskiq",
    "send_with_options": "dramatiq",
}
_PACKED = frozenset({"apply_async", "apply_async_on_commit", "send_with_options", "message_with_options"})
_PARTIAL = frozenset({"s", "signature", "subtask", "message"})
_SIGNATURES = frozenset({"s", "si", "signature", "subtask"})
_NAMED = {"send_task": "celery", "enqueue_job": "arq", "async_task": "django_q"}
_BACKGROUND = frozenset({"starlette.background.BackgroundTasks.add_task", "starlette.background.BackgroundTask"})
_QUEUES = {"enqueue": 0, "enqueue_call": 0, "enqueue_in": 1, "enqueue_at": 1}
_QUEUE_OPTIONS_OF_RQ = frozenset(
    {"job_timeout", "timeout", "result_ttl", "ttl", "failure_ttl", "description", "depends_on", "job_id", "at_front"}
    | {"meta", "retry", "on_success", "on_failure", "on_stopped", "pipeline", "repeat", "unique"}
)
_COMMITS = frozenset({"django.db.transaction.on_commit"})
_ON_COMMIT = frozenset({"delay_on_commit", "apply_async_on_commit"})


def read(project: Project) -> None:
    scopes = list(project.scopes(Role.APP, Role.SCRIPT))
    registry = _Registry(project)
    for scope in scopes:
        registry.add(scope)
    project.tasks.extend(registry.tasks.values())
    project.enqueues.extend(_Enqueues(project, registry).read(scopes))
    known = {id(task) for task in project.tasks}
    project.tasks.extend(task for task in registry.tasks.values() if id(task) not in known)


class _Registry:
    """Tasks by the qualified name of their function, and by the name they are registered under."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.tasks: dict[str, Task] = {}
        self.by_name: dict[str, Task] = {}

    def add(self, scope: Scope) -> None:
        match scope:
            case Function():
                for decorator in scope.decorators:
                    framework = self._framework(decorator, scope)
                    if framework is not None and not self._is_wrapper(scope):
                        self._put(self._declared(scope, decorator, framework))
            case Class():
                self._class(scope)

    def implied(self, function: Function, framework: str) -> Task:
        """A plain function that becomes a task where it is put on a queue."""
        known = self.tasks.get(function.qualified)
        return known or self._put(Task(function.qualified, function, framework, function.at))

    def find(self, name: str) -> Task | None:
        return self.by_name.get(name) or self.tasks.get(name)

    def _put(self, task: Task) -> Task:
        self.tasks[task.function.qualified] = task
        self.by_name.setdefault(task.name, task)
        return task

    def _is_wrapper(self, function: Function) -> bool:
        """Whether a function stands for another one, as those do that decorators define."""
        return any(
            type(each) is ir.Call and self.project.qualified(each.func, function.around) == "functools.wraps"
            for each in function.decorators
        )

    def _framework(self, decorator: Expr, function: Function) -> str | None:
        """The framework whose task a decorator makes: by its symbol, else by its name where the file imports one."""
        call = decorator if type(decorator) is ir.Call else None
        target = call.func if call is not None else decorator
        symbol = self.project.qualified(target, function.around)
        found = _DECORATORS.get(symbol or "")
        if found is None:
            kind = self.project.type_of(target, function.around)
            symbol = kind.name if kind is not None and kind.itself else symbol
            found = _DECORATORS.get(symbol or "")
        if found is None and call is not None:
            found = _DECORATORS.get(self.project.site(call, function.around).symbol or "")
        found = found or self._wrapped(symbol or "")
        if found is not None:
            return found
        last = target.name if type(target) is ir.Attribute else ""
        if last not in _DECORATOR_NAMES or self.project.function(symbol or "") is not None:
            return None
        words = (symbol or ir.dotted(target) or "").lower().replace("_", ".").split(".")
        return next((_PACKAGES[word] for word in words if word in _PACKAGES), None)

    def _wrapped(self, symbol: str) -> str | None:
        """The framework of a decorator of the project's own that stands for, calls or inherits one that is known."""
        function = self.project.function(symbol)
        if function is not None:
            return next((_DECORATORS[each] for each in self._used(function) if each in _DECORATORS), None)
        module, rest = self.project.names.split(symbol)
        made = module.assignments.get(rest, [])[-1:] if module is not None else []
        symbols = [
            found
            for stmt in made
            if module is not None and type(stmt.value) is ir.Call
            for node in ir.walk_expression(stmt.value)
            if (found := self.project.qualified(node, module)) is not None
        ]
        for each in (symbol, *symbols):
            cls = self.project.cls(each)
            names = [each] if cls is None else [base for base in self.project.classes.mro(cls) if isinstance(base, str)]
            found = next((_DECORATORS[name] for name in names if name in _DECORATORS), None)
            if found is not None:
                return found
        return None

    def _used(self, function: Function) -> Iterator[str | None]:
        """What a decorator calls, and what decorates the functions that it defines."""
        for site in self.project.sites(function):
            yield site.symbol
        for nested in function.nested.values():
            for decorator in nested.decorators:
                target = ir.callee(decorator)
                yield self.project.qualified(target, function)
            yield from self._used(nested)

    def _declared(self, function: Function, decorator: Expr, framework: str) -> Task:
        options = decorator.keywords if type(decorator) is ir.Call else {}
        given = options.get(_NAME_OPTIONS.get(framework, ""))
        default = _default_name(function, framework)
        name = given.value if type(given) is ir.Const and isinstance(given.value, str) else default
        bound = options.get("bind")
        return Task(
            name=name,
            function=function,
            framework=framework,
            at=function.at,
            queue=self._queue(decorator, options, framework),
            is_bound=type(bound) is ir.Const and bound.value is True,
            options=options,
        )

    def _queue(self, decorator: Expr, options: dict[str, Expr], framework: str) -> str | None:
        candidates = [options.get(name) for name in _QUEUE_OPTIONS]
        if framework == "rq" and type(decorator) is ir.Call:
            candidates.append(decorator.argument(0))
        return next(
            (each.value for each in candidates if type(each) is ir.Const and isinstance(each.value, str)),
            None,
        )

    def _class(self, cls: Class) -> None:
        """Class-based Celery tasks, and the functions that an arq worker lists."""
        run = cls.methods.get("run")
        if run is not None and self.project.classes.is_subclass(cls, *_TASK_BASES):
            given = cls.attributes.get("name")
            value = None if given is None else given.value
            name = value.value if type(value) is ir.Const and isinstance(value.value, str) else cls.qualified
            task = self._put(Task(name, run, "celery", cls.at, is_bound=True))
            self.tasks[cls.qualified] = task
        listed = cls.attributes.get("functions")
        if listed is not None and type(listed.value) is ir.Sequence and self._imports(cls, "arq"):
            for item in listed.value.items:
                self._listed(item, cls)
        timed = cls.attributes.get("cron_jobs")
        if timed is not None and type(timed.value) is ir.Sequence and self._imports(cls, "arq"):
            for item in timed.value.items:
                self._listed(item, cls, "cron:")

    def _listed(self, item: Expr, cls: Class, prefix: str = "") -> None:
        target = item.args[0].value if type(item) is ir.Call and item.args else item
        function = self.project.function(self.project.qualified(target, cls.module) or "")
        if function is not None:
            given = item.keywords.get("name") if type(item) is ir.Call else None
            name = given.value if type(given) is ir.Const and isinstance(given.value, str) else prefix + function.name
            self._put(Task(name, function, "arq", function.at, is_bound=True))

    def _imports(self, cls: Class, package: str) -> bool:
        """Whether the class is written for a package: its file imports it, or it is named as arq's documents do."""
        modules = {each.module.partition(".")[0] for each in cls.module.facts.imports if each.level == 0}
        return package in modules or cls.name.endswith("WorkerSettings")


@dataclass(frozen=True)
class _Target:
    """What an expression before `.delay` stands for."""

    task: Task | None
    function: Function | None


class _Enqueues:
    def __init__(self, project: Project, registry: _Registry) -> None:
        self.project, self.registry = project, registry

    def read(self, scopes: Iterable[Scope]) -> list[Enqueue]:
        found: list[Enqueue] = []
        deferred: set[str] = set()
        for scope in scopes:
            for site in self.project.sites(scope):
                if site.symbol in _COMMITS:
                    found.extend(self._on_commit(site, deferred))
                else:
                    found.extend(self._enqueue(site))
            if isinstance(scope, Function) and any(
                self.project.qualified(each, scope.around) in _COMMITS for each in scope.decorators
            ):
                deferred.add(scope.qualified)
        for each in found:
            if isinstance(each.scope, Function) and each.scope.qualified in deferred:
                each.after_commit = True
        return found

    def _enqueue(self, site: CallSite) -> Iterator[Enqueue]:
        method = site.method or ""
        if _is_super(site.call):
            return
        if site.symbol in _BACKGROUND:
            yield from self._background(site)
        elif type(site.call.func) is ir.Attribute and method in _ALL_METHODS:
            yield from self._method(site, site.call.func.value, method)
        elif method in _NAMED:
            yield self._by_name(site, method, _NAMED[method])
        elif method in _QUEUES and type(site.call.func) is ir.Attribute:
            yield from self._queued(site, method)
        else:
            yield from self._called(site)

    def _method(self, site: CallSite, owner: Expr, method: str) -> Iterator[Enqueue]:
        target = self._target(owner, site.scope)
        task = target.task
        if task is not None and method in _METHODS.get(task.framework, frozenset()):
            args, kwargs = self._passed(site.call, method)
            signature = self._signature(owner)
            if signature is not None:
                before, named = self._passed(*signature)
                args, kwargs = [*args, *before], {**named, **kwargs}
            yield Enqueue(
                site=site,
                scope=site.scope,
                at=site.at,
                framework=task.framework,
                method=method,
                task=task,
                name=task.name,
                args=args,
                kwargs=kwargs,
                is_partial=method in _PARTIAL,
                after_commit=method in _ON_COMMIT,
            )
        elif task is None and method in _OWN and not site.targets and target.function is None:
            args, kwargs = self._passed(site.call, method)
            name = ir.dotted(owner)
            yield Enqueue(
                site, site.scope, site.at, _OWN[method], method, None, name, args, kwargs, False, method in _ON_COMMIT
            )
        elif method == "enqueue":
            yield from self._queued(site, method)

    def _target(self, owner: Expr, scope: Scope) -> _Target:
        """The task that an expression is: its function, an instance of its class, a signature or options of it."""
        while (
            type(owner) is ir.Call
            and type(owner.func) is ir.Attribute
            and owner.func.name in ("set", "kicker", "with_labels")
        ):
            owner = owner.func.value
        if type(owner) is ir.Call and type(owner.func) is ir.Attribute and owner.func.name in _SIGNATURES:
            return self._target(owner.func.value, scope)
        qualified = self.project.qualified(owner, scope)
        task = self.registry.tasks.get(qualified or "")
        if task is None:
            kind = self.project.type_of(owner, scope)
            task = None if kind is None else self.registry.tasks.get(kind.name)
        if task is None and type(owner) is ir.Name and owner.id == "self":
            task = self._own(scope)
        return _Target(task, self.project.function(qualified or ""))

    def _signature(self, owner: Expr) -> tuple[ir.Call, str] | None:
        """The call of `task.s(1)` in `task.s(1).delay(2)`, whose arguments come after those of the latter."""
        if type(owner) is ir.Call and type(owner.func) is ir.Attribute and owner.func.name in _SIGNATURES:
            return owner, owner.func.name
        return None

    def _own(self, scope: Scope) -> Task | None:
        """`self` in a bound task is the task."""
        task = self.registry.tasks.get(scope.qualified) if isinstance(scope, Function) else None
        return task if task is not None and task.is_bound else None

    def _passed(self, call: ir.Call, method: str) -> tuple[list[Expr], dict[str, Expr]]:
        """The arguments that the task gets: those of the call, or those in its `args` and `kwargs`."""
        if method not in _PACKED and not (method == "signature" and "args" in call.keywords):
            return call.positional, call.keywords
        args, kwargs = call.argument(0, "args"), call.argument(1, "kwargs")
        return _items(args), _entries(kwargs)

    def _by_name(self, site: CallSite, method: str, framework: str) -> Enqueue:
        given = site.call.argument(0, "name")
        name = given.value if type(given) is ir.Const and isinstance(given.value, str) else None
        task = self.registry.find(name) if name is not None else None
        if name is None and given is not None:
            task = self._target(given, site.scope).task
        if method == "send_task":
            args, kwargs = _items(site.call.argument(1, "args")), _entries(site.call.argument(2, "kwargs"))
        else:
            args = site.call.positional[1:]
            own = {each.name for each in site.targets[0].parameters} if site.targets else set()
            kwargs = {
                key: value for key, value in site.call.keywords.items() if not key.startswith("_") and key not in own
            }
        if task is not None and site.targets:
            framework = task.framework  # a function of the project's own, in front of whatever queue it has
        return Enqueue(site, site.scope, site.at, framework, method, task, name, args, kwargs)

    def _queued(self, site: CallSite, method: str) -> Iterator[Enqueue]:
        """`queue.enqueue(function, …)` of RQ."""
        given = site.call.argument(_QUEUES[method], "func" if method == "enqueue_call" else "f")
        is_queue = site.receiver is not None and site.receiver.name.startswith(("rq.", "django_rq."))
        if given is None or (site.targets and site.is_certain and not is_queue):
            return
        function = self._function(given, site.scope)
        name = given.value if type(given) is ir.Const and isinstance(given.value, str) else None
        task = self.registry.implied(function, "rq") if function is not None else self.registry.find(name or "")
        if task is None and not is_queue:
            return
        name = name if task is None else task.name
        if method == "enqueue_call":
            args, kwargs = _items(site.call.argument(1, "args")), _entries(site.call.argument(2, "kwargs"))
        else:
            args = site.call.positional[_QUEUES[method] + 1 :]
            kwargs = {key: value for key, value in site.call.keywords.items() if key not in _QUEUE_OPTIONS_OF_RQ}
        yield Enqueue(site, site.scope, site.at, "rq", method, task, name, args, kwargs)

    def _background(self, site: CallSite) -> Iterator[Enqueue]:
        given = site.call.argument(0, "func")
        function = None if given is None else self._function(given, site.scope)
        task = None if function is None else self.registry.implied(function, "starlette")
        kwargs = {key: value for key, value in site.call.keywords.items() if key != "func"}
        name = ir.dotted(given)
        yield Enqueue(site, site.scope, site.at, "starlette", "add_task", task, name, site.call.positional[1:], kwargs)

    def _called(self, site: CallSite) -> Iterator[Enqueue]:
        """Calling a task of Huey puts it on the queue."""
        task = self.registry.tasks.get(site.targets[0].qualified) if site.targets else None
        if task is not None and task.framework == "huey":
            call = site.call
            yield Enqueue(site, site.scope, site.at, "huey", "call", task, task.name, call.positional, call.keywords)

    def _function(self, expr: Expr, scope: Scope) -> Function | None:
        if type(expr) is ir.Lambda:
            return scope.module.functions[expr.function]
        qualified = self.project.qualified(expr, scope)
        found = self.project.function(qualified or "")
        if found is None:
            kind = self.project.type_of(expr, scope)
            found = None if kind is None or not kind.itself else self.project.function(kind.name)
        return found

    def _on_commit(self, site: CallSite, deferred: set[str]) -> Iterator[Enqueue]:
        """What runs once the transaction is committed: a lambda, a function of its own, or a task's method at once."""
        given = site.call.argument(0, "func")
        call = given if type(given) is ir.Call else None
        if call is not None and self.project.site(call, site.scope).symbol == "functools.partial" and call.args:
            target, args, kwargs = call.args[0].value, call.positional[1:], call.keywords
        elif given is not None:
            target, args, kwargs = given, [], {}
        else:
            return
        if type(target) is ir.Attribute and target.name in _ALL_METHODS:
            task = self._target(target.value, site.scope).task
            if task is not None:
                yield Enqueue(
                    site, site.scope, site.at, task.framework, target.name, task, task.name, args, kwargs, False, True
                )
                return
        function = self._function(target, site.scope)
        if function is not None:
            deferred.add(function.qualified)


def _default_name(function: Function, framework: str) -> str:
    if framework in ("dramatiq", "arq"):
        return function.name
    return f"{function.module.name}:{function.name}" if framework == "taskiq" else function.qualified


def _is_super(call: ir.Call) -> bool:
    func = call.func
    return type(func) is ir.Attribute and type(func.value) is ir.Call and ir.dotted(func.value.func) == "super"


def _items(expr: Expr | None) -> list[Expr]:
    return expr.items if type(expr) is ir.Sequence else []


def _entries(expr: Expr | None) -> dict[str, Expr]:
    if type(expr) is not ir.Dict:
        return {}
    return {
        key.value: value
        for key, value in zip(expr.keys, expr.values, strict=True)
        if type(key) is ir.Const and isinstance(key.value, str)
    }


_ALL_METHODS = frozenset(name for names in _METHODS.values() for name in names)
