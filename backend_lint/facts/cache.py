"""A store of bytes by key, on disk, that may be lost, copied or broken and never lies.

An entry carries the digest of its key and its content. What was truncated, changed or put under another key does not
match and is no entry. It is sealed with its key, which depends on the content of files and is written nowhere: a secret
that stands in a file can be read in the cache only by who has the file.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

_DIGEST = 16


class Cache:
    """Entries below a directory. A cache that cannot be written keeps quiet, and says why in `trouble`."""

    def __init__(self, directory: Path | None) -> None:
        self.directory = directory
        self.trouble: str | None = None

    def get(self, key: str) -> bytes | None:
        if self.directory is None:
            return None
        try:
            content = self._path(key).read_bytes()
        except OSError:
            return None
        digest, payload = content[:_DIGEST], _sealed(key, content[_DIGEST:])
        return payload if digest == _digest(key, payload) else None

    def put(self, key: str, payload: bytes) -> None:
        """Store an entry; another process sees all of it or nothing."""
        if self.directory is None or self.trouble is not None:
            return
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._mark()
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_digest(key, payload) + _sealed(key, payload))
                os.replace(temporary, path)
            except OSError:
                os.unlink(temporary)
                raise
        except OSError as error:
            self.trouble = f"the cache at {self.directory} cannot be written: {error.strerror or error}"

    def _mark(self) -> None:
        """Tell git and backup programs that the directory is a cache (https://bford.info/cachedir/)."""
        assert self.directory is not None
        tag = self.directory / "CACHEDIR.TAG"
        if not tag.exists():
            tag.write_text("Signature: 8a477f597d28d172789f06886806bc55\n", "utf-8")
            (self.directory / ".gitignore").write_text("*\n", "utf-8")

    def _path(self, key: str) -> Path:
        assert self.directory is not None
        name = hashlib.blake2b(key.encode(), digest_size=20).hexdigest()
        return self.directory / name[:2] / name[2:]


def key_of(*parts: str | bytes) -> str:
    """The key of something that depends on these parts alone."""
    digest = hashlib.blake2b(digest_size=20)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


def _sealed(key: str, payload: bytes) -> bytes:
    """`payload` made unreadable, or a sealed one readable again."""
    stream = hashlib.shake_256(key.encode()).digest(len(payload))
    return (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(payload), "big")


def _digest(key: str, payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_DIGEST, key=key.encode()[:64]).digest()
