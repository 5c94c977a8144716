"""LibCST to IR: one pass over a file's tree."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import libcst as cst

from backend_lint.facts import ir
from backend_lint.facts.comments import governed
from backend_lint.facts.ir import Expr, Pattern, Stmt
from backend_lint.facts.metrics import metrics
from backend_lint.facts.strings import concatenation, converted, format_kind, formatted, fragment, joined, percent, text
from backend_lint.facts.types import ClassFacts, Facts, FunctionFacts, Import, Parameter
from backend_lint.source import Source
from backend_lint.source.text import code_lines

_LARGEST = 2**63 - 1
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception"})


def lower(source: Source) -> Facts:
    """What the file says. The answer depends on the text alone."""
    return _Lowering(source).facts()


@dataclass
class _Scope:
    """A function, a class or the module, while its body is lowered."""

    prefix: str = ""
    function: int | None = None
    cls: int | None = None
    names: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)
    methods: list[int] = field(default_factory=list)
    is_generator: bool = False

    def bind(self, name: str) -> None:
        self.names.add(name)


class _Lowering:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.spans = source.spans
        self.imports: list[Import] = []
        self.functions: list[FunctionFacts] = []
        self.classes: list[ClassFacts] = []
        self.exports: list[str] | None = None
        self.scope = _Scope()
        self.outer: list[_Scope] = []
        self.is_type_checking = False
        self.is_guarded = False

    def facts(self) -> Facts:
        module = self.source.module
        body = self.block(module.body)
        return Facts(
            line_starts=self.source.line_starts,
            length=len(self.source.text),
            imports=self.imports,
            functions=self.functions,
            classes=self.classes,
            body=body,
            names=sorted(self.scope.names),
            exports=self.exports,
            comments=governed(self.source),
            docstring=_docstring(body),
            code_lines=code_lines(self.source.text),
        )

    # Statements

    def block(self, body: cst.BaseSuite | Iterable[cst.BaseStatement | cst.BaseSmallStatement]) -> list[Stmt]:
        lowered: list[Stmt] = []
        nodes: Iterable[Any] = body.body if isinstance(body, cst.BaseSuite) else body
        for node in nodes:
            if type(node) is cst.SimpleStatementLine:
                lowered.extend(self.block(node.body))
            else:
                stmt = _STATEMENTS.get(type(node))
                if stmt is not None:
                    lowered.append(stmt(self, node))
        return lowered

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        return self.spans[id(node)]

    def expr_statement(self, node: cst.Expr) -> Stmt:
        return ir.Evaluate(*self.span(node), self.expr(node.value))

    def assign(self, node: cst.Assign) -> Stmt:
        value = self.expr(node.value)
        targets = [self.target(target.target) for target in node.targets]
        if not self.outer and any(type(target) is ir.Name and target.id == "__all__" for target in targets):
            self.exports = _literal_names(value) if self.exports is None else self.exports + _literal_names(value)
        return ir.Assign(*self.span(node), targets, value)

    def ann_assign(self, node: cst.AnnAssign) -> Stmt:
        annotation = self.annotation(node.annotation)
        value = None if node.value is None else self.expr(node.value)
        return ir.Assign(*self.span(node), [self.target(node.target)], value, annotation)

    def aug_assign(self, node: cst.AugAssign) -> Stmt:
        value, target = self.expr(node.value), self.target(node.target)
        if not self.outer and type(target) is ir.Name and target.id == "__all__":
            self.exports = [*(self.exports or []), *_literal_names(value)]
        return ir.Augment(*self.span(node), _OPERATORS[type(node.operator)], target, value)

    def return_(self, node: cst.Return) -> Stmt:
        return ir.Return(*self.span(node), self.optional(node.value))

    def raise_(self, node: cst.Raise) -> Stmt:
        cause = None if node.cause is None else self.expr(node.cause.item)
        return ir.Raise(*self.span(node), self.optional(node.exc), cause)

    def assert_(self, node: cst.Assert) -> Stmt:
        return ir.Assert(*self.span(node), self.expr(node.test), self.optional(node.msg))

    def delete(self, node: cst.Del) -> Stmt:
        target = self.expr(node.target)
        targets = target.items if type(target) is ir.Sequence else [target]
        return ir.Delete(*self.span(node), targets)

    def jump(self, node: cst.Break | cst.Continue | cst.Pass) -> Stmt:
        return ir.Jump(*self.span(node), type(node).__name__.lower())

    def declare(self, node: cst.Global | cst.Nonlocal) -> Stmt:
        names = [item.name.value for item in node.names]
        self.scope.foreign.update(names)
        return ir.Declare(*self.span(node), type(node).__name__.lower(), names)

    def if_(self, node: cst.If) -> Stmt:
        at, end = self.span(node)
        test = self.expr(node.test)
        was = self.is_type_checking
        self.is_type_checking = was or (ir.dotted(test) or "").rpartition(".")[2] == "TYPE_CHECKING"
        body = self.block(node.body)
        self.is_type_checking = was
        match node.orelse:
            case cst.If() as chained:
                orelse = [self.if_(chained)]
            case cst.Else() as other:
                orelse = self.block(other.body)
            case _:
                orelse = []
        return ir.If(at, end, test, body, orelse)

    def while_(self, node: cst.While) -> Stmt:
        at, end = self.span(node)
        return ir.While(at, end, self.expr(node.test), self.block(node.body), self.orelse(node.orelse))

    def for_(self, node: cst.For) -> Stmt:
        at, end = self.span(node)
        iterable, target = self.expr(node.iter), self.target(node.target)
        is_async = node.asynchronous is not None
        return ir.For(at, end, target, iterable, self.block(node.body), self.orelse(node.orelse), is_async)

    def orelse(self, node: cst.Else | None) -> list[Stmt]:
        return [] if node is None else self.block(node.body)

    def try_(self, node: cst.Try | cst.TryStar) -> Stmt:
        at, end = self.span(node)
        types = [None if handler.type is None else self.expr(handler.type) for handler in node.handlers]
        was = self.is_guarded
        self.is_guarded = was or any(kind is None or _catches_import_error(kind) for kind in types)
        body = self.block(node.body)
        written: Sequence[cst.ExceptHandler | cst.ExceptStarHandler] = node.handlers
        handlers = []
        for handler, kind in zip(written, types, strict=True):
            name = None
            if handler.name is not None and isinstance(handler.name.name, cst.Name):
                name = handler.name.name.value
                self.scope.bind(name)
            handlers.append(ir.Handler(*self.span(handler), kind, name, self.block(handler.body)))
        self.is_guarded = was
        final = [] if node.finalbody is None else self.block(node.finalbody.body)
        return ir.Try(at, end, body, handlers, self.orelse(node.orelse), final, type(node) is cst.TryStar)

    def with_(self, node: cst.With) -> Stmt:
        at, end = self.span(node)
        items = [
            ir.WithItem(self.expr(item.item), None if item.asname is None else self.target(item.asname.name))
            for item in node.items
        ]
        return ir.With(at, end, items, self.block(node.body), node.asynchronous is not None)

    def match_(self, node: cst.Match) -> Stmt:
        subject = self.expr(node.subject)
        cases = [
            ir.Case(self.pattern(case.pattern), self.optional(case.guard), self.block(case.body)) for case in node.cases
        ]
        return ir.Match(*self.span(node), subject, cases)

    def import_(self, node: cst.Import) -> Stmt:
        at, end = self.span(node)
        first = len(self.imports)
        for alias in node.names:
            module = _dotted_name(alias.name)
            if alias.asname is not None:
                self.add_import(alias, _name_of(alias.asname.name), module, None, 0, module)
            else:
                top = module.partition(".")[0]
                self.add_import(alias, top, top, None, 0, module)
        return ir.Load(at, end, list(range(first, len(self.imports))))

    def import_from(self, node: cst.ImportFrom) -> Stmt:
        at, end = self.span(node)
        first = len(self.imports)
        module = "" if node.module is None else _dotted_name(node.module)
        level = len(node.relative)
        if isinstance(node.names, cst.ImportStar):
            self.add_import(node, "*", module, "*", level, module)
        else:
            for alias in node.names:
                name = _name_of(alias.name)
                bound = name if alias.asname is None else _name_of(alias.asname.name)
                self.add_import(alias, bound, module, name, level, module)
        return ir.Load(at, end, list(range(first, len(self.imports))))

    def add_import(
        self, node: cst.CSTNode, bound: str, module: str, name: str | None, level: int, full_module: str
    ) -> None:
        at, end = self.span(node)
        if bound != "*":
            self.scope.bind(bound)
        self.imports.append(
            Import(
                at,
                end,
                bound,
                module,
                name,
                level,
                self.scope.function,
                self.is_type_checking,
                self.is_guarded,
                full_module,
            )
        )

    def function_def(self, node: cst.FunctionDef) -> Stmt:
        at, end = self.span(node)
        decorators = [self.expr(decorator.decorator) for decorator in node.decorators]
        self.scope.bind(node.name.value)
        is_async = node.asynchronous is not None
        index = self.function(
            at, end, node.name.value, self.span(node.name), node.params, node.returns, node.body, decorators, is_async
        )
        if self.scope.cls is not None:
            self.scope.methods.append(index)
        return ir.DefineFunction(at, end, index)

    def function(
        self,
        at: int,
        end: int,
        name: str,
        name_span: tuple[int, int],
        parameters: cst.Parameters,
        returns: cst.Annotation | None,
        body: cst.BaseSuite | cst.BaseExpression,
        decorators: list[Expr],
        is_async: bool,
    ) -> int:
        lowered = self.parameters(parameters)
        result = None if returns is None else self.annotation(returns)
        index = len(self.functions)
        outer = self.scope
        qualname = f"{outer.prefix}{name}"
        function = FunctionFacts(
            at=at,
            end=end,
            name_at=name_span[0],
            name_end=name_span[1],
            name=name,
            qualname=qualname,
            decorators=decorators,
            parameters=lowered,
            returns=result,
            body=[],
            locals=[],
            metrics=metrics([], 0),
            parent=outer.function,
            cls=outer.cls,
            is_async=is_async,
            is_lambda=isinstance(body, cst.BaseExpression),
        )
        self.functions.append(function)
        scope = _Scope(f"{qualname}.", function=index, names={parameter.name for parameter in lowered})
        self.outer.append(outer)
        self.scope = scope
        if isinstance(body, cst.BaseExpression):
            value = self.expr(body)
            function.body = [ir.Return(value.at, value.end, value)]
        else:
            function.body = self.block(body)
        self.scope = self.outer.pop()
        function.locals = sorted(scope.names - scope.foreign)
        function.is_generator = scope.is_generator
        function.docstring = _docstring(function.body)
        first, last = self.source.line_column(at)[0], self.source.line_column(max(at, end - 1))[0]
        function.metrics = metrics(function.body, last - first + 1)
        return index

    def parameters(self, node: cst.Parameters) -> list[Parameter]:
        groups: list[tuple[str, Iterable[cst.Param]]] = [
            ("positional", node.posonly_params),
            ("plain", node.params),
            ("star", [node.star_arg] if isinstance(node.star_arg, cst.Param) else []),
            ("keyword", node.kwonly_params),
            ("stars", [node.star_kwarg] if node.star_kwarg is not None else []),
        ]
        return [
            Parameter(
                *self.span(param.name),
                param.name.value,
                kind,
                None if param.annotation is None else self.annotation(param.annotation),
                self.optional(param.default),
            )
            for kind, params in groups
            for param in params
        ]

    def class_def(self, node: cst.ClassDef) -> Stmt:
        at, end = self.span(node)
        decorators = [self.expr(decorator.decorator) for decorator in node.decorators]
        bases = [self.expr(arg.value) for arg in node.bases]
        keywords = self.arguments(node.keywords)
        outer = self.scope
        outer.bind(node.name.value)
        index = len(self.classes)
        qualname = f"{outer.prefix}{node.name.value}"
        name_at, name_end = self.span(node.name)
        cls = ClassFacts(
            at=at,
            end=end,
            name_at=name_at,
            name_end=name_end,
            name=node.name.value,
            qualname=qualname,
            bases=bases,
            keywords=keywords,
            decorators=decorators,
            body=[],
            methods=[],
            function=outer.function,
            cls=outer.cls,
        )
        self.classes.append(cls)
        self.outer.append(outer)
        self.scope = _Scope(f"{qualname}.", function=outer.function, cls=index)
        cls.body = self.block(node.body)
        cls.methods = self.scope.methods
        self.scope = self.outer.pop()
        cls.docstring = _docstring(cls.body)
        return ir.DefineClass(at, end, index)

    def type_alias(self, node: cst.TypeAlias) -> Stmt:
        return ir.Assign(*self.span(node), [self.target(node.name)], self.expr(node.value))

    # Targets and patterns

    def target(self, node: cst.BaseExpression) -> Expr:
        lowered = self.expr(node)
        self.bind(lowered)
        return lowered

    def bind(self, target: Expr) -> None:
        match target:
            case ir.Name(id=name):
                self.scope.bind(name)
            case ir.Sequence(items=items):
                for item in items:
                    self.bind(item)
            case ir.Star(value=value):
                self.bind(value)

    def pattern(self, node: cst.MatchPattern) -> Pattern:
        at, end = self.span(node)
        match node:
            case cst.MatchValue():
                return Pattern(at, end, "value", self.expr(node.value))
            case cst.MatchSingleton():
                return Pattern(at, end, "value", self.expr(node.value))
            case cst.MatchAs():
                name = None if node.name is None else node.name.value
                if name is not None:
                    self.scope.bind(name)
                if node.pattern is None:
                    return Pattern(at, end, "capture", name=name)
                return Pattern(at, end, "as", name=name, children=[self.pattern(node.pattern)])
            case cst.MatchOr():
                return Pattern(at, end, "or", children=[self.pattern(item.pattern) for item in node.patterns])
            case cst.MatchSequence():
                return Pattern(at, end, "sequence", children=[self.sequence_item(item) for item in node.patterns])
            case cst.MatchMapping():
                keys = [self.expr(item.key) for item in node.elements]
                rest = None if node.rest is None else node.rest.value
                if rest is not None:
                    self.scope.bind(rest)
                values = [self.pattern(item.pattern) for item in node.elements]
                return Pattern(at, end, "mapping", name=rest, children=values, keys=keys)
            case cst.MatchClass():
                positional = [
                    self.pattern(item.value) for item in node.patterns if isinstance(item, cst.MatchSequenceElement)
                ]
                named = [self.pattern(item.pattern) for item in node.kwds]
                names = [item.key.value for item in node.kwds]
                return Pattern(at, end, "class", self.expr(node.cls), children=positional + named, names=names)
            case _:
                return Pattern(at, end, "capture")

    def sequence_item(self, node: cst.MatchSequenceElement | cst.MatchStar) -> Pattern:
        if isinstance(node, cst.MatchSequenceElement):
            return self.pattern(node.value)
        name = None if node.name is None else node.name.value
        if name is not None:
            self.scope.bind(name)
        return Pattern(*self.span(node), "star", name=name)

    # Expressions

    def expr(self, node: cst.CSTNode) -> Expr:
        lowering = _EXPRESSIONS.get(type(node))
        if lowering is None:
            return self.opaque(node)
        return lowering(self, node)

    def optional(self, node: cst.CSTNode | None) -> Expr | None:
        return None if node is None else self.expr(node)

    def annotation(self, node: cst.Annotation) -> Expr:
        """An annotation; one written as a string is parsed, and keeps the span of the string."""
        lowered = self.expr(node.annotation)
        return self.unquoted(lowered)

    def unquoted(self, node: Expr) -> Expr:
        match node:
            case ir.Const(value=str(quoted)):
                try:
                    parsed = ast.parse(quoted.strip(), mode="eval").body
                except (SyntaxError, ValueError, RecursionError):
                    return node
                return _annotation(parsed, node.at, node.end)
            case ir.Subscript() if (ir.dotted(node.value) or "").rpartition(".")[2] not in ("Literal", "Annotated"):
                node.index = self.unquoted(node.index)
            case ir.Subscript(index=ir.Sequence(items=[first, *rest]) as parts):
                if (ir.dotted(node.value) or "").rpartition(".")[2] == "Annotated":
                    parts.items = [self.unquoted(first), *rest]
            case ir.Sequence():
                node.items = [self.unquoted(item) for item in node.items]
            case ir.Binary(op="|"):
                node.left, node.right = self.unquoted(node.left), self.unquoted(node.right)
        return node

    def opaque(self, node: cst.CSTNode) -> Expr:
        below = [self.expr(child) for child in node.children if isinstance(child, cst.BaseExpression)]
        return ir.Opaque(*self.span(node), type(node).__name__, below)

    def name(self, node: cst.Name) -> Expr:
        at, end = self.span(node)
        match node.value:
            case "True" | "False" | "None":
                return ir.Const(at, end, {"True": True, "False": False, "None": None}[node.value])
            case name:
                return ir.Name(at, end, name)

    def ellipsis(self, node: cst.Ellipsis) -> Expr:
        return ir.Name(*self.span(node), "Ellipsis")

    def attribute(self, node: cst.Attribute) -> Expr:
        return ir.Attribute(*self.span(node), self.expr(node.value), node.attr.value)

    def integer(self, node: cst.Integer) -> Expr:
        value = node.evaluated_value
        return ir.Const(*self.span(node), value) if abs(value) <= _LARGEST else self.opaque(node)

    def float_(self, node: cst.Float) -> Expr:
        return ir.Const(*self.span(node), node.evaluated_value)

    def simple_string(self, node: cst.SimpleString) -> Expr:
        try:
            value = node.evaluated_value
        except (SyntaxError, ValueError):
            return self.opaque(node)
        if isinstance(value, str):
            value = value.encode("utf-8", "replace").decode()  # lone surrogates cannot be stored
        return ir.Const(*self.span(node), value)

    def concatenated_string(self, node: cst.ConcatenatedString) -> Expr:
        at, end = self.span(node)
        parts = [self.expr(node.left), self.expr(node.right)]
        if all(type(part) is ir.Const and isinstance(part.value, bytes) for part in parts):
            return ir.Const(at, end, b"".join(part.value for part in parts))  # type: ignore[union-attr, misc]
        pieces = [piece for part in parts for piece in (part.pieces if type(part) is ir.Text else [part])]
        return text(at, end, pieces, "fstring")

    def formatted_string(self, node: cst.FormattedString) -> Expr:
        at, end = self.span(node)
        return text(at, end, self.fragments(node.parts, node.start), "fstring")

    def templated_string(self, node: Any) -> Expr:
        at, end = self.span(node)
        holes = [piece for piece in self.fragments(node.parts, node.start) if type(piece) is not ir.Const]
        return ir.Opaque(at, end, "TemplatedString", holes)

    def fragments(self, parts: Iterable[Any], prefix: str) -> list[Expr]:
        pieces: list[Expr] = []
        for part in parts:
            at, end = self.span(part)
            if hasattr(part, "expression"):
                spec = list(part.format_spec or ())
                literal = "".join(item.value for item in spec if hasattr(item, "value") and isinstance(item.value, str))
                hole = converted(self.expr(part.expression), part.conversion or format_kind(literal))
                pieces.append(hole)
                pieces.extend(self.expr(item.expression) for item in spec if hasattr(item, "expression"))
            else:
                pieces.append(ir.Const(at, end, fragment(part.value, prefix)))
        return pieces

    def call(self, node: cst.Call) -> Expr:
        at, end = self.span(node)
        func = self.expr(node.func)
        call = ir.Call(at, end, func, self.arguments(node.args))
        if type(func) is ir.Attribute and type(func.value) is ir.Const and isinstance(func.value.value, str):
            match func.name, call.args:
                case "format", _:
                    return formatted(call, func.value) or call
                case "join", [ir.Argument(value=ir.Sequence() as items, keyword=None, stars=0)]:
                    if items.kind != "set" and not any(type(item) is ir.Star for item in items.items):
                        return joined(call, func.value, items)
        return call

    def arguments(self, args: Iterable[cst.Arg]) -> list[ir.Argument]:
        return [
            ir.Argument(self.expr(arg.value), None if arg.keyword is None else arg.keyword.value, len(arg.star))
            for arg in args
        ]

    def subscript(self, node: cst.Subscript) -> Expr:
        at, end = self.span(node)
        parts = [self.expr(element.slice) for element in node.slice]
        value = self.expr(node.value)
        if len(parts) == 1:
            return ir.Subscript(at, end, value, parts[0])
        return ir.Subscript(at, end, value, ir.Sequence(parts[0].at, parts[-1].end, "tuple", parts))

    def index(self, node: cst.Index) -> Expr:
        value = self.expr(node.value)
        return value if not node.star else ir.Star(value.at, value.end, value)

    def slice(self, node: cst.Slice) -> Expr:
        lower, upper, step = self.optional(node.lower), self.optional(node.upper), self.optional(node.step)
        return ir.Slice(*self.span(node), lower, upper, step)

    def binary(self, node: cst.BinaryOperation) -> Expr:
        at, end = self.span(node)
        left, right = self.expr(node.left), self.expr(node.right)
        match node.operator:
            case cst.Add():
                lowered = concatenation(at, end, left, right)
            case cst.Modulo() if type(left) is ir.Const and isinstance(left.value, str):
                lowered = percent(at, end, left, right)
            case cst.Modulo() if type(left) is ir.Text:
                lowered = ir.Text(at, end, [*left.pieces, right], "percent")
            case _:
                lowered = None
        return lowered or ir.Binary(at, end, _OPERATORS[type(node.operator)], left, right)

    def unary(self, node: cst.UnaryOperation) -> Expr:
        at, end = self.span(node)
        value = self.expr(node.expression)
        op = _OPERATORS[type(node.operator)]
        if op == "-" and type(value) is ir.Const and type(value.value) in (int, float):
            return ir.Const(at, end, -value.value)  # type: ignore[operator]
        return ir.Unary(at, end, op, value)

    def boolean(self, node: cst.BooleanOperation) -> Expr:
        at, end = self.span(node)
        op = "and" if type(node.operator) is cst.And else "or"
        left, right = self.expr(node.left), self.expr(node.right)
        values = left.values if type(left) is ir.Bool and left.op == op and not node.left.lpar else [left]
        return ir.Bool(at, end, op, [*values, right])

    def comparison(self, node: cst.Comparison) -> Expr:
        at, end = self.span(node)
        left = self.expr(node.left)
        pairs: list[Expr] = []
        for target in node.comparisons:
            right = self.expr(target.comparator)
            pairs.append(ir.Compare(left.at, right.end, _OPERATORS[type(target.operator)], left, right))
            left = right
        if len(pairs) == 1:
            pairs[0].at, pairs[0].end = at, end
            return pairs[0]
        return ir.Bool(at, end, "and", pairs)

    def conditional(self, node: cst.IfExp) -> Expr:
        return ir.Conditional(*self.span(node), self.expr(node.test), self.expr(node.body), self.expr(node.orelse))

    def sequence(self, node: cst.List | cst.Tuple | cst.Set) -> Expr:
        items = [
            ir.Star(*self.span(element), self.expr(element.value))
            if isinstance(element, cst.StarredElement)
            else self.expr(element.value)
            for element in node.elements
        ]
        return ir.Sequence(*self.span(node), type(node).__name__.lower(), items)

    def starred(self, node: cst.StarredElement) -> Expr:
        return ir.Star(*self.span(node), self.expr(node.value))

    def dictionary(self, node: cst.Dict) -> Expr:
        keys = [self.expr(item.key) if isinstance(item, cst.DictElement) else None for item in node.elements]
        values = [self.expr(item.value) for item in node.elements]
        return ir.Dict(*self.span(node), keys, values)

    def lambda_(self, node: cst.Lambda) -> Expr:
        at, end = self.span(node)
        index = self.function(at, end, "<lambda>", (at, end), node.params, None, node.body, [], False)
        return ir.Lambda(at, end, index)

    def comprehension(self, node: cst.ListComp | cst.SetComp | cst.GeneratorExp | cst.DictComp) -> Expr:
        at, end = self.span(node)
        clauses: list[ir.Clause] = []
        current: cst.CompFor | None = node.for_in
        module_names = None if self.outer and self.scope.cls is None else set(self.scope.names)
        while current is not None:
            iterable, target = self.expr(current.iter), self.target(current.target)
            conditions = [self.expr(condition.test) for condition in current.ifs]
            clauses.append(ir.Clause(target, iterable, conditions, current.asynchronous is not None))
            current = current.inner_for_in
        if isinstance(node, cst.DictComp):
            lowered = ir.Comprehension(at, end, "dict", self.expr(node.key), self.expr(node.value), clauses)
        else:
            kind = {cst.ListComp: "list", cst.SetComp: "set", cst.GeneratorExp: "generator"}[type(node)]
            lowered = ir.Comprehension(at, end, kind, self.expr(node.elt), None, clauses)
        if module_names is not None:
            self.scope.names = module_names
        return lowered

    def await_(self, node: cst.Await) -> Expr:
        return ir.Await(*self.span(node), self.expr(node.expression))

    def yield_(self, node: cst.Yield) -> Expr:
        self.scope.is_generator = True
        at, end = self.span(node)
        match node.value:
            case None:
                return ir.Yield(at, end, None, False)
            case cst.From(item=item):
                return ir.Yield(at, end, self.expr(item), True)
            case value:
                return ir.Yield(at, end, self.expr(value), False)

    def walrus(self, node: cst.NamedExpr) -> Expr:
        value = self.expr(node.value)
        return ir.Walrus(*self.span(node), self.target(node.target), value)


def _docstring(body: list[Stmt]) -> str | None:
    match body:
        case [ir.Evaluate(value=ir.Const(value=str(text))), *_]:
            return text
        case _:
            return None


def _literal_names(value: Expr) -> list[str]:
    match value:
        case ir.Sequence(items=items):
            return [item.value for item in items if type(item) is ir.Const and isinstance(item.value, str)]
        case ir.Binary(op="+", left=left, right=right):
            return _literal_names(left) + _literal_names(right)
        case _:
            return []


def _catches_import_error(kind: Expr) -> bool:
    kinds = kind.items if type(kind) is ir.Sequence else [kind]
    return any((ir.dotted(item) or "") in _IMPORT_ERRORS for item in kinds)


def _dotted_name(node: cst.BaseExpression) -> str:
    match node:
        case cst.Attribute(value=value, attr=attr):
            return f"{_dotted_name(value)}.{attr.value}"
        case cst.Name(value=value):
            return value
        case _:
            return ""


def _name_of(node: cst.CSTNode) -> str:
    return node.value if isinstance(node, cst.Name) else ""


def _annotation(node: ast.expr, at: int, end: int) -> Expr:
    """The IR of an annotation that was quoted; every node has the span of the string."""
    match node:
        case ast.Name(id=name):
            return ir.Name(at, end, name)
        case ast.Attribute(value=value, attr=attr):
            return ir.Attribute(at, end, _annotation(value, at, end), attr)
        case ast.Subscript(value=value, slice=index):
            return ir.Subscript(at, end, _annotation(value, at, end), _annotation(index, at, end))
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return ir.Sequence(at, end, "tuple", [_annotation(item, at, end) for item in items])
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return ir.Binary(at, end, "|", _annotation(left, at, end), _annotation(right, at, end))
        case ast.Constant(value=bool() | int() | float() | str() | bytes() | None as value):
            return ir.Const(at, end, value)
        case _:
            return ir.Opaque(at, end, type(node).__name__, [])


_OPERATORS: dict[type[cst.CSTNode], str] = {
    cst.Add: "+",
    cst.Subtract: "-",
    cst.Multiply: "*",
    cst.Divide: "/",
    cst.FloorDivide: "//",
    cst.Modulo: "%",
    cst.Power: "**",
    cst.MatrixMultiply: "@",
    cst.LeftShift: "<<",
    cst.RightShift: ">>",
    cst.BitAnd: "&",
    cst.BitOr: "|",
    cst.BitXor: "^",
    cst.AddAssign: "+",
    cst.SubtractAssign: "-",
    cst.MultiplyAssign: "*",
    cst.DivideAssign: "/",
    cst.FloorDivideAssign: "//",
    cst.ModuloAssign: "%",
    cst.PowerAssign: "**",
    cst.MatrixMultiplyAssign: "@",
    cst.LeftShiftAssign: "<<",
    cst.RightShiftAssign: ">>",
    cst.BitAndAssign: "&",
    cst.BitOrAssign: "|",
    cst.BitXorAssign: "^",
    cst.Not: "not",
    cst.Minus: "-",
    cst.Plus: "+",
    cst.BitInvert: "~",
    cst.Equal: "==",
    cst.NotEqual: "!=",
    cst.LessThan: "<",
    cst.LessThanEqual: "<=",
    cst.GreaterThan: ">",
    cst.GreaterThanEqual: ">=",
    cst.In: "in",
    cst.NotIn: "not in",
    cst.Is: "is",
    cst.IsNot: "is not",
}

_STATEMENTS: dict[type[cst.CSTNode], Callable[[_Lowering, Any], Stmt]] = {
    cst.Expr: _Lowering.expr_statement,
    cst.Assign: _Lowering.assign,
    cst.AnnAssign: _Lowering.ann_assign,
    cst.AugAssign: _Lowering.aug_assign,
    cst.Return: _Lowering.return_,
    cst.Raise: _Lowering.raise_,
    cst.Assert: _Lowering.assert_,
    cst.Del: _Lowering.delete,
    cst.Break: _Lowering.jump,
    cst.Continue: _Lowering.jump,
    cst.Pass: _Lowering.jump,
    cst.Global: _Lowering.declare,
    cst.Nonlocal: _Lowering.declare,
    cst.If: _Lowering.if_,
    cst.While: _Lowering.while_,
    cst.For: _Lowering.for_,
    cst.Try: _Lowering.try_,
    cst.TryStar: _Lowering.try_,
    cst.With: _Lowering.with_,
    cst.Match: _Lowering.match_,
    cst.Import: _Lowering.import_,
    cst.ImportFrom: _Lowering.import_from,
    cst.FunctionDef: _Lowering.function_def,
    cst.ClassDef: _Lowering.class_def,
    cst.TypeAlias: _Lowering.type_alias,
}

_EXPRESSIONS: dict[type[cst.CSTNode], Callable[[_Lowering, Any], Expr]] = {
    cst.Name: _Lowering.name,
    cst.Ellipsis: _Lowering.ellipsis,
    cst.Attribute: _Lowering.attribute,
    cst.Integer: _Lowering.integer,
    cst.Float: _Lowering.float_,
    cst.SimpleString: _Lowering.simple_string,
    cst.ConcatenatedString: _Lowering.concatenated_string,
    cst.FormattedString: _Lowering.formatted_string,
    cst.Call: _Lowering.call,
    cst.Subscript: _Lowering.subscript,
    cst.Index: _Lowering.index,
    cst.Slice: _Lowering.slice,
    cst.BinaryOperation: _Lowering.binary,
    cst.UnaryOperation: _Lowering.unary,
    cst.BooleanOperation: _Lowering.boolean,
    cst.Comparison: _Lowering.comparison,
    cst.IfExp: _Lowering.conditional,
    cst.List: _Lowering.sequence,
    cst.Tuple: _Lowering.sequence,
    cst.Set: _Lowering.sequence,
    cst.StarredElement: _Lowering.starred,
    cst.Dict: _Lowering.dictionary,
    cst.Lambda: _Lowering.lambda_,
    cst.ListComp: _Lowering.comprehension,
    cst.SetComp: _Lowering.comprehension,
    cst.GeneratorExp: _Lowering.comprehension,
    cst.DictComp: _Lowering.comprehension,
    cst.Await: _Lowering.await_,
    cst.Yield: _Lowering.yield_,
    cst.NamedExpr: _Lowering.walrus,
}
if hasattr(cst, "TemplatedString"):  # LibCST 1.9 and later read Python 3.14's t-strings
    _EXPRESSIONS[cst.TemplatedString] = _Lowering.templated_string
