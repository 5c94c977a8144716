from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lint.fix.document import opened
from backend_lint.source import decode

BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"", "utf-8"),
        (b"x = 1\r\ny = 2\r\n", "utf-8"),
        (b"x\ry\n\x0cz\r\n", "utf-8"),
        ("größe = '𝄞'\n".encode(), "utf-8"),
        (BOM + "größe\r\n".encode(), "utf-8-sig"),
        ("# -*- coding: latin-1 -*-\ngröße\n".encode("latin-1"), "iso-8859-1"),
        ("#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n€\n".encode("cp1252"), "cp1252"),
        ("# coding: shift_jis\nx = '日本'\n".encode("shift_jis"), "shift_jis"),
    ],
)
def test_a_text_gives_its_bytes_back(content: bytes, encoding: str) -> None:
    document = opened(content)
    assert document is not None
    assert document.encoding == encoding
    assert document.encoded(document.text) == content


@given(st.binary(max_size=40))
def test_what_can_be_opened_is_the_text_that_was_linted(content: bytes) -> None:
    document = opened(content)
    if document is not None:
        assert document.text == decode(content)
        assert document.encoded(document.text) == content


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"# coding: no-such-thing\n",
        BOM + b"# coding: latin-1\n",
        b"# coding: utf-7\nx = '+AGE-'\n",
        b"# coding: iso2022_jp\nx = '\x1b(B'\n",
    ],
)
def test_a_file_whose_bytes_would_not_come_back_is_left_alone(content: bytes) -> None:
    assert opened(content) is None


def test_a_character_that_the_encoding_lacks_is_an_error() -> None:
    document = opened(b"# coding: latin-1\n")
    assert document is not None
    with pytest.raises(UnicodeEncodeError):
        document.encoded("€")
