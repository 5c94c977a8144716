"""What one file says: compact, typed, serialisable, and a function of the file's content alone."""

from __future__ import annotations

from bisect import bisect_right

import msgspec

from backend_lint.core import Place
from backend_lint.core.comment import Comment
from backend_lint.facts.ir import Argument, Expr, Node, Stmt


class Import(msgspec.Struct, array_like=True, gc=False):
    """One name bound by an import.

    `import a.b` binds `a` to module `a`; `import a.b as c` binds `c` to `a.b`; `from ..m import n as k` binds `k` to
    name `n` of module `m`, two levels up. A star import binds `*`. `function` is the index of the function that it
    stands in, None at module level.
    """

    at: int
    end: int
    bound: str
    module: str
    name: str | None
    level: int
    function: int | None = None
    is_type_checking: bool = False
    is_guarded: bool = False
    full_module: str = ""

    @property
    def is_star(self) -> bool:
        return self.bound == "*"


class Parameter(msgspec.Struct, array_like=True, gc=False):
    """`kind` is `positional` (before `/`), `plain`, `star` (`*args`), `keyword` (after `*`) or `stars` (`**kwargs`)."""

    at: int
    end: int
    name: str
    kind: str
    annotation: Expr | None
    default: Expr | None


class Metrics(msgspec.Struct, array_like=True, gc=False):
    """`cognitive` follows G. Ann Campbell, Cognitive Complexity (SonarSource, 2018); `cyclomatic` McCabe (1976).

    `statements` counts statements of the scope without nested definitions; `lines` its physical lines.
    """

    cognitive: int = 0
    cyclomatic: int = 1
    statements: int = 0
    depth: int = 0
    lines: int = 0


class FunctionFacts(msgspec.Struct, array_like=True, eq=False):
    """A `def`, `async def` or lambda. `at` to `end` is the whole of it, `name_at` to `name_end` its name.

    `qualname` joins the enclosing classes and functions with dots. `parent` and `cls` are indexes of the function and
    the class whose body it stands in directly. `locals` are the names bound in its scope, sorted, parameters included.
    """

    at: int
    end: int
    name_at: int
    name_end: int
    name: str
    qualname: str
    decorators: list[Expr]
    parameters: list[Parameter]
    returns: Expr | None
    body: list[Stmt]
    locals: list[str]
    metrics: Metrics
    docstring: str | None = None
    parent: int | None = None
    cls: int | None = None
    is_async: bool = False
    is_generator: bool = False
    is_lambda: bool = False


class ClassFacts(msgspec.Struct, array_like=True, eq=False):
    """`methods` are indexes of the functions directly in the body, in order; `body` has all its statements."""

    at: int
    end: int
    name_at: int
    name_end: int
    name: str
    qualname: str
    bases: list[Expr]
    keywords: list[Argument]
    decorators: list[Expr]
    body: list[Stmt]
    methods: list[int]
    docstring: str | None = None
    function: int | None = None
    cls: int | None = None


class Facts(msgspec.Struct, array_like=True, eq=False):
    """`line_starts` are the offsets at which lines start; `length` is that of the text, in code points."""

    line_starts: list[int]
    length: int
    imports: list[Import]
    functions: list[FunctionFacts]
    classes: list[ClassFacts]
    body: list[Stmt]
    names: list[str]
    exports: list[str] | None
    comments: list[Comment]
    docstring: str | None
    code_lines: int

    def line_column(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def place(self, path: str, at: int, end: int) -> Place:
        return Place(path, *self.line_column(at), *self.line_column(end))

    def place_of(self, path: str, node: Node) -> Place:
        return self.place(path, node.at, node.end)
