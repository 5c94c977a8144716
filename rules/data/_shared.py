"""What the rules on data have in common."""

from __future__ import annotations

from collections import Counter

from backend_lint.api import Column, Function, Model, Project, ir, words


def column_of(model: Model, name: str) -> Column | None:
    """The column that a query names, by attribute or by its name in the database."""
    return model.columns.get(name) or next((each for each in model.columns.values() if each.name == name), None)


def is_indexed(project: Project, model: Model, name: str) -> bool:
    """Whether an index starts with a database column, as the model says or as the migrations leave it."""
    stored = project.stored_table(model.table)
    return model.is_indexed(name) or (stored is not None and stored.is_indexed(name))


class Loop:
    """A loop or comprehension of a function: what it iterates over, and the names that differ from turn to turn."""

    def __init__(self, node: ir.For | ir.Comprehension, source: ir.Expr, target: ir.Expr, function: Function) -> None:
        self.node, self.source, self.target = node, source, target
        self.names = {each.id for each in ir.walk_expression(target) if type(each) is ir.Name}
        if type(node) is ir.For:
            for stmt in ir.walk_statements(node.body):
                if type(stmt) is ir.Assign and stmt.value is not None and uses(stmt.value, self.names):
                    self.names |= {each.id for each in stmt.targets if type(each) is ir.Name}

    def contains(self, node: ir.Node) -> bool:
        """Whether a node runs once a turn: it stands in the loop, and not in what is iterated over."""
        inside = self.node.at <= node.at and node.end <= self.node.end
        return inside and not (self.source.at <= node.at and node.end <= self.source.end)

    @property
    def is_bounded(self) -> bool:
        """Whether the number of turns is written in the code."""
        match self.source:
            case ir.Sequence() | ir.Dict() | ir.Const():
                return True
            case ir.Call(func=ir.Name(id="range"), args=args):
                return all(not any(type(node) is ir.Name for node in ir.walk_expression(arg.value)) for arg in args)
            case _:
                return False


def loops(function: Function) -> list[Loop]:
    found = [Loop(stmt, stmt.iter, stmt.target, function) for stmt in function.statements if type(stmt) is ir.For]
    for node in ir.walk(function.body):
        if type(node) is ir.Comprehension:
            found += [Loop(node, clause.iter, clause.target, function) for clause in node.clauses]
    return found


def is_true(expr: ir.Expr | None) -> bool:
    return type(expr) is ir.Const and expr.value is True


def uses(expr: ir.Expr, names: set[str]) -> bool:
    return any(type(node) is ir.Name and node.id in names for node in ir.walk_expression(expr))


def stands_before(body: list[ir.Stmt], first: ir.Expr, second: ir.Expr) -> bool:
    """Whether the second is only reached past the first: some block has the first directly, and the second later."""
    for stmt in body:
        if stmt.at <= first.at < stmt.end:
            around = [block for block in ir.blocks(stmt) if block and block[0].at <= first.at < block[-1].end]
            if not around:  # a test, what is iterated over, or a statement without blocks
                return second.at > first.at
            if stmt.at <= second.at < stmt.end:
                return any(stands_before(block, first, second) for block in around)
            return type(stmt) is ir.With and second.at > first.at
    return False


def mentions(function: Function) -> Counter[str]:
    """How often each name stands in a function, definitions in it included."""
    found: Counter[str] = Counter()
    inside = [each for each in function.module.functions if _is_within(each, function)]
    for each in (function, *inside):
        found.update(node.id for node in ir.walk(each.body) if type(node) is ir.Name)
    return found


def _is_within(inner: Function, outer: Function) -> bool:
    while inner.parent is not None:
        inner = inner.parent
        if inner is outer:
            return True
    return False


_PRIVILEGED = frozenset(
    {"is_admin", "is_superuser", "is_staff", "is_superadmin", "superuser", "admin", "is_owner", "is_moderator"}
    | {
        "role",
        "roles",
        "user_role",
        "permissions",
        "user_permissions",
        "groups",
        "scopes",
        "access_level",
        "is_verified",
    }
    | {"email_verified", "verified", "is_approved", "balance", "credit", "credits", "is_root", "privileges"}
)
_SECRET_ENDS = (
    ("password",),
    ("password", "hash"),
    ("hashed", "password"),
    ("secret",),
    ("secret", "key"),
    ("token",),
    ("api", "key"),
    ("private", "key"),
    ("salt",),
    ("otp",),
)


def is_privileged(name: str) -> bool:
    """Whether a field of this name decides what its user may do, or is worth money."""
    return name.lower() in _PRIVILEGED


_OF_PEOPLE = frozenset({"verified", "is_verified", "is_approved", "groups", "roles", "role"})


def is_privileged_in(model: Model, name: str) -> bool:
    """The same of a field of one model: findings are verified, too, and things have roles; only people gain by it."""
    if name.lower() in _OF_PEOPLE and not any(
        is_secret(each) or each in ("email", "username") for each in model.columns
    ):
        return False
    return is_privileged(name)


def is_secret(name: str) -> bool:
    parts = tuple(words(name))
    return any(parts[-len(end) :] == end for end in _SECRET_ENDS)


_SHAPES = frozenset({"lower", "upper", "casefold", "strip"})
_REQUESTS = ("request.", "self.request.", "flask.request.")


def client_shapes(
    value: ir.Expr, function: Function, sent: set[str], project: Project, depth: int = 0
) -> frozenset[str] | None:
    """The methods that shape a value that a client sends; None for what comes from elsewhere, or may be shaped elsewhere.

    `sent` are the names under which the function gets what the client sends.
    """
    match value:
        case ir.Call(func=ir.Attribute(value=inner, name=name)) if name in _SHAPES:
            below = client_shapes(inner, function, sent, project, depth)
            return None if below is None else below | {name}
        case ir.Name(id=name):
            bound = project.types.bindings(function).get(name, [])
            is_parameter = function.parameter(name) is not None
            if not bound:
                return frozenset() if is_parameter and name in sent else None
            if is_parameter or len(bound) != 1 or bound[0].kind != "value" or bound[0].path or depth > 3:
                return None
            return client_shapes(bound[0].expr, function, sent, project, depth + 1)
        case ir.Subscript(value=owner) | ir.Call(func=ir.Attribute(value=owner, name="get")):
            return frozenset() if (ir.dotted(owner) or "").startswith(_REQUESTS) else None
        case _:
            return None
