"""Programs of several files, the dangerous next to the harmless: `programs/*.txt`.

`=== name` begins a program, `--- path` a file of it; a line that ends in `#! kind` is a sink that client data reaches.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backend_lint import adapters
from backend_lint.core import deep_recursion
from backend_lint.taint import analyse
from tests.taint.reading import project

PROGRAMS = Path(__file__).parent / "programs"
_MARK = re.compile(r"#! ([\w, -]+)$")


def programs() -> list[tuple[str, dict[str, str]]]:
    found = []
    for file in sorted(PROGRAMS.glob("*.txt")):
        for chunk in re.split(r"^=== ", file.read_text("utf-8"), flags=re.MULTILINE)[1:]:
            name, _, body = chunk.partition("\n")
            body = body if body.startswith("--- ") else f"--- app.py\n{body}"
            parts = re.split(r"^--- (\S+)\n", body, flags=re.MULTILINE)[1:]
            found.append((f"{file.stem}-{name}", dict(zip(parts[::2], parts[1::2], strict=True))))
    return found


@pytest.mark.parametrize(("name", "files"), programs(), ids=[name for name, _ in programs()])
def test_client_data_reaches_the_marked_lines_alone(name: str, files: dict[str, str]) -> None:
    expected = {
        f"{path}:{number} {kind.strip()}"
        for path, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        for mark in _MARK.findall(line)
        for kind in mark.split(",")
    }
    linked = project(files)
    with deep_recursion():
        adapters.read(linked)
    found = {f"{flow.sink.path}:{flow.sink.line} {flow.kind}" for flow in analyse(linked).flows}
    assert {each for each in found if not each.endswith(" log")} == expected
