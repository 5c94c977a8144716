"""What git remembers: the files of a revision, read without touching the work tree, the index or any reference."""

from __future__ import annotations

import datetime
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from backend_lint.core import BackendLintError

_FILE_MODES = (b"100644", b"100755")


class History:
    """The repository around `directory`. `environ` is what git runs with, less the variables that a hook sets for git.

    Raises `BackendLintError`, with what to do, where there is no git, no repository or no such revision.
    """

    def __init__(self, directory: Path, environ: Mapping[str, str]) -> None:
        self._environ = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
        self._environ |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
        self._directory = directory
        top = self._answer("rev-parse", "--show-toplevel")
        if top is None:
            raise BackendLintError(f"{directory} is in no git work tree, so nothing can be compared")
        self.top = Path(os.path.realpath(top))

    def base(self, revision: str) -> str:
        """The commit at which the work tree and `revision` parted."""
        commit = self._answer("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if commit is None:
            raise BackendLintError(f"git knows no revision {revision!r} here{self._advice()}")
        found = self._answer("merge-base", commit, "HEAD")
        if found is None:
            raise BackendLintError(f"HEAD and {revision!r} have no common ancestor here{self._advice()}")
        return found

    def files(self, commit: str, is_wanted: Callable[[str], bool]) -> dict[str, bytes]:
        """The contents of the regular files at `commit`, by path from the top of the work tree."""
        listing = self._run("ls-tree", "-r", "-z", "--full-tree", commit)
        blobs: dict[str, bytes] = {}
        for line in listing.stdout.split(b"\0")[:-1]:
            about, _, name = line.partition(b"\t")
            mode, _, blob = about.split()
            path = os.fsdecode(name)
            if mode in _FILE_MODES and is_wanted(path):
                blobs[path] = blob
        contents = self._contents(list(blobs.values()))
        return dict(zip(blobs, contents, strict=True))

    def written(self, path: Path, line: int) -> datetime.date | None:
        """The day on which a line of the work tree was written; None where that is not committed yet."""
        blamed = self._answer("blame", "--porcelain", "-L", f"{line},{line}", "--", str(path))
        commit, _, about = (blamed or "").partition(" ")
        found = re.search(r"^author-time (\d+)$", about, re.MULTILINE)
        if found is None or not commit.strip("0"):
            return None
        return datetime.datetime.fromtimestamp(int(found[1]), datetime.timezone.utc).date()

    def _contents(self, blobs: list[bytes]) -> list[bytes]:
        """The blobs of these names, in order. Format: https://git-scm.com/docs/git-cat-file#_batch_output"""
        output = self._run("cat-file", "--batch", input=b"".join(blob + b"\n" for blob in blobs)).stdout
        contents, position = [], 0
        for blob in blobs:
            end = output.index(b"\n", position)
            header = output[position:end].split()
            if len(header) != 3:
                raise BackendLintError(f"git has lost the blob {blob.decode()}{self._advice()}")
            start, size = end + 1, int(header[2])
            contents.append(output[start : start + size])
            position = start + size + 1
        return contents

    def _advice(self) -> str:
        if self._answer("rev-parse", "--is-shallow-repository") == "true":
            return "; this clone is shallow: fetch all history (`git fetch --unshallow`, or `fetch-depth: 0` in CI)"
        return ""

    def _answer(self, *arguments: str) -> str | None:
        done = self._run(*arguments)
        return os.fsdecode(done.stdout).strip() if done.returncode == 0 else None

    def _run(self, *arguments: str, input: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = ["git", "-C", str(self._directory), *arguments]
        try:
            return subprocess.run(command, input=input, capture_output=True, env=self._environ, check=False)
        except OSError as error:
            raise BackendLintError(f"git cannot be run: {error.strerror}") from error
