"""The bytes of a file as text, such that unchanged text gives the same bytes again."""

from __future__ import annotations

import io
import tokenize

import msgspec


class Document(msgspec.Struct, frozen=True):
    """A file's `text`, without its byte order mark and with its own line breaks."""

    text: str
    encoding: str

    def encoded(self, text: str) -> bytes:
        """Another text, as this file would hold it. Raises a UnicodeEncodeError where it cannot."""
        return text.encode(self.encoding)


def opened(content: bytes) -> Document | None:
    """None where the text would not give back the bytes, so that the file had better be left alone."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        document = Document(content.decode(encoding), encoding)
        return document if document.encoded(document.text) == content else None
    except (SyntaxError, UnicodeError):
        return None
