from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lint.findings.fingerprint import fingerprinted, tokens
from tests.findings.samples import at, finding
from tests.findings.styles import Style, expressions, styles

UGLY = """\
def a( x,y = 'it\\'s', *, z = 0XFF ) :
    if ( x ) : return ( x , y [ 1 :2 ] )
    print ( "%s" % ( x ) ) ; del ( x ), y
    sql = 'select * from "order" ' \\
          'where id = ' + f'{x[ "id" ]:>{y}} {y!r} {{literal}} {x:\\'>10}'
    for ( i,j ) in ( (1,2) , (3,4) , ) : pass
    return u'\\xAB' , B"bytes" , 10E5 , .5 , 5. , 1J , ( yield ) , lambda : ( 1 )

class B ( object, ) :
    \'\'\'Doc  string.\'\'\'
    c : str = ( 'no'   'body' )  # said so
    with open ( 'a' ) as f , open('b') as g : pass
"""


@pytest.mark.parametrize("width", [20, 60, 120])
def test_a_formatter_changes_no_token(width: int) -> None:
    assert tokens(formatted(UGLY, width)) == tokens(UGLY)


@given(expressions, styles, styles)
def test_the_style_of_an_expression_changes_no_token(expression: str, one: Style, other: Style) -> None:
    assert tokens(one.apply(expression)) == tokens(other.apply(expression))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("f(a)", "f(b)"),
        ("f('a')", "f('b')"),
        ("f(a)", "f[a]"),
        ("f(a + b)", "f(a - b)"),
        ("f(1)", "f(10)"),
        ("f(ab)", "f(a, b)"),
        ("a.b", "a['b']"),
        ("f(A)", "f(a)"),
        ("f('x')", "f(x)"),
    ],
)
def test_what_the_code_says_is_kept(one: str, other: str) -> None:
    assert tokens(one) != tokens(other)


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("f'{a['b']}' + c", ['"{a[b]}', "+", "c"]),
        ("f'{a:\\'>{w}}' + c", ['"{a:>{w}}', "+", "c"]),
        ("f'{{{a}}}' + c", ['"{{{a}}}', "+", "c"]),
        (r"rf'(\{{)' + c", ['"' + r"(\{{)", "+", "c"]),
        ("f'{f\"{f'{1}'}\"}' + c", ['"{f{f{1}}}', "+", "c"]),
        ("'''a\nb''' 'c'", ['"abc']),
        ("t'{a}' + c", ['"{a}', "+", "c"]),
        ("x = 'not closed\ny", ["x", "=", '"notclosed', "y"]),
        ("'''not closed", ['"notclosed']),
        ("f'{not closed", ['"{notclosed']),
        ("f'{a:not closed'", ['"{a:notclosed']),
        ("'ends in an escape\\", ['"endsinanescape\\']),
        (
            "match a:\n  case [*_]: x: int | None",
            ["match", "a", ":", "case", "[", "*", "_", "]", ":", "x", ":", "int", "|", "None"],
        ),
        ("", []),
        ("größe", ["größe"]),
    ],
)
def test_any_piece_of_any_python_has_tokens(fragment: str, expected: list[str]) -> None:
    assert tokens(fragment) == expected


@given(st.text(alphabet="abf'\"\\{}:!#()[],\n\r =0.", max_size=40))
def test_no_text_is_too_strange(fragment: str) -> None:
    assert tokens(fragment) == tokens(fragment.replace("\n", "\r\n")) or "\r" in fragment or "\\" in fragment


def test_line_endings_do_not_matter() -> None:
    text = 'f(\n    "a"\n    "b",  # c\n)\n"""d\ne"""\n'
    assert tokens(text) == tokens(text.replace("\n", "\r\n")) == tokens(text.replace("\n", "\r"))


def test_neither_path_nor_line_is_part_of_it() -> None:
    [one] = fingerprinted([finding(3, path="a.py", width=4)], lambda path: "\n\ncall()\n")
    [other] = fingerprinted([finding(1, path="b.py", width=4)], lambda path: "call()\n")
    assert one.fingerprint == other.fingerprint
    assert len(one.fingerprint) == 32


@pytest.mark.parametrize("more", [{"code": "SEC202"}, {"scope": "Other.method"}, {"discriminator": "GET /b"}])
def test_the_rule_the_scope_and_the_discriminator_are(more: dict[str, str]) -> None:
    usual = {"code": "SEC201", "scope": "f", "discriminator": "GET /a"}
    [one] = fingerprinted([finding(1, **usual)], lambda path: "call()")
    [other] = fingerprinted([finding(1, **(usual | more))], lambda path: "call()")
    assert one.fingerprint != other.fingerprint


def test_a_discriminator_may_be_any_string_of_the_project() -> None:
    [one] = fingerprinted([finding(1, discriminator="\ud800")], lambda path: "call()")
    [other] = fingerprinted([finding(1, discriminator="\ud801")], lambda path: "call()")
    assert one.fingerprint != other.fingerprint


def test_message_and_severity_are_not() -> None:
    [one] = fingerprinted([finding(1, message="line 12 of 40")], lambda path: "call()")
    [other] = fingerprinted([finding(1, message="line 13 of 41")], lambda path: "call()")
    assert one.fingerprint == other.fingerprint


def test_only_the_findings_own_text_counts() -> None:
    before = "x = first(a) + second(b)\n"
    after = "y = third(a)\nx = other(a) + second(\n    b,\n)  # why\n"
    [one] = fingerprinted([at(before, "second(b)")], lambda path: before)
    [other] = fingerprinted([at(after, "second(\n    b,\n)")], lambda path: after)
    assert one.fingerprint == other.fingerprint


def test_columns_are_code_points() -> None:
    text = "s = '𝄞é'; run(sql)\n"
    [found] = fingerprinted([at(text, "run(sql)")], lambda path: text)
    assert len(found.sketch) == 2 * len(["run", "sql"])


def test_the_end_of_a_file_is_as_far_as_it_goes() -> None:
    [found] = fingerprinted([finding(9, column=9)], lambda path: "call()")
    assert found.sketch == ""


def test_a_text_is_read_once_for_all_its_findings() -> None:
    asked: list[str] = []
    found = [finding(1, path="b.py"), finding(1, path="a.py"), finding(2, path="b.py")]
    fingerprinted(found, lambda path: asked.append(path) or "x\ny\n")  # type: ignore[func-returns-value]
    assert asked == ["a.py", "b.py"]


def formatted(text: str, width: int) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", str(width), "-"]
    run = subprocess.run(command, input=dedent(text), capture_output=True, text=True, check=True)
    assert run.stdout != text
    return run.stdout
