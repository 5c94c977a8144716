from __future__ import annotations

from backend_lint.project.passed import learn_from_callers
from tests.reading import linked

MODELS = """
class Course: ...
class Pupil: ...
"""


def learned(code: str) -> list[str]:
    """The parameters without annotation that have a type: `close(course: Course)`."""
    project = linked({"models.py": MODELS, "services.py": "from models import *\n" + code})
    learn_from_callers(project.calls)
    found = []
    for function in project.modules["services"].functions:
        for parameter in function.parameters:
            kind = project.types.parameter(parameter, function)
            if parameter.annotation is None and kind is not None and parameter.name != "self":
                found.append(f"{function.name}({parameter.name}: {str(kind).removeprefix('models.')})")
    return found


def test_a_parameter_is_what_its_callers_pass() -> None:
    assert learned("def close(course): ...\ndef view():\n    close(Course())") == ["close(course: Course)"]


def test_what_is_passed_on_is_known_too() -> None:
    code = "def ring(pupil): ...\ndef call(pupil, loud=None):\n    ring(pupil)\ndef view():\n    call(pupil=Pupil())"
    assert learned(code) == ["ring(pupil: Pupil)", "call(pupil: Pupil)"]


def test_callers_that_disagree_say_nothing() -> None:
    assert learned("def show(row): ...\ndef view():\n    show(Course())\n    show(Pupil())") == []


def test_few_callers_among_many_unknown_say_nothing() -> None:
    assert learned("def show(row): ...\ndef view(a, b):\n    show(Course())\n    show(a.x)\n    show(b.x)") == []


def test_plain_values_say_too_little() -> None:
    assert learned("def show(text): ...\ndef view():\n    show('a')") == []


def test_what_a_decorator_passes_shifts_nothing() -> None:
    assert learned("@with_session\ndef close(session, course): ...\ndef view():\n    close(Course())") == []


def test_a_constructor_learns_for_its_attributes() -> None:
    code = "class Desk:\n    def __init__(self, course):\n        self.course = course\ndef view():\n    Desk(Course())"
    assert learned(code) == ["__init__(course: Course)"]


def test_a_function_gives_back_what_it_is_given() -> None:
    code = "def found(row, what):\n    if row is None: raise KeyError(what)\n    return row\n"
    code += "def show(row): ...\ndef view():\n    show(found(Course(), 'course'))\n    found(Pupil(), 'pupil')"
    assert "show(row: Course)" in learned(code)
