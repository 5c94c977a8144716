"""Findings that a comment asks to be silent about, and what is wrong with the asking."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches

import msgspec

from backend_lint.core import Comment, Edit, Finding, Fix, Place, RuleInfo, Safety, State, Suppression
from backend_lint.engine.own_rules import (
    EXPIRED,
    MALFORMED,
    NOT_ALLOWED,
    SUPPRESSION_RULES,
    UNUSED,
    WITHOUT_REASON,
)
from backend_lint.findings.lines import Lines
from backend_lint.findings.suppression import Foreign, Malformed, foreign, suppressions

Read = Callable[[str], str]

_ABOUT_SUPPRESSIONS = {word: rule.code for rule in SUPPRESSION_RULES for word in (rule.code, rule.name)}


class Policy(msgspec.Struct, frozen=True):
    """What decides whether a suppression is good.

    `codes` maps each code and name that a comment may use, former ones included, to the rule's code. `is_active` says
    whether the rule with this code ran, without failing, on the file of this path: only then can a suppression be
    unused. `locked` are the codes that no comment suppresses. `stands_for` maps the code of a rule to the ids and
    names of the checks of Bandit and Ruff that are about the same: what waives them waives it. A
    suppression still holds on the day of its `until=`; where there is no `today`, none expires.
    """

    codes: Mapping[str, str]
    is_active: Callable[[str, str], bool]
    locked: frozenset[str]
    today: date | None
    stands_for: Mapping[str, frozenset[str]] = {}

    def code_of(self, word: str) -> str:
        return _ABOUT_SUPPRESSIONS.get(word) or self.codes.get(word, "")

    def is_locked(self, code: str) -> bool:
        return code in self.locked or code in _ABOUT_SUPPRESSIONS


def suppress(
    findings: Iterable[Finding], comments: Mapping[str, Sequence[Comment]], policy: Policy, read: Read
) -> list[Finding]:
    """The findings in report order, some of them suppressed, and those about the comments themselves.

    `comments` are keyed by path. `read` gives the text of a file; it is asked only where a comment should go.
    """
    by_path: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_path[finding.at.path].append(finding)
    judged: list[Finding] = []
    for path in {*by_path, *comments}:
        asked = list(suppressions(path, comments.get(path, ())))
        ours = [each for each in asked if isinstance(each, Suppression)]
        theirs = list(foreign(comments.get(path, ())))
        judged += (_stated(finding, ours, theirs, policy) for finding in by_path[path])
        for each in asked:
            judged += _complaints(each, by_path[path], policy, read)
    return sorted(judged, key=lambda finding: finding.sort_key)


def _stated(finding: Finding, ours: Iterable[Suppression], theirs: Iterable[Foreign], policy: Policy) -> Finding:
    if policy.is_locked(finding.code):
        return msgspec.structs.replace(finding, state=State.ACTIVE, reason="")
    reasons = [each.reason for each in ours if not _is_expired(each, policy) and _words_for(finding, each, policy)]
    stands_for = policy.stands_for.get(finding.code, frozenset())
    reasons += [each.comment for each in theirs if each.hides(finding, stands_for)]
    return msgspec.structs.replace(finding, state=State.SUPPRESSED, reason=reasons[0]) if reasons else finding


def _words_for(finding: Finding, asked: Suppression, policy: Policy) -> set[str]:
    """The words of a suppression that name a finding which it governs, by its rule or by Bandit's id for it."""
    if not asked.governs(finding):
        return set()
    return {word for word in asked.words if policy.code_of(word) in {finding.code, *finding.also}}


def _is_expired(asked: Suppression, policy: Policy) -> bool:
    return asked.until is not None and policy.today is not None and asked.until < policy.today


def _complaints(
    asked: Suppression | Malformed, findings: Iterable[Finding], policy: Policy, read: Read
) -> Iterator[Finding]:
    if isinstance(asked, Malformed):
        yield _finding(MALFORMED, asked.at, f"this comment suppresses nothing: {asked.why}", "Mend it or remove it.")
        return
    codes = {word: policy.code_of(word) for word in asked.words}
    unknown = [word for word, code in codes.items() if not code]
    locked = [word for word, code in codes.items() if policy.is_locked(code)]
    sound = [word for word in codes if word not in {*unknown, *locked}]
    met = {word for finding in findings for word in _words_for(finding, asked, policy)}
    unused = [word for word in sound if word not in met and policy.is_active(codes[word], asked.at.path)]
    names = _quoted(asked.words)
    if unknown:
        yield _finding(MALFORMED, asked.at, f"there is no rule {_quoted(unknown)}", _nearest(unknown[0], policy))
    if locked:
        said = f"{_quoted(locked)} cannot be suppressed"
        yield _finding(
            NOT_ALLOWED, asked.at, said, "Mend what is reported; `no-suppress` keeps the rule from comments."
        )
    if unused:
        said = f"{_quoted(unused)} hides nothing here"
        yield _finding(UNUSED, asked.at, said, "Remove it.", fix=_removal(asked, unused, read(asked.at.path)))
    if len(unused) == len(sound):
        return
    if _is_expired(asked, policy):
        said = f"the suppression of {names} expired on {asked.until}"
        yield _finding(EXPIRED, asked.at, said, "Mend what is reported, or look at it again and set a new date.")
    elif not asked.reason:
        said = f"the suppression of {names} gives no reason"
        yield _finding(WITHOUT_REASON, asked.at, said, "Say why, after `--`.")


def _finding(rule: RuleInfo, at: Place, message: str, help: str, fix: Fix | None = None) -> Finding:
    return Finding(
        at=at,
        message=message,
        help=help,
        fix=fix,
        discriminator=message,
        code=rule.code,
        name=rule.name,
        guideline=rule.guideline,
        severity=rule.severity,
    )


def _removal(asked: Suppression, unused: Sequence[str], text: str) -> Fix:
    """Take the unused words out, and the comment with its line when nothing else is left on it."""
    at, lines = asked.at, Lines(text)
    start, end = lines.offset(at.line, at.column), lines.offset(at.end_line, at.end_column)
    kept = [word for word in asked.words if word not in unused]
    replacement = ""
    if kept:
        start = text.index("[", start) + 1
        end = text.index("]", start)
        replacement = ", ".join(kept)
    else:
        line, following = lines.offset(at.line, 1), lines.offset(at.line + 1, 1)
        before, after = text[line:start], text[end:following]
        if before.strip():
            start -= len(before) - len(before.rstrip())
        elif after.strip():
            end += len(after) - len(after.lstrip())
        else:
            start, end = line, following
    return Fix((Edit(at.path, start, end, replacement),), Safety.SAFE, "The comment hides nothing.")


def _nearest(word: str, policy: Policy) -> str:
    close = get_close_matches(word, policy.codes, n=1)
    return f"Did you mean `{close[0]}`?" if close else "`backend-lint rules` lists the codes and names."


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
