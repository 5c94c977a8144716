"""What the rules on architecture have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from backend_lint.api import CallSite, Function, GuardKind, Path, Project, Scope, ir


def strongly_connected(graph: Mapping[str, Sequence[str]]) -> Iterator[set[str]]:
    """The strongly connected components of a graph, by Tarjan's algorithm without recursion (SIAM J. Comput. 1, 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    waiting: set[str] = set()
    for start in sorted(graph):
        if start in index:
            continue
        work: list[tuple[str, Iterator[str]]] = [(start, iter(graph[start]))]
        index[start] = low[start] = len(index)
        stack.append(start)
        waiting.add(start)
        while work:
            node, rest = work[-1]
            for target in rest:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    waiting.add(target)
                    work.append((target, iter(graph.get(target, ()))))
                    break
                if target in waiting:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = set()
                    while True:
                        member = stack.pop()
                        waiting.discard(member)
                        component.add(member)
                        if member == node:
                            break
                    yield component


def is_broad(handler: ir.Handler) -> bool:
    """Whether a handler catches whatever an application raises."""
    kinds = handler.type.items if type(handler.type) is ir.Sequence else [handler.type]
    return any(kind is None or ir.dotted(kind) in ("Exception", "BaseException") for kind in kinds)


def loop_paths(project: Project, blocks: Callable[[CallSite], bool]) -> Iterator[tuple[Function, Path]]:
    """The calls of coroutine functions that lead, without leaving the event loop's thread, to a call that blocks.

    What is handed to an executor is passed and not called, so it does not appear. Only calls that are certain count.
    """
    onward = _ways_down(project, blocks)
    for function in serving_coroutines(project):
        awaited = awaited_calls(function)
        for site in project.sites(function):
            if id(site.call) in awaited:
                continue
            if blocks(site):
                yield function, Path((site,))
            elif (callee := _runs_in_place(site)) is not None and callee.qualified in onward:
                yield function, Path((site, *_follow(callee, onward, blocks)))


def _ways_down(project: Project, blocks: Callable[[CallSite], bool]) -> dict[str, CallSite]:
    """For each plain function that blocks, the call in it that is the first step of the shortest way to where it does."""
    ways: dict[str, CallSite] = {}
    level: list[Function] = []
    for function in project.functions():
        if not function.is_async and (site := next(filter(blocks, project.sites(function)), None)) is not None:
            ways[function.qualified] = site
            level.append(function)
    for _ in range(_DEEPEST):
        above: list[Function] = []
        for function in level:
            for site in project.callers(function):
                caller = site.scope
                if (
                    isinstance(caller, Function)
                    and not caller.is_async
                    and caller.qualified not in ways
                    and _runs_in_place(site) is function
                ):
                    ways[caller.qualified] = site
                    above.append(caller)
        level = above
    return ways


def _follow(function: Function, onward: dict[str, CallSite], blocks: Callable[[CallSite], bool]) -> Iterator[CallSite]:
    current: Function | None = function
    while current is not None:
        site = onward[current.qualified]
        yield site
        current = None if blocks(site) else _runs_in_place(site)


def _runs_in_place(site: CallSite) -> Function | None:
    """The plain function whose body a call runs then and there, more than once in the life of the process."""
    if not site.is_certain or not site.targets:
        return None
    function = site.targets[0]
    names = {_decorator_name(each) for each in function.decorators}
    if function.is_async or names & _RUN_ELSEWHERE or names & _RUN_ONCE:
        return None
    return None if function.facts.is_generator and "contextmanager" not in names else function


def _decorator_name(decorator: ir.Expr) -> str:
    return (ir.dotted(ir.callee(decorator)) or "").rpartition(".")[2]


def awaited_calls(function: Function) -> set[int]:
    """The ids of calls that give something to await, or are handed to asyncio: of these only the awaiting takes time."""
    found: set[int] = set()
    for stmt in function.statements:
        if type(stmt) is ir.With and stmt.is_async:
            found.update(id(item.value) for item in stmt.items)
        elif type(stmt) is ir.For and stmt.is_async:
            found.update(map(id, _chain(stmt.iter)))
    for node in ir.walk(function.body):
        if type(node) is ir.Await:
            found.add(id(node.value))
        elif type(node) is ir.Comprehension:
            found.update(id(part) for clause in node.clauses if clause.is_async for part in _chain(clause.iter))
        elif type(node) is ir.Call and (ir.dotted(node.func) or "").rpartition(".")[2] in _TAKE_AWAITABLES:
            found.update(id(arg.value) for arg in node.args)
    return found


def _chain(expr: ir.Expr) -> Iterator[ir.Expr]:
    """`Order.objects.filter(…)[:10]`, then `Order.objects.filter(…)`, and so on."""
    current = expr
    while True:
        yield current
        match current:
            case ir.Call(func=inner) | ir.Attribute(value=inner) | ir.Subscript(value=inner):
                current = inner
            case _:
                return


def serving_coroutines(project: Project) -> list[Function]:
    """The coroutine functions that share their event loop with requests.

    Start-up and shut-down run alone, and so does what `asyncio.run` is given; what only they call does, too.
    """
    alone = _start_up(project)
    handlers = {route.handler.qualified for route in project.routes if route.handler is not None}
    queue = [
        each
        for each in project.functions()
        if each.is_async and each.qualified not in alone and (each.qualified in handlers or not project.callers(each))
    ]
    reached = {each.qualified for each in queue}
    for function in queue:
        for site in project.sites(function):
            for target in site.targets:
                if target.qualified not in reached and target.qualified not in alone:
                    reached.add(target.qualified)
                    queue.append(target)
    return [each for each in project.functions() if each.is_async and each.qualified in reached]


def _start_up(project: Project) -> set[str]:
    found = {task.function.qualified for task in project.tasks if task.framework in _PROCESS_A_TASK}
    for app in project.apps:
        for option in ("lifespan", "on_startup", "on_shutdown"):
            value = app.options.get(option)
            for each in value.items if type(value) is ir.Sequence else [value]:
                found.add(
                    project.qualified(each, app.scope) or "" if each is not None and app.scope is not None else ""
                )
    for function in project.functions():
        names = {_decorator_name(each) for each in function.decorators}
        takes_app = any(
            project.qualified(each.annotation, function.around) in _APPLICATIONS for each in function.parameters[:1]
        )
        if names & _ON_START or ("asynccontextmanager" in names and takes_app):
            found.add(function.qualified)
        found.update(
            each.qualified for site in project.sites(function) if (each := _started(site, project)) is not None
        )
    return found


def _started(site: CallSite, project: Project) -> Function | None:
    """The coroutine function with which a call starts the loop: `anyio.run(main)`, `loop.run_sync(partial(self.main))`."""
    if (ir.dotted(site.call.func) or "").rpartition(".")[2] not in _START_A_LOOP:
        return None
    given = site.call.argument(0)
    if type(given) is ir.Call and (ir.dotted(given.func) or "").rpartition(".")[2] == "partial":
        given = given.argument(0)
    owner = site.scope.owner if isinstance(site.scope, Function) else None
    if type(given) is ir.Attribute and owner is not None and given.name in owner.methods:
        found: Function | None = owner.methods[given.name]
    else:
        found = project.function(project.qualified(given, site.scope) or "")
    return found if found is not None and found.is_async else None


_DEEPEST = 6
_RUN_ELSEWHERE = frozenset(
    {"sync_to_async", "database_sync_to_async", "asyncify", "run_in_executor", "run_in_threadpool", "to_thread"}
    | {"threadpool", "in_thread", "task", "shared_task", "actor", "overload", "abstractmethod"}
)
_RUN_ONCE = frozenset({"cache", "lru_cache", "cached_property", "singleton"})
_TAKE_AWAITABLES = frozenset(
    {"gather", "create_task", "ensure_future", "wait_for", "wait", "shield", "as_completed", "start_soon", "run"}
    | {"enter_async_context", "run_coroutine_threadsafe"}
)
_PROCESS_A_TASK = frozenset({"celery", "rq", "dramatiq", "huey"})
_START_A_LOOP = frozenset({"run", "run_sync"})
_ON_START = frozenset({"on_event", "before_serving", "after_serving", "before_server_start", "after_server_start"})
_APPLICATIONS = frozenset(
    {
        "fastapi.FastAPI",
        "starlette.applications.Starlette",
        "litestar.Litestar",
        "quart.Quart",
        "aiohttp.web.Application",
    }
)


def returned_calls(function: Function) -> list[ir.Call]:
    """The calls whose values a function gives back, through variables, loops and what is appended to lists.

    What is only counted, compared or tested is not given back.
    """
    held = sources(function.statements)
    queue = [stmt.value for stmt in function.statements if type(stmt) is ir.Return and stmt.value is not None]
    seen: set[str] = set()
    found: list[ir.Call] = []
    for expr in queue:
        for node in _carried(expr):
            if type(node) is ir.Call:
                found.append(node)
            elif type(node) is ir.Name and node.id not in seen:
                seen.add(node.id)
                queue.extend(held.get(node.id, ()))
    return found


def sources(statements: Sequence[ir.Stmt]) -> dict[str, list[ir.Expr]]:
    """What each name holds something of."""
    found: dict[str, list[ir.Expr]] = {}

    def hold(target: ir.Expr, value: ir.Expr) -> None:
        for node in ir.walk_expression(target):
            if type(node) is ir.Name:
                found.setdefault(node.id, []).append(value)

    for stmt in statements:
        match stmt:
            case ir.Assign(value=value, targets=targets) if value is not None:
                for target in targets:
                    hold(target, value)
            case ir.Augment(target=target, value=value) | ir.For(target=target, iter=value):
                hold(target, value)
            case ir.With(items=items):
                for item in items:
                    if item.target is not None:
                        hold(item.target, item.value)
            case ir.Evaluate(value=ir.Call(func=ir.Attribute(name=name, value=holder)) as call) if name in _PUT_IN:
                for arg in call.args:
                    hold(holder, arg.value)
        for expr in ir.children(stmt):
            for node in ir.walk_expression(expr):
                if type(node) is ir.Walrus:
                    hold(node.target, node.value)
                elif type(node) is ir.Comprehension:
                    for clause in node.clauses:
                        hold(clause.target, clause.iter)
    return found


def _carried(expr: ir.Expr) -> Iterator[ir.Expr]:
    """The parts of an expression that are in its value."""
    match expr:
        case ir.Compare() | ir.Unary(op="not") | ir.Text():
            return
        case ir.Call(func=ir.Name(id=name)) if name in _FIGURES:
            return
        case ir.Conditional(body=body, orelse=orelse):
            yield from _carried(body)
            yield from _carried(orelse)
        case ir.Subscript(value=value):
            if type(expr.index) is not ir.Slice:
                yield from _carried(value)
        case ir.Comprehension():
            yield from _carried(expr.element)
            if expr.value is not None:
                yield from _carried(expr.value)
            for clause in expr.clauses:
                yield from _carried(clause.iter)
        case _:
            yield expr
            for child in ir.children(expr):
                yield from _carried(child)


_PUT_IN = frozenset({"append", "extend", "add", "update", "insert"})
_FIGURES = frozenset({"len", "sum", "any", "all", "bool", "max", "min", "next", "isinstance", "int"})


def caller(node: ir.Expr, function: Function, project: Project) -> str | None:
    """How the code calls who is asking, where an expression is that."""
    match node:
        case ir.Attribute(value=ir.Name(id="request") | ir.Attribute(name="request"), name=name) if (
            name in _REQUEST_PARTS
        ):
            return ir.dotted(node)
        case ir.Attribute(value=ir.Name(id="g") as holder, name=name) if name in _GLOBAL_PARTS:
            return ir.dotted(node) if project.qualified(holder, function) == "flask.g" else None
        case ir.Name() | ir.Attribute():
            return ir.dotted(node) if project.qualified(node, function) in _CALLERS else None
    return None


def closure(value: ir.Expr, function: Function) -> Iterator[ir.Expr]:
    """The expressions that a value is made of, through local names."""
    held = sources(function.statements)
    queue, seen = [value], set[str]()
    for expr in queue:
        for node in ir.walk_expression(expr):
            yield node
            if type(node) is ir.Name and node.id not in seen:
                seen.add(node.id)
                queue.extend(held.get(node.id, ()))


def principals(function: Function, project: Project) -> set[str]:
    """The parameters by which a handler is given who is asking."""
    found: set[str] = set()
    for route in project.handlers.get(function.qualified, ()):
        guards = {
            each.function.qualified
            for each in route.guards
            if each.function is not None and each.kind in (GuardKind.AUTHENTICATION, GuardKind.AUTHORIZATION)
        }
        for parameter in function.parameters:
            if guards & set(_named(parameter.default, function.around, project)):
                found.add(parameter.name)
            if guards & set(_named(parameter.annotation, function.around, project)):
                found.add(parameter.name)
    return found


def _named(expr: ir.Expr | None, scope: Scope, project: Project, depth: int = 2) -> Iterator[str]:
    """What a default or an annotation names, also by an alias: `Me` for `Annotated[User, Depends(current_user)]`."""
    for node in ir.walk_expression(expr) if expr is not None else ():
        name = project.qualified(node, scope) if type(node) in (ir.Name, ir.Attribute) else None
        if name is None:
            continue
        yield name
        module = project.modules.get(name.rpartition(".")[0])
        stmts = module.assignments.get(name.rpartition(".")[2], []) if module is not None and depth else []
        if module is not None and len(stmts) == 1 and type(stmts[0].value) is ir.Subscript:
            yield from _named(stmts[0].value, module, project, depth - 1)


_CALLERS = frozenset(
    {"flask_login.current_user", "flask.session", "flask_jwt_extended.current_user", "flask_security.current_user"}
    | {"flask_jwt_extended.get_jwt_identity", "flask_login.utils.current_user"}
)
_REQUEST_PARTS = frozenset({"user", "session", "auth", "COOKIES", "cookies", "tenant", "organization"})
_GLOBAL_PARTS = frozenset({"user", "current_user", "tenant", "organization", "user_id", "tenant_id"})


def run_by_hand(project: Project) -> frozenset[str]:
    """The modules that somebody or something starts, and nobody imports: scripts, which can be stopped and run again.

    They end in `if __name__ == "__main__"` or define nothing, and answer no route and run no task.
    """
    imported = {edge.target.name for edge in project.imports}
    serving = {route.handler.module.name for route in project.routes if route.handler is not None}
    serving |= {task.function.module.name for task in project.tasks}
    serving |= {app.scope.module.name for app in project.apps if app.scope is not None}
    return frozenset(
        module.name
        for module in project.modules.values()
        if module.name not in imported | serving
        and (any(map(_is_main, module.body)) or not (module.functions or module.classes))
    )


def _is_main(stmt: ir.Stmt) -> bool:
    return type(stmt) is ir.If and type(stmt.test) is ir.Compare and ir.dotted(stmt.test.left) == "__name__"
