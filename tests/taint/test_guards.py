from __future__ import annotations

import pytest

from tests.taint.reading import kinds


@pytest.mark.parametrize(
    "guard",
    [
        "if x not in ('a', 'b'):\n    abort(400)",
        "if x not in {'a', 'b'}:\n    return 'no'",
        "if not (x == 'a' or x == 'b'):\n    raise ValueError",
        "assert x in ['a', 'b']",
        "if not x.isdigit():\n    abort(400)",
        "if not re.fullmatch(r'[a-z0-9_]+', x):\n    abort(400)",
        "if not re.match(r'^[a-z]+$', x):\n    abort(400)",
        "if re.fullmatch(r'\\w+', x) is None:\n    abort(400)",
        "m = re.fullmatch(r'\\w+', x)\nif not m:\n    abort(400)",
        "PATTERN = re.compile(r'[a-z]+')\nif not PATTERN.fullmatch(x):\n    abort(400)",
        "if x.lower() not in ('a', 'b'):\n    abort(400)",
        "try:\n    int(x)\nexcept ValueError:\n    abort(400)",
        "if not isinstance(x, int):\n    abort(400)",
        "if not all(c.isalnum() or c in '_' for c in x):\n    abort(400)",
        "x = re.sub(r'[^a-zA-Z0-9]', '', x)",
        "allowed = {'a': 1, 'b': 2}\nif x not in allowed:\n    abort(400)",
        "import uuid\nuuid.UUID(x)",
        "if number:\n    if x != 'a':\n        return ''\nelse:\n    x = 'b'",
    ],
)
def test_a_guard_that_leaves_cleans_what_goes_on(guard: str) -> None:
    assert kinds(f"{guard}\nos.system(x)") == []


@pytest.mark.parametrize(
    "guard",
    [
        "if x in ('a', 'b'):\n    return ''",
        "if x not in ('a', 'b'):\n    print('odd')",
        "if 'good' not in x:\n    abort(400)",
        "if not name.isdigit():\n    abort(400)",
        "if not re.match(r'[a-z]+', x):\n    abort(400)",
        "if not re.search(r'[a-z]', x):\n    abort(400)",
        "try:\n    int(x)\nexcept ValueError:\n    pass",
        "if len(x) > 80:\n    abort(400)",
        "if not x:\n    abort(400)",
        "if x is None:\n    abort(400)",
        "if x.startswith('/'):\n    abort(400)",
        "x = re.sub(r'[a-z]', '', x)",
        "for known in ('a', 'b'):\n    if x == known:\n        continue",
    ],
)
def test_a_test_that_proves_nothing_cleans_nothing(guard: str) -> None:
    assert kinds(f"{guard}\nos.system(x)") == ["command"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("p = os.path.realpath(os.path.join('/srv', x))\nif not p.startswith('/srv/'):\n    abort(404)\nopen(p)", []),
        ("p = os.path.join('/srv', x)\nif not p.startswith('/srv/'):\n    abort(404)\nopen(p)", ["path"]),
        (
            "import pathlib\nbase = pathlib.Path('/srv')\np = (base / x).resolve()\n"
            "if not p.is_relative_to(base):\n    abort(404)\np.read_text()",
            [],
        ),
        (
            "import pathlib\nbase = pathlib.Path('/srv')\np = (base / x).resolve()\n"
            "if base not in p.parents:\n    abort(404)\np.read_text()",
            [],
        ),
        (
            "import pathlib\nbase = pathlib.Path('/srv')\np = (base / x).resolve()\n"
            "if not str(p).startswith(str(base)):\n    abort(404)\np.read_text()",
            [],
        ),
        ("if '..' in x:\n    abort(404)\nopen('/srv/' + x)", []),
        ("if '..' in x:\n    abort(404)\nopen(x)", ["path"]),
        ("if '..' in x or x.startswith('/'):\n    abort(404)\nopen(x)", []),
        (
            "p = os.path.abspath(x)\nif os.path.commonpath(['/srv', p]) != '/srv':\n    abort(404)\nopen(p)",
            [],
        ),
        (
            "from urllib.parse import urlparse\nif urlparse(x).netloc not in ('a.com', 'b.com'):\n    abort(400)\n"
            "return redirect(x)",
            [],
        ),
        (
            "from urllib.parse import urlparse\nu = urlparse(x)\nif u.scheme != 'https' or u.hostname != 'a.com':\n"
            "    abort(400)\nimport requests\nrequests.get(x)",
            [],
        ),
        (
            "from urllib.parse import urlparse\nif urlparse(x).netloc:\n    abort(400)\nreturn redirect(x)",
            [],
        ),
        ("if 'a.com' not in x:\n    abort(400)\nreturn redirect(x)", ["redirect"]),
        ("if not x.startswith('https://a.com/'):\n    abort(400)\nreturn redirect(x)", []),
        ("if not x.startswith('https://a.com'):\n    abort(400)\nreturn redirect(x)", ["redirect"]),
        (
            'if not x.startswith("\'") or not x.endswith("\'") or "\'" in x[1:-1]:\n    abort(400)\neval(x)',
            [],
        ),
        ("if any(bad in x for bad in ('..', '/')):\n    abort(400)\nopen('/srv/' + x)", []),
    ],
)
def test_guards_of_paths_and_addresses(body: str, expected: list[str]) -> None:
    assert kinds(body) == expected


@pytest.mark.parametrize(
    ("guard", "expected"),
    [
        ("pass", ["path"]),
        ("if '..' in x: abort(400)", []),
        ("if '..' in parts: abort(400)", []),
        ("if any(each == '..' for each in parts): abort(400)", []),
    ],
)
@pytest.mark.parametrize("path", ["'/r/' + '/'.join(parts[1:])", "os.path.join('/r', *parts)"])
def test_a_path_that_was_cut_at_its_slashes_leads_up_again_when_it_is_put_together(
    guard: str, expected: list[str], path: str
) -> None:
    body = f"parts = x.split('/')\n{guard}\nopen({path})"
    if "'..' in x" in guard:
        body = f"{guard}\nparts = x.split('/')\nopen({path})"
    assert kinds(body) == expected
