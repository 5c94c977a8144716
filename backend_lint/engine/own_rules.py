"""The rules that are the engine's own, about suppressions: no pack has them, and no score counts them.

They stand under ARC-1, since what is out of date or unexplained in a comment is a matter of maintenance, whichever
guideline the silenced rule belongs to. They are not scored, since they examine no part of the backend: a score that
fell for a missing reason would make suppressing dearer than leaving a problem alone, and one in which they were clean
units could be raised by writing suppressions.
"""

from __future__ import annotations

from backend_lint.core import RuleInfo, Severity

ENGINE_PACK = "engine"


def _rule(code: str, name: str, severity: Severity, doc: str) -> RuleInfo:
    title, _, sections = doc.strip().partition("\n")
    return RuleInfo(code, name, "ARC-1", severity, title, sections.strip(), "comment", "file", pack=ENGINE_PACK)


WITHOUT_REASON = _rule(
    "SUP001",
    "suppression-without-reason",
    Severity.MEDIUM,
    """
Suppression without a reason.

## What it does
Reports a `backend-lint: ignore[...]` or `file-ignore[...]` comment that does not say why. It suppresses all the same.

## Why it matters
A reader cannot tell a reviewed exception from a problem that somebody wanted to be rid of.

## Example
```python
rows = session.execute(text(sql))  # backend-lint: ignore[SEC201]
```

## Use instead
```python
rows = session.execute(text(sql))  # backend-lint: ignore[SEC201] -- `sql` comes from migrations only
```

## When not to
Never: where there is no reason, mend what is reported.
""",
)
UNUSED = _rule(
    "SUP002",
    "unused-suppression",
    Severity.LOW,
    """
Suppression of something that is not reported.

## What it does
Reports the codes and names in a suppression that hide nothing where they stand. Only rules that ran on the file count.

## Why it matters
It will hide the next problem of its kind, which nobody has looked at.

## Example
```python
total = sum(amounts)  # backend-lint: ignore[SEC201] -- built from constants
```

## Use instead
```python
total = sum(amounts)
```

## When not to
Nothing speaks for keeping it; `--fix` removes it.
""",
)
MALFORMED = _rule(
    "SUP003",
    "malformed-suppression",
    Severity.MEDIUM,
    """
Suppression that cannot be understood.

## What it does
Reports a comment that begins with `backend-lint:` and is not of the form `ignore[CODE] -- reason` or
`file-ignore[CODE] -- reason`, or that names a rule which does not exist.

## Why it matters
It looks as though it hid something, and hides nothing.

## Example
```python
rows = session.execute(text(sql))  # backend-lint: ignore
```

## Use instead
```python
rows = session.execute(text(sql))  # backend-lint: ignore[sql-injection] -- `sql` comes from migrations only
```

## When not to
Never: a suppression without a rule's code or name does not exist.
""",
)
EXPIRED = _rule(
    "SUP004",
    "expired-suppression",
    Severity.MEDIUM,
    """
Suppression past its date.

## What it does
Reports a suppression whose `until=` date has passed. What it hid is reported again.

## Why it matters
Somebody promised to come back to it by then.

## Example
```python
verify = False  # backend-lint: ignore[SEC218] -- test certificate until=2020-01-31
```

## Use instead
Mend what is reported, or look at it again and set a new date.

## When not to
Never: leave `until=` away where nothing is promised.
""",
)
NOT_ALLOWED = _rule(
    "SUP005",
    "suppression-not-allowed",
    Severity.MEDIUM,
    """
Suppression of a rule that must not be suppressed.

## What it does
Reports a suppression of a rule that `no-suppress` in the configuration names, or of the rules about suppressions
themselves. What it should hide is reported all the same.

## Why it matters
The team decided that an exception from this rule is not for one comment to make.

## Example
```toml
[tool.backend-lint]
no-suppress = ["SEC-2"]
```
```python
rows = session.execute(text(sql))  # backend-lint: ignore[SEC201] -- reviewed
```

## Use instead
Mend what is reported, or take the rule out of `no-suppress`, where the change is seen.

## When not to
Never.
""",
)

SUPPRESSION_RULES = (WITHOUT_REASON, UNUSED, MALFORMED, EXPIRED, NOT_ALLOWED)
