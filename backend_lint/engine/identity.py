"""What results depend on beside their input. Found without importing any of it, so that a warm run starts fast."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points, version
from importlib.util import find_spec
from pathlib import Path

import backend_lint

GROUP = "backend_lint.rules"
BUILTIN = "builtin"


def fingerprint(plugins: bool = True) -> str:
    """What results depend on beside their input: the code of the engine and of every pack, and the tools under it.

    Found without importing any of it.
    """
    digest = hashlib.blake2b(backend_lint.__version__.encode(), digest_size=16)
    for directory in directories(plugins):
        for path in sorted([*directory.rglob("*.py"), *directory.rglob("*.toml")]):
            digest.update(str(path.relative_to(directory)).encode())
            digest.update(path.read_bytes())
    for name in ("libcst", "bandit", "msgspec"):
        digest.update(f"{name} {version(name)}".encode())
    return digest.hexdigest()


def directories(plugins: bool) -> Iterator[Path]:
    """Where the engine's code lies, then that of the packs which are not within it."""
    own = Path(backend_lint.__file__).parent
    yield own
    if not (own / "rules" / "architecture").is_dir():
        yield own.parent / "rules"
    for entry in entries(plugins):
        if entry.name != BUILTIN:
            spec = find_spec(entry.value.partition(":")[0])
            yield from map(Path, () if spec is None else spec.submodule_search_locations or ())


def entries(plugins: bool) -> list[EntryPoint]:
    """The entry points of all packs, the built-in one first."""
    own = EntryPoint(BUILTIN, "backend_lint.rules", GROUP)
    others = [entry for entry in entry_points(group=GROUP) if entry.name != BUILTIN] if plugins else []
    return [own, *sorted(others, key=lambda entry: (entry.name, entry.value))]
