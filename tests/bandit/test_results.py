from __future__ import annotations

import gc
import logging
import subprocess
import sys
import warnings
import weakref

import pytest

from backend_lint.bandit import checks, results
from backend_lint.bandit import results as bandit_results
from backend_lint.core import Diagnostic, DiagnosticKind

ALL = frozenset(checks())


def spots(text: str | bytes, *ids: str) -> list[str]:
    """The verdicts of these checks as `B102 1:5-1:15`."""
    content = text if isinstance(text, bytes) else text.encode()
    found, diagnostic = results("app.py", content, frozenset(ids))
    assert diagnostic is None
    return [f"{each.test_id} {each.at.line}:{each.at.column}-{each.at.end_line}:{each.at.end_column}" for each in found]


def failure(content: bytes) -> Diagnostic:
    found, diagnostic = results("app.py", content)
    assert found == []
    assert diagnostic is not None
    return diagnostic


def test_columns_are_counted_in_code_points() -> None:
    assert spots("x = 'äöü😀'; eval(y)\n", "B307") == ["B307 1:13-1:20"]


def test_columns_are_right_whatever_the_encoding() -> None:
    text = "# coding: latin-1\nx = 'äöü'; eval(y)\n"
    assert spots(text.encode("latin-1"), "B307") == ["B307 2:12-2:19"]
    assert spots("x = 'ä'; eval(y)\n".encode("utf-8-sig"), "B307") == ["B307 1:10-1:17"]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_the_interpreter(newline: str) -> None:
    assert spots(newline.join(["a = '''", "\f", "'''; eval(b)", ""]), "B307") == ["B307 3:6-3:13"]


def test_a_verdict_about_an_argument_stands_at_the_argument() -> None:
    assert spots("run(\n    command,\n    shell=True,\n)\n", "B604") == ["B604 3:11-3:15"]


def test_a_verdict_about_a_block_stands_at_its_header() -> None:
    text = "import ssl\ndef connect(version=ssl.PROTOCOL_SSLv3):\n    pass\n"
    assert spots(text, "B503") == ["B503 2:1-2:41"]


def test_a_verdict_about_a_character_stands_at_the_character() -> None:
    assert spots("a = '\x0c'  # \u2028\nb = 'é\u202e'\n", "B613") == ["B613 2:7-2:8"]


def test_places_within_formatted_strings_lie_within_their_line() -> None:
    text = 'x = f"""\nä {eval(\n  y)} {eval(z)}"""\n'
    lengths = [len(line) for line in text.splitlines()]
    for each in results("app.py", text.encode())[0]:
        assert 1 <= each.at.column <= lengths[each.at.line - 1] + 1
        assert 1 <= each.at.end_column <= lengths[each.at.end_line - 1] + 1


def test_verdicts_come_in_the_order_of_their_places() -> None:
    text = "def f():\n    return eval(exec(eval('1')))\nexec('2')\n"
    assert spots(text, "B307", "B102") == ["B307 2:12-2:33", "B102 2:17-2:32", "B307 2:22-2:31", "B102 3:1-3:10"]


def test_a_name_is_resolved_through_imports() -> None:
    (found,), _ = results("app.py", b"from pickle import loads as read\nread(body)\n")
    assert found.subject == "pickle.loads"


def test_a_module_of_the_project_is_not_taken_for_the_standard_library() -> None:
    assert spots("from .pickle import loads\nfrom . import marshal\nloads(a)\nmarshal.loads(b)\n", "B301", "B302") == []


def test_an_identifier_is_found_however_it_is_spelt() -> None:
    assert spots("ｅｖａｌ(x)\n", "B307") == ["B307 1:1-1:8"]


def test_only_the_checks_asked_for_speak() -> None:
    text = b"import subprocess\nassert eval(x)\n"
    assert {each.test_id for each in results("app.py", text)[0]} == {"B307"}
    assert {each.test_id for each in results("app.py", text, frozenset({"B101"}))[0]} == {"B101"}
    assert {each.test_id for each in results("app.py", text, ALL)[0]} == {"B101", "B307", "B404"}
    assert results("app.py", text, frozenset()) == ([], None)


@pytest.mark.parametrize(
    ("comment", "waived"),
    [
        ("# nosec", True),
        ("# nosec B307", True),
        ("#nosec:B307", True),
        ("# nosec eval", True),
        ("# nosec B101", False),
        ("# nosec B101,B307 # reason", True),
        ("# reason  # nosec", True),
        ("# NOSEC", False),
        ("# no sec", False),
    ],
)
def test_a_nosec_comment_is_read_as_bandit_reads_it(comment: str, waived: bool) -> None:
    (found,), _ = results("app.py", f"x = eval(  {comment}\n    y)\n".encode())
    assert found.waived is waived


def test_nosec_within_a_string_is_no_comment() -> None:
    (found,), _ = results("app.py", b"eval('# nosec')\n")
    assert not found.waived


@pytest.mark.parametrize(
    "content",
    [
        b"def broken(:\n",
        b"x = 'a\0b'\n",
        b"\0",
        b"x = '\xff'\n",
        b"# coding: no-such-codec\n",
        b"\xef\xbb\xbf# coding: latin-1\n",
        b"# coding: latin-1\n\xe4 = '\n",
        b"x = 1\n  y = 2\n",
        b"x = " + b"(" * 10_000 + b")" * 10_000,
        b"x = " + b"not " * 10_000 + b"y",
        b"if a: pass\n" + b"elif a: pass\n" * 10_000,
    ],
    ids=["syntax", "nul", "only nul", "utf-8", "codec", "mark", "latin-1", "indent", "brackets", "operators", "elif"],
)
def test_a_file_that_this_python_cannot_read_is_one_diagnostic(content: bytes) -> None:
    diagnostic = failure(content)
    assert diagnostic.kind is DiagnosticKind.BANDIT
    assert diagnostic.path == "app.py"
    assert not diagnostic.is_incomplete
    assert len(diagnostic.message) < 300


def test_the_diagnostic_says_where() -> None:
    diagnostic = failure(b"x = 1\nclass :\n")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert diagnostic.line == 2
    assert diagnostic.message == f"Bandit's checks did not run: Python {version} cannot read the file (invalid syntax)"


def test_a_long_chain_of_operators_does_no_harm() -> None:
    found, diagnostic = results("app.py", b"x = eval(a)" + b" + 'select from ' + b" * 5_000)
    assert found or diagnostic


@pytest.mark.parametrize("content", [b"", b"\n", b"# nosec", b"\xef\xbb\xbf", b"# coding: utf-8\n"])
def test_a_file_without_code_has_no_verdicts(content: bytes) -> None:
    assert results("app.py", content, ALL) == ([], None)


def test_a_check_that_fails_is_one_diagnostic_and_the_others_go_on() -> None:
    text = b"import tarfile\nt.extractall(members=a.b())\nt.extractall(members=a.b())\neval(x)\n"
    found, diagnostic = results("app.py", text)
    assert [each.test_id for each in found] == ["B307"]
    assert diagnostic == Diagnostic(
        "app.py", 2, DiagnosticKind.BANDIT, "Bandit's B202 fails here (AttributeError); its other checks ran"
    )


def test_nothing_of_one_file_reaches_the_next() -> None:
    first = b"from pickle import loads\nimport flask, paramiko, tarfile\n"
    second = b"loads(x)\napp.run(debug=True)\nssh.exec_command(c)\nt.extractall()\n"
    assert results("a.py", first) == ([], None)
    assert results("b.py", second) == ([], None)


def test_one_set_of_checks_does_not_change_another() -> None:
    text = b"import random, marshal\nrandom.random()\nmarshal.loads(x)\n"
    few, many = frozenset({"B311"}), frozenset({"B311", "B302"})
    for _ in range(2):
        assert [each.test_id for each in results("a.py", text, few)[0]] == ["B311"]
        assert [each.test_id for each in results("a.py", text, many)[0]] == ["B311", "B302"]


def test_the_tree_goes_without_the_collector_of_cycles(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = bandit_results.__globals__["_parsed"]
    trees = []

    def remembered(text: str) -> object:
        tree = parsed(text)
        trees.append(weakref.ref(tree.body[0]))
        return tree

    monkeypatch.setitem(bandit_results.__globals__, "_parsed", remembered)
    gc.disable()
    try:
        results("app.py", b"x = eval(f'select {y} from {z}') if loads(a) else [b for c in d]\n", ALL)
        assert [tree() for tree in trees] == [None]
    finally:
        gc.enable()


def test_nothing_is_printed_logged_or_warned(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    text = b"import tarfile\nx = '\\d'  # nosec: no_such_test B102\nt.extractall(members=a.b())\nassert (1, 2)\n"
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        results("app.py", text, ALL)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_bandit_is_imported_late_and_leaves_no_trace() -> None:
    code = (
        "import logging, sys, warnings\n"
        "before = warnings.formatwarning\n"
        "from backend_lint.bandit import results, rules\n"
        "rules()\n"
        "assert 'bandit' not in sys.modules\n"
        "results('app.py', b'eval(x)')\n"
        "assert 'bandit' in sys.modules\n"
        "assert warnings.formatwarning is before\n"
        "assert logging.getLogger().handlers == []\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
