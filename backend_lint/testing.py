"""Fixture cases for any pack: what a rule must report, written where it must be reported.

A rule `security/traceback_lost.py` has its cases in `security/traceback_lost/{bad,good,fixed}/`. Each child of `bad`
and `good` is one case: a file is a project of one file, a folder is a whole project, with its own `pyproject.toml`
where options matter. `# expect: SEC403` at the end of a line says what must be reported there, nothing else may be.
`fixed/<case>` is a bad case after its safe and unsafe fixes.

A case of what a change breaks is a folder with `base/` and `head/`: the project as it was, and as it is. Rules see the
latter, and the contract of the former; what must be reported is written in `head/`.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from backend_lint.api import Rule
from backend_lint.config import FILE_NAMES, Config, Invocation, configs_for
from backend_lint.core import Finding, Report, Role, State
from backend_lint.discover import Discovery, File, roles
from backend_lint.engine.packs import load_packs
from backend_lint.project.contract import Contract
from backend_lint.run import contract

_EXPECT = re.compile(r"#\s*expect:\s*([A-Z0-9, ]+)")
_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


class Case:
    """One case of one rule. `str(case)` is `SEC403/bad/message_only`."""

    def __init__(self, code: str, kind: str, path: Path) -> None:
        self.code, self.kind, self.path = code, kind, path

    def __str__(self) -> str:
        return f"{self.code}/{self.kind}/{self.path.stem}"

    @property
    def expected(self) -> list[str]:
        """`orders.py:7 DAT401` for every expectation written in the case."""
        found = []
        for name, content in sorted(self.files.items()):
            for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
                match = _EXPECT.search(line)
                if match is not None:
                    found += [f"{name}:{number} {code}" for code in re.split(r"[, ]+", match.group(1).strip())]
        return sorted(found)

    @property
    def found(self) -> list[str]:
        """What the rule reports on the case."""
        return sorted(f"{finding.at.path}:{finding.at.line} {finding.code}" for finding in self.findings)

    @functools.cached_property
    def findings(self) -> list[Finding]:
        return findings(self._written, self.code, self._config())

    @functools.cached_property
    def files(self) -> dict[str, bytes]:
        """The project as it is."""
        return _revisions(self._written)[1]

    @functools.cached_property
    def _written(self) -> dict[str, bytes]:
        if self.path.is_file():
            return {self.path.name: self.path.read_bytes()}
        return {path.relative_to(self.path).as_posix(): path.read_bytes() for path in sorted(self.path.rglob("*.py"))}

    def _config(self) -> Config | None:
        own = next((self.path / name for name in FILE_NAMES if (self.path / name).is_file()), None)
        if own is None:
            return None
        return configs_for([self.path], Invocation(cwd=self.path, config_path=own))[0].config


def cases(fixtures: Path, pack: str = "builtin") -> list[Case]:
    """The cases of all rules of a pack that have any, in order."""
    found = []
    for rule in _rules(pack):
        folder = fixtures.joinpath(*rule.__module__.split(".")[-2:])
        for kind in ("bad", "good"):
            children = sorted((folder / kind).iterdir()) if (folder / kind).is_dir() else []
            found += [Case(rule.code, kind, child) for child in children if child.suffix == ".py" or child.is_dir()]
    return found


def examples(pack: str = "builtin") -> list[tuple[str, str, str]]:
    """The documented examples: code of the rule, `Example` or `Use instead`, and the Python in it."""
    found = []
    for rule in _rules(pack):
        doc = sys.modules[rule.__module__].__doc__ or ""
        for section in re.split(r"^## ", doc, flags=re.MULTILINE)[1:]:
            heading, _, body = section.partition("\n")
            if heading.strip() in ("Example", "Use instead"):
                found += [(rule.code, heading.strip(), block) for block in _BLOCK.findall(body)]
    return found


def example_files(text: str) -> dict[str, bytes]:
    """The files of an example: one `app.py`, or those headed by comments like `# shop/models.py` on their own lines.

    `# base/app.py` and `# head/app.py` head a file as it was and as it is.
    """
    parts = re.split(r"^# ([\w/]+\.py)\n", text, flags=re.MULTILINE)
    if len(parts) == 1:
        return {"app.py": text.encode()}
    return {name: body.encode() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def findings(files: dict[str, bytes], code: str, config: Config | None = None) -> list[Finding]:
    """What one rule reports on files that exist only as content, by path. Nothing is read from disk.

    Where all lie in `base/` or `head/`, it is reported on the latter, as a change of the former.
    """
    before, after = _revisions(files)
    settings = _selecting(config or Config(root=Path("/project")), code)
    base = contract(_report(before, settings, None)) if before else None
    report = _report(after, settings, base)
    return [each for each in report.findings if each.state is State.ACTIVE and each.code == code]


def _report(files: dict[str, bytes], config: Config, base: Contract | None) -> Report:
    from backend_lint.analysis import analysed
    from backend_lint.engine.clock import Clock
    from backend_lint.facts.cache import Cache

    known = roles(files, {path: content[:1024] for path, content in files.items()})
    discovery = Discovery(files=tuple(File(path, path, known.get(path, Role.APP)) for path in sorted(files)))
    report = analysed(config, discovery, files, [], "", Cache(None), Clock(), None, None, base)
    failures = [each.message for each in report.diagnostics if each.is_incomplete]
    assert not failures, failures
    return report


def _revisions(files: dict[str, bytes]) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The project as it was, empty where that is not told, and as it is."""
    if not all(path.startswith(("base/", "head/")) for path in files):
        return {}, files
    before, after = (
        {path[5:]: text for path, text in files.items() if path.startswith(each)} for each in ("base/", "head/")
    )
    return before, after


def _selecting(config: Config, code: str) -> Config:
    import msgspec

    return msgspec.structs.replace(config, select=(code,), ignore=(), preview=True, cache=False, jobs=1)


def _rules(pack: str) -> Iterator[type[Rule]]:
    packs, _ = load_packs()
    for each in packs:
        if each.name == pack:
            yield from each.rules
