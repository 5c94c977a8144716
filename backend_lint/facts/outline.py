"""What others may need to know of a file that no rule looks at: what it imports, and its words to this linter.

A quarter to two thirds of a repository are tests. LibCST's tree of them, which costs most of the time that reading
takes, would be thrown away.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection, Iterator, Mapping

import msgspec

from backend_lint.discover import module_name
from backend_lint.facts.types import Facts, Import
from backend_lint.source.text import code_lines, decode, line_starts

_OUR_NAME = "backend-lint"
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")  # the fields of statements that hold statements


def outline(content: bytes) -> Facts | None:
    """The imports of a file, as Python's own parser sees them.

    None where that is not enough to say what is in the file: a comment may speak to this linter, or Python cannot read
    it, be it wrong or newer than Python.
    """
    try:
        text = decode(content)
        if _OUR_NAME in text.lower():
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a stray backslash in the code that is read
            tree = ast.parse(text)
    except (LookupError, ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return _facts(text, list(_imports(tree)))


def outlined(facts: Facts) -> Facts:
    """The same of a file that LibCST has read."""
    return msgspec.structs.replace(
        facts,
        imports=[msgspec.structs.replace(each, function=None) for each in facts.imports],
        comments=[each for each in facts.comments if _OUR_NAME in each.text.lower()],
        functions=[],
        classes=[],
        body=[],
        names=[],
        exports=None,
        docstring=None,
    )


def imported(apart: Collection[str], facts: Mapping[str, Facts]) -> set[str]:
    """Those of the files `apart` that another file needs: it imports them, or one that it needs does.

    Where imports start from is not known yet; a name counts for each file that it can be the name of.
    """
    by_name: dict[str, set[str]] = {}
    for path in apart:
        parts = module_name(path, ("",)).split(".")
        for first in range(len(parts)):
            by_name.setdefault(".".join(parts[first:]), set()).add(path)
    found: set[str] = set()
    pending = [path for path in facts if path not in apart]
    while pending:
        path = pending.pop()
        needed = {each for name in _imported_names(path, facts[path]) for each in by_name.get(name, ())} - found
        found |= needed
        pending += (each for each in needed if each in facts)
    return found


def _facts(text: str, imports: list[Import]) -> Facts:
    return Facts(
        line_starts=line_starts(text),
        length=len(text),
        imports=imports,
        functions=[],
        classes=[],
        body=[],
        names=[],
        exports=None,
        comments=[],
        docstring=None,
        code_lines=code_lines(text),
    )


def _imports(tree: ast.Module) -> Iterator[Import]:
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                if alias.asname is not None:
                    yield Import(0, 0, alias.asname, alias.name, None, 0, full_module=alias.name)
                else:
                    yield Import(0, 0, top, top, None, 0, full_module=alias.name)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            for alias in node.names:
                bound = alias.asname or alias.name
                yield Import(0, 0, bound, module, alias.name, node.level, full_module=module)
        else:
            for block in _BLOCKS:
                pending += getattr(node, block, ())


def _imported_names(path: str, facts: Facts) -> Iterator[str]:
    """What can be modules among the imported names: `a`, `a.b` and `a.b.c` of `from a.b import c`."""
    directory = path.split("/")[:-1]
    for each in facts.imports:
        base = directory[: len(directory) - each.level + 1] if each.level else []
        parts = [*base, *filter(None, each.full_module.split(".")), *filter(None, [each.name])]
        for last in range(len(base) or 1, len(parts) + 1):
            yield ".".join(parts[:last])
