"""What rules share of the work on a project."""

from __future__ import annotations

from tests.reading import project


class Counted:
    made = 0

    def __init__(self, of: object) -> None:
        type(self).made += 1


def test_what_is_made_of_a_project_is_made_once_and_not_for_another() -> None:
    first, second = project({"app.py": "x = 1\n"}), project({"app.py": "x = 1\n"})
    assert first.derived(Counted) is first.derived(Counted)
    assert first.derived(Counted) is not second.derived(Counted)
    assert Counted.made == 2
