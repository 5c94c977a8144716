from __future__ import annotations

import sys

import pytest
from lsprotocol import types

from backend_lint.core import Finding, Place
from backend_lint.serve.lsp import kept
from tests.program import LOGS, Program
from tests.serve.editor import Editor, edited

ROUTE = """\
from fastapi import FastAPI

from queries import run

app = FastAPI()


@app.get("/orders")
def orders(q: str) -> list[str]:
    return run(q)
"""
UNSAFE = """\
import sqlite3


def run(q: str) -> list[str]:
    return sqlite3.connect("a").execute("select * from o where a = " + q).fetchall()
"""


@pytest.fixture
def shop(program: Program) -> Program:
    """A project with a finding of one file, which has a fix, and one that takes two files."""
    program.put(
        {
            "backend-lint.toml": "select = ['SEC201', 'SEC403']",
            "app.py": LOGS.format(name="charge"),
            "main.py": ROUTE,
            "queries.py": UNSAFE,
        }
    )
    return program


def places(diagnostics: list[types.Diagnostic]) -> list[str]:
    """`5 SEC201`, lines from 1."""
    return [f"{each.range.start.line + 1} {each.code}" for each in diagnostics]


def test_a_buffer_has_the_findings_of_the_command_line(shop: Program) -> None:
    async def session(editor: Editor) -> list[str]:
        return [f"{name}:{each}" for name in ("app.py", "main.py", "queries.py") for each in places(await editor.open(name))]  # fmt: skip

    assert edited(shop.root, session) == shop("--format", "json").found


def test_what_is_typed_is_judged_at_once_and_what_the_project_says_moves_along(shop: Program) -> None:
    async def session(editor: Editor) -> tuple[list[str], list[str], list[str]]:
        await editor.open("queries.py")
        typed = await editor.type("queries.py", "import os\n\n" + UNSAFE + "\n" + LOGS.format(name="charge"))
        gone = await editor.type("queries.py", UNSAFE.replace(" + q", ' + "q"'))
        (shop.root / "queries.py").write_text(UNSAFE.replace(" + q", ' + "q"'))
        return places(typed), places(gone), places(await editor.save("queries.py"))

    assert edited(shop.root, session) == (["18 SEC403", "7 SEC201"], [], [])


def test_a_closed_buffer_shows_nothing(shop: Program) -> None:
    async def session(editor: Editor) -> list[str]:
        await editor.open("app.py")
        return places(await editor.close("app.py"))

    assert edited(shop.root, session) == []


def test_a_fix_is_offered_in_the_units_of_the_editor(shop: Program) -> None:
    text = LOGS.format(name="charge").replace('log.error("charge', 'print("😀"); log.error("charge')
    shop.write(app=text)

    async def session(editor: Editor) -> list[types.CodeAction]:
        [found] = await editor.open("app.py")
        return await editor.actions("app.py", found)

    fix, silence = edited(shop.root, session)
    assert (fix.is_preferred, silence.title) == (True, "SEC403: ignore it here")
    assert applied(text, fix) == text.replace("log.error", "log.exception")
    assert applied(text, silence).splitlines()[9].endswith("# backend-lint: ignore[SEC403] -- ")


def test_all_that_is_safe_is_fixed_where_the_editor_asks_for_it(shop: Program) -> None:
    text = LOGS.format(name="charge") + "\n\n" + LOGS.format(name="refund").split("\n\n\n")[1]
    shop.write(app=text)

    async def session(editor: Editor) -> list[list[types.CodeAction]]:
        first, *_ = await editor.open("app.py")
        wanted: list[list[str] | None] = [["source.fixAll"], ["source.organizeImports"], None]
        return [await editor.actions("app.py", first, only) for only in wanted]

    [fix_all], others, usual = edited(shop.root, session)
    assert applied(text, fix_all) == text.replace("log.error", "log.exception")
    assert others == []
    assert "Fix all that is safe" not in [each.title for each in usual]


def test_a_rule_in_a_comment_explains_itself(shop: Program) -> None:
    text = LOGS.format(name="charge").replace('failed")', 'failed")  # backend-lint: ignore[SEC403] -- known')
    shop.write(app=text)
    column = text.splitlines()[9].index("SEC403") + 2

    async def session(editor: Editor) -> tuple[str, str]:
        await editor.open("app.py")
        return await editor.hover("app.py", 9, column), await editor.hover("app.py", 0, 3)

    page, nothing = edited(shop.root, session)
    assert page.startswith("**SEC403 traceback-lost**")
    assert nothing == ""


def test_another_configuration_is_obeyed_at_once(shop: Program) -> None:
    async def session(editor: Editor) -> list[str]:
        await editor.open("app.py")
        shop.put({"backend-lint.toml": "select = ['SEC201']"})
        await editor.configured("backend-lint.toml")
        return places(await editor.shown("app.py"))

    assert edited(shop.root, session) == []


def test_findings_stay_with_their_lines() -> None:
    finding = Finding(at=Place("a.py", 2, 1, 3, 5), message="", help="")
    assert [each.at.line for each in kept([finding], "a\nb\nc\nd\n", "new\na\nb\nc\n")] == [3]
    assert kept([finding], "a\nb\nc\nd\n", "a\nb\nchanged\nd\n") == []
    assert kept([finding], "a\nb\nc\nd\n", "") == []


def applied(text: str, action: types.CodeAction) -> str:
    """The text after an action, its edits counted in UTF-16 as editors do that say nothing else."""
    assert action.edit is not None
    assert action.edit.changes is not None
    [edits] = action.edit.changes.values()
    lines = text.splitlines(keepends=True)
    starts = [len("".join(lines[:number]).encode("utf-16-le")) for number in range(len(lines) + 1)]
    content = text.encode("utf-16-le")
    for edit in sorted(edits, key=lambda each: (-each.range.start.line, -each.range.start.character)):
        first, last = (starts[at.line] + 2 * at.character for at in (edit.range.start, edit.range.end))
        content = content[:first] + edit.new_text.encode("utf-16-le") + content[last:]
    return content.decode("utf-16-le")


def test_without_its_packages_the_server_says_what_to_install(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "backend_lint.serve.lsp", raising=False)
    monkeypatch.setitem(sys.modules, "pygls.lsp.server", None)
    outcome = program("server")
    assert outcome.code == 2
    assert "pip install 'backend-lint[lsp]'" in outcome.err
