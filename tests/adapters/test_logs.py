from __future__ import annotations

import pytest

from tests.reading import project


def logs(text: str) -> list[tuple[str, str, bool]]:
    return [(each.level, each.library, each.has_traceback) for each in project({"app.py": text}).logs]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import logging\nlogging.info('x')", ("info", "logging", False)),
        ("import logging\nlog = logging.getLogger(__name__)\nlog.warn('x')", ("warning", "logging", False)),
        ("import logging\nlogging.getLogger('a').log(logging.ERROR, 'x')", ("error", "logging", False)),
        ("import logging\nlogging.exception('x')", ("exception", "logging", True)),
        ("import logging\nlogging.exception('x', exc_info=False)", ("exception", "logging", False)),
        ("import logging\nlogging.error('x', exc_info=True)", ("error", "logging", True)),
        ("import logging, traceback\nlogging.error(traceback.format_exc())", ("error", "logging", True)),
        ("import structlog\nlog = structlog.get_logger()\nlog.bind(a=1).info('x', b=2)", ("info", "structlog", False)),
        ("from loguru import logger\nlogger.opt(exception=True).error('x')", ("error", "loguru", True)),
        ("from loguru import logger\nlogger.success('x')", ("info", "loguru", False)),
        ("from flask import current_app\ncurrent_app.logger.error('x')", ("error", "logging", False)),
        ("def f(self):\n    self.logger.critical('x')", ("critical", "logging", False)),
        ("print('x')", ("print", "print", False)),
        ("def audit_log(event): ...\naudit_log('login')", ("audit", "project", False)),
        ("def f(audit):\n    audit.log({'a': 1})", ("audit", "project", False)),
    ],
)
def test_a_log_call_has_level_library_and_traceback(text: str, expected: tuple[str, str, bool]) -> None:
    assert logs(text) == [expected]


@pytest.mark.parametrize("text", ["import math\nmath.log(2)", "def f(form):\n    form.error('x')", "x.info()"])
def test_what_is_no_logger_logs_nothing(text: str) -> None:
    assert logs(text) == []


def test_message_and_arguments_are_told_apart() -> None:
    [found] = project({"app.py": "import logging\nlogging.log(20, 'a %s', 1, extra={})"}).logs
    assert (found.level, found.message.value, len(found.args), list(found.keywords)) == ("info", "a %s", 1, ["extra"])  # type: ignore[union-attr]
