"""Client data on its way to a place where it can do harm."""

from __future__ import annotations

import msgspec

from backend_lint.core import Place, Step


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """Client data that reaches a place where it can do harm.

    `kind` is the danger (`sql`, `command`, `path`, …), `symbol` what is called there, `what` the kind of source.
    `trace` goes from the source to the sink, both included. `context` says how the data stands in the text, `fits`
    what would make it safe. `assumed` counts the calls on the way of which nothing is known, `calls` the steps into
    functions of the project, and back from them.
    """

    kind: str
    sink: Place
    symbol: str
    source: Step
    what: str
    trace: tuple[Step, ...]
    context: str = ""
    fits: str = ""
    assumed: int = 0
    calls: int = 0
