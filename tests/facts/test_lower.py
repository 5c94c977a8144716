from __future__ import annotations

import msgspec
import pytest

from backend_lint.facts import ir
from backend_lint.facts.types import Facts
from tests.reading import facts


def shown(node: ir.Expr | None) -> str:
    """An expression in a few letters: holes of a string in braces."""
    match node:
        case None:
            return "-"
        case ir.Const(value=value):
            return repr(value)
        case ir.Name(id=name):
            return name
        case ir.Attribute(value=value, name=name):
            return f"{shown(value)}.{name}"
        case ir.Text(pieces=pieces, how=how):
            inside = "".join(p.value if type(p) is ir.Const else "{" + shown(p) + "}" for p in pieces)
            return f"{how}<{inside}>"
        case ir.Call(func=func, args=args):
            inside = ", ".join("*" * a.stars + (f"{a.keyword}=" if a.keyword else "") + shown(a.value) for a in args)
            return f"{shown(func)}({inside})"
        case ir.Subscript(value=value, index=index):
            return f"{shown(value)}[{shown(index)}]"
        case ir.Binary(op=op, left=left, right=right) | ir.Compare(op=op, left=left, right=right):
            return f"({shown(left)} {op} {shown(right)})"
        case ir.Bool(op=op, values=values):
            return f"({f' {op} '.join(map(shown, values))})"
        case ir.Sequence(kind=kind, items=items):
            return f"{kind}[{', '.join(map(shown, items))}]"
        case _:
            return type(node).__name__


@pytest.mark.parametrize(
    ("code", "lowered"),
    [
        ("f'a{b}c'", "fstring<a{b}c>"),
        ("f'{{{b!r}}}'", "fstring<{{repr(b)}}>"),
        ("f'{a:d}{b:>{w}}'", "fstring<{int(a)}{b}{w}>"),
        ("'a%sb%d' % (x, y)", "percent<a{x}b{int(y)}>"),
        ("'%s' % x", "percent<{x}>"),
        ("'100%%' % ()", "'100%'"),
        ("'%(a)s-%(b)r' % {'a': x, 'b': y}", "percent<{x}-{repr(y)}>"),
        ("'%(a)s' % values", "percent<{values['a']}>"),
        ("'{}-{}'.format(x, y)", "format<{x}-{y}>"),
        ("'{1}{0}{k.z[3]}'.format(x, y, k=v)", "format<{y}{x}{v.z[3]}>"),
        ("'{a}'.format(**values)", "format<{values['a']}>"),
        ("'{'.format(x)", "'{'.format(x)"),
        ("'a' + b + 'c'", "concat<a{b}c>"),
        ("a + b", "(a + b)"),
        ("'a' 'b' f'{c}'", "fstring<ab{c}>"),
        ("', '.join([a, b])", "join<{a}, {b}>"),
        ("', '.join(names)", "', '.join(names)"),
        ("a < b <= c", "((a < b) and (b <= c))"),
        ("a not in b", "(a not in b)"),
        ("-1", "-1"),
        ("(a)", "a"),
        ("f(a, *b, c=1, **d)", "f(a, *b, c=1, **d)"),
        ("...", "Ellipsis"),
        ("0xFF", "255"),
        ("b'a' b'b'", "b'ab'"),
        ("r'\\d'", "'\\\\d'"),
        ("99999999999999999999", "Opaque"),
    ],
)
def test_expressions_have_one_shape_for_one_meaning(code: str, lowered: str) -> None:
    body = facts(f"x = {code}\n").body
    assert isinstance(body[0], ir.Assign)
    assert shown(body[0].value) == lowered


def test_facts_survive_the_cache() -> None:
    found = facts(EVERYTHING)
    encoded = msgspec.msgpack.encode(found)
    assert msgspec.msgpack.encode(msgspec.msgpack.decode(encoded, type=Facts)) == encoded


def test_every_span_is_the_text_of_its_node() -> None:
    found = facts(EVERYTHING)
    for function in found.functions:
        for node in ir.walk(function.body):
            assert 0 <= node.at <= node.end <= found.length
            if type(node) is ir.Name and node.id not in ("repr", "int", "Ellipsis"):
                assert EVERYTHING[node.at : node.end] == node.id


def test_names_bound_anywhere_in_a_function_are_its_locals() -> None:
    found = facts(
        """
        def f(a, *b, c=1, **d):
            global g
            import x.y, z as w
            for e, (h, *i) in a: pass
            with a as j, b as (k, l): pass
            try: pass
            except E as m: pass
            match a:
                case {"k": n, **o} | [p, *q] as r: pass
            s = t = 1; u: int; g = 2
            if (v := 1): pass
            def inner(): y = 1
            class Inner: z = 1
            return [aa for aa in a]
        """
    )
    assert found.functions[0].locals == sorted([*"abcdxwehijklmnopqrstuv", "inner", "Inner", "aa"])


def test_a_string_annotation_is_read_as_the_code_it_holds() -> None:
    parameter = (
        facts("def f(a: 'Optional[models.User]', b: Annotated['X', 'not code']): pass\n").functions[0].parameters
    )
    assert shown(parameter[0].annotation) == "Optional[models.User]"
    assert shown(parameter[1].annotation) == "Annotated[tuple[X, 'not code']]"


def test_comments_know_the_statement_they_govern() -> None:
    found = facts(
        """\
        # backend-lint: ignore[A] -- above
        @decorated
        def f():
            call(
                a,  # nosec
            )
            if x:  # noqa: S101
                pass
        """
    )
    assert [(each.line, each.own_line, each.statement) for each in found.comments] == [
        (1, True, (2, 3)),
        (5, False, (4, 6)),
        (7, False, (7, 7)),
    ]


EVERYTHING = '''\
import os
from .a import b as c
__all__ = ["f"]
@dec(1)
async def f(a: "int", /, b=2, *args, k, **kw) -> "str":
    """Doc."""
    async with a.b(c) as d, e:
        async for x in y:
            yield await z
            continue
    try:
        raise E(a) from b
    except (A, B) as error:
        assert x, f"no {error!r}"
    else:
        del a.b, c[0]
    finally:
        nonlocal_ = lambda q, *r: (q, r)
    while not (n := next(i)):
        break
    match a:
        case Point(x=0, y=[1, *rest]) | {"a": None, **others} if rest:
            return {**a, "b": {1, 2}, "c": [*a], "d": (a[1:2, ::3],)}
        case str() | -1 | "s" | a.B as whole:
            pass
        case _:
            a.b += 1
    return x if y else [i async for i in b if c if d] or {k: v for k, v in e} or t"{a}"
class C(B, metaclass=M):
    attribute: int = 1
'''
