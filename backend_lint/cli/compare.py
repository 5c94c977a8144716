"""`--compare FILE`: what became of the score since an earlier report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend_lint.core import Report


def with_comparison(file: str | None) -> Callable[[Report], Report]:
    """What adds the comparison to a report; nothing where no file is named. Raises BackendLintError for no report."""
    import msgspec

    from backend_lint.core import BackendLintError
    from backend_lint.findings.compare import comparison, earlier

    if file is None:
        return lambda report: report
    try:
        before = earlier(Path(file).read_bytes())
    except OSError as error:
        raise BackendLintError(f"--compare: {file}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise BackendLintError(f"--compare: {file} is not a report in JSON: {error}") from error
    name = Path(file).name
    return lambda report: msgspec.structs.replace(report, comparison=comparison(report, before, name))
