"""Toy rules that rewrite what a pattern matches, and files for them to be applied to."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence

from backend_lint.core import Edit, Finding, Fix, Place, Safety, State
from backend_lint.fix.settle import Outcome, Workshop, settled

Rule = Callable[[str, str], list[Finding]]


def rewriting(
    pattern: str, replacement: str, code: str = "SEC403", safety: Safety = Safety.SAFE, **more: object
) -> Rule:
    """A rule that finds a pattern and rewrites it, as `re.sub` would."""

    def found(path: str, text: str) -> list[Finding]:
        return [
            finding(
                path, match.start(), code, Edit(path, *match.span(), match.expand(replacement)), safety=safety, **more
            )
            for match in re.finditer(pattern, text)
        ]

    return found


def finding(
    path: str,
    start: int,
    code: str,
    *edits: Edit,
    safety: Safety = Safety.SAFE,
    why: str = "",
    state: State = State.ACTIVE,
) -> Finding:
    """A finding whose column is its offset, for these texts are short."""
    at = Place(path, 1, start + 1, 1, start + 2)
    fix = Fix(edits, safety, why) if edits else None
    return Finding(at=at, message="wrong", help="Mend it.", code=code, name="toy", fix=fix, state=state)


def applied(
    files: Mapping[str, str],
    *rules: Rule,
    allowed: tuple[Safety, ...] = (Safety.SAFE,),
    untouchable: tuple[str, ...] = (),
    parses: Callable[[str, str], bool] | None = None,
) -> Outcome:
    def lint(changed: Mapping[str, str]) -> Sequence[Finding]:
        return [each for path, text in {**files, **changed}.items() for rule in rules for each in rule(path, text)]

    workshop = Workshop(
        read=lambda path: None if path in untouchable else files.get(path),
        parses=parses or (lambda path, text: is_python(text)),
        relint=lint,
        allowed=frozenset(allowed),
    )
    return settled(lint({}), workshop)


def reasons(outcome: Outcome) -> list[str]:
    return [left.why for left in outcome.left]


def is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True
