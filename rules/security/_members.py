"""Whether code looks at the names of an archive's members before it writes them to disk."""

from __future__ import annotations

from backend_lint.api import CallSite, Function, Project, ir

_GIVE_MEMBERS = frozenset({"getmembers", "infolist"})
_GIVE_NAMES = frozenset({"getnames", "namelist"})
_NAMES = frozenset({"name", "filename", "path"})
_DECIDING = frozenset({"append", "add", "extract", "extractfile", "open", "abort"})


def are_looked_at(site: CallSite, project: Project) -> bool:
    """Whether a call that extracts comes after a look at all names, here or in a function that is handed the archive.

    That the look is a good one is taken for granted, as of any check that refuses.
    """
    scope, func = site.scope, site.call.func
    archive = ir.dotted(func.value) if type(func) is ir.Attribute else None
    if archive is None or not isinstance(scope, Function):
        return False
    if _refuses_some(scope, archive, site.call.at):
        return True
    return any(
        _refuses_some(target, parameter.name)
        for other in project.sites(scope)
        if other.call.at <= site.call.end
        for target in other.targets
        for parameter in target.parameters
        if ir.dotted(other.passed(target, parameter.name) or other.call) == archive
    )


def _refuses_some(function: Function, archive: str, before: int | None = None) -> bool:
    """Whether a function goes through the members of what it calls `archive`, and leaves where a name is bad."""
    for node in (*ir.walk_statements(function.body), *ir.walk(function.body)):
        if before is not None and node.at > before:
            continue
        match node:
            case ir.For(target=ir.Name(id=name), iter=given, body=body):
                is_text = _is_names(given, archive)
                if is_text is not None and _judges(body, name, is_text=is_text):
                    return True
            case ir.Comprehension(clauses=[clause]) if type(clause.target) is ir.Name:
                is_text = _is_names(clause.iter, archive)
                if is_text is not None and any(
                    _names_in(each, clause.target.id, {clause.target.id} if is_text else set())
                    for each in clause.conditions
                ):
                    return True
    return False


def _is_names(given: ir.Expr, archive: str) -> bool | None:
    """Whether the names of its members are gone through, or the members; None where it is something else."""
    if ir.dotted(given) == archive:
        return False
    if type(given) is not ir.Call or type(given.func) is not ir.Attribute or ir.dotted(given.func.value) != archive:
        return None
    return given.func.name in _GIVE_NAMES if given.func.name in _GIVE_NAMES | _GIVE_MEMBERS else None


def _judges(body: list[ir.Stmt], member: str, *, is_text: bool) -> bool:
    texts = {member} if is_text else set()
    for stmt in ir.walk_statements(body):
        match stmt:
            case ir.Assign(targets=targets, value=value) if value is not None and _names_in(value, member, texts):
                texts.update(each.id for each in targets if type(each) is ir.Name)
            case ir.If(test=test, body=then, orelse=otherwise) if _names_in(test, member, texts):
                if any(map(_decides, (then, otherwise))):
                    return True
    return False


def _names_in(expr: ir.Expr, member: str, texts: set[str]) -> bool:
    """Whether an expression hangs on a member's name, which `texts` hold, too."""
    return any(
        (type(node) is ir.Name and node.id in texts)
        or (type(node) is ir.Attribute and node.name in _NAMES and ir.dotted(node.value) == member)
        for node in ir.walk_expression(expr)
    )


def _decides(branch: list[ir.Stmt]) -> bool:
    """Whether a branch leaves out a member, or takes it in."""
    if not branch:
        return False
    if isinstance(branch[-1], (ir.Raise, ir.Return, ir.Jump)):
        return not (isinstance(branch[-1], ir.Jump) and branch[-1].kind == "pass")
    return any(
        type(node) is ir.Yield or (type(node) is ir.Call and _last(node) in _DECIDING) for node in ir.walk(branch)
    )


def _last(call: ir.Call) -> str:
    return (ir.dotted(call.func) or "").rpartition(".")[2]
