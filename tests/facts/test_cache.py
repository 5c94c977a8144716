"""A cache may be lost, copied, cut or swapped, and the answer stays the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend_lint.facts.cache import Cache, key_of
from tests.program import LOGS, Program

CACHE = ".backend-lint-cache"


def entries(directory: Path) -> list[Path]:
    return sorted(path for path in directory.glob("*/*") if path.is_file())


def test_what_was_put_is_got(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    assert cache.get("0123") is None
    cache.put("0123", b"payload")
    assert cache.get("0123") == b"payload"
    assert Cache(tmp_path / "c").get("0123") == b"payload"


@given(
    payload=st.binary(max_size=200),
    other=st.binary(max_size=200),
    damage=st.sampled_from(["cut", "changed", "extended", "swapped", "emptied"]),
    where=st.integers(min_value=0, max_value=10_000),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_entry_is_no_entry(tmp_path: Path, payload: bytes, other: bytes, damage: str, where: int) -> None:
    cache = Cache(tmp_path / "c")
    mine, theirs = key_of("mine"), key_of("theirs")
    cache.put(mine, payload)
    cache.put(theirs, other)
    path, content = cache._path(mine), cache._path(mine).read_bytes()
    position = where % len(content)
    path.write_bytes(
        {
            "cut": content[:position],
            "changed": content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :],
            "extended": content + b"x",
            "swapped": cache._path(theirs).read_bytes(),
            "emptied": b"",
        }[damage]
    )
    assert cache.get(mine) is None
    assert cache.get(theirs) == other


@given(st.lists(st.binary(max_size=5), max_size=4), st.lists(st.binary(max_size=5), max_size=4))
def test_other_parts_have_another_key(left: list[bytes], right: list[bytes]) -> None:
    assert (key_of(*left) == key_of(*right)) is (left == right)


def test_a_cache_that_cannot_be_written_says_why_once(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("a file")
    cache = Cache(tmp_path / "c")
    cache.put("0123", b"payload")
    assert cache.get("0123") is None
    assert cache.trouble is not None
    assert "cannot be written" in cache.trouble


def test_without_a_directory_nothing_is_kept(tmp_path: Path) -> None:
    cache = Cache(None)
    cache.put("0123", b"payload")
    assert cache.get("0123") is None
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def shop(program: Program) -> Program:
    program.write(app=LOGS.format(name="charge"), api="import app\nimport telnetlib\n", broken="def f(:\n")
    return program


def reports(shop: Program) -> tuple[int, str]:
    """What a run says that finds facts in the cache, but no finished report of just this project."""
    outcome = shop("--format", "json", "--select", "SEC403,B401")
    return outcome.code, outcome.out


@pytest.mark.parametrize("damage", ["emptied", "cut", "changed", "swapped", "of another file", "removed"])
def test_no_damage_changes_a_result(shop: Program, damage: str) -> None:
    expected = reports(shop)
    found = entries(shop.root / CACHE)
    contents = [path.read_bytes() for path in found]
    assert len(found) >= 3
    for index, (path, content) in enumerate(zip(found, contents, strict=True)):
        if damage == "removed":
            path.unlink()
            continue
        path.write_bytes(
            {
                "emptied": b"",
                "cut": content[: len(content) // 2],
                "changed": content[:-1] + bytes([content[-1] ^ 255]),
                "swapped": contents[index - 1],
                "of another file": b"\x00" * len(content),
            }[damage]
        )
    assert reports(shop) == expected


def test_a_warm_run_says_what_a_cold_one_said(shop: Program) -> None:
    expected = reports(shop)
    assert reports(shop) == expected
    assert shop("--format", "json", "--select", "SEC403,B401", "--no-cache").out == expected[1]


def test_what_changes_a_result_is_part_of_the_key(shop: Program) -> None:
    cold = reports(shop)
    assert shop.check(select="B401").found != []
    assert shop.check("--min-severity", "critical", select="B401").found == []
    shop.write(app="x = 1\n")
    assert reports(shop) != cold
    shop.write(app=LOGS.format(name="charge"))
    assert reports(shop) == cold


def test_a_cache_is_marked_as_one(shop: Program) -> None:
    reports(shop)
    assert (shop.root / CACHE / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert (shop.root / CACHE / ".gitignore").read_text() == "*\n"
