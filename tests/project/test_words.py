"""Names in sentences."""

from __future__ import annotations

import pytest

from backend_lint.core import a


@pytest.mark.parametrize(
    "shown", ["a `User`", "an `Order`", "an `Event`", "a `UUIDField`", "an `UploadTask`", "a `OneTimeCode`", "a `Shop`"]
)
def test_a_name_has_the_article_that_it_is_spoken_with(shown: str) -> None:
    assert a(shown.split("`")[1]) == shown
