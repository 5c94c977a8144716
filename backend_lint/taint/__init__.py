"""Where client data goes: an abstract interpreter over the IR, with function summaries and library models as data.

Takes: a linked `Project`, with the backend model where adapters have filled it in, and `Models`.
Gives: `analyse`: a `TaintResult` of flows and of sinks proved harmless; `fold`: the constants of an expression.
Never: knows a library or a framework by more than its models, or loses a flow where it loses precision.
"""

from __future__ import annotations

from backend_lint.project.model.flow import Flow
from backend_lint.taint.analyse import analyse, fold
from backend_lint.taint.models import Models, load
from backend_lint.taint.outcome import Options, TaintResult

__all__ = ["Flow", "Models", "Options", "TaintResult", "analyse", "fold", "load"]
