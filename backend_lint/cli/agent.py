"""Whether a coding agent runs the program, so that it gets what it can read without asking."""

from __future__ import annotations

from collections.abc import Mapping

VARIABLES = (
    "AI_AGENT",
    "CLAUDECODE",
    "CLAUDE_CODE",
    "REPL_ID",
    "GEMINI_CLI",
    "CODEX_SANDBOX",
    "CODEX_THREAD_ID",
    "OPENCODE",
    "AUGMENT_AGENT",
    "GOOSE_PROVIDER",
    "JUNIE_DATA",
    "JUNIE_SHIM_PATH",
    "CURSOR_AGENT",
)
"""What agents set for the commands that they run. Source: https://github.com/unjs/std-env (src/agents.ts)"""


def variable(environ: Mapping[str, str]) -> str | None:
    """The first variable that tells of an agent, or None."""
    return next((name for name in VARIABLES if environ.get(name)), None)
