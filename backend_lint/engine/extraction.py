"""All files of a run: from the cache where their content is known, else read in parallel."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence

import msgspec

from backend_lint.core import Diagnostic, DiagnosticKind
from backend_lint.engine import pool
from backend_lint.engine.extract import Extract, Setup, extract
from backend_lint.engine.pool import NO_LIMITS, Limits
from backend_lint.facts.cache import Cache, key_of
from backend_lint.source.text import is_suspicious

Progress = Callable[[str, int, int], None]

_ALONE_BYTES = 150_000  # below this, starting processes costs more than it saves
_DECODER = msgspec.msgpack.Decoder(Extract)
_ENCODER = msgspec.msgpack.Encoder()


class _Job(msgspec.Struct):
    path: str
    content: bytes
    tests: frozenset[str]


def extracts(
    contents: Mapping[str, bytes],
    setup: Setup,
    fingerprint: str,
    cache: Cache,
    tests: Callable[[str], frozenset[str]],
    *,
    jobs: int = 0,
    limits: Limits = NO_LIMITS,
    progress: Progress | None = None,
) -> list[Extract]:
    """What each file gives, by path. `contents` are the files' bytes by path; `jobs` of 0 is one a processor.

    `tests` gives the checks of Bandit that are to see the file of a path.
    """
    configured = msgspec.json.encode(setup, order="deterministic")
    keys = {
        path: key_of(fingerprint, configured, path, " ".join(sorted(tests(path))), content)
        for path, content in contents.items()
    }
    known: dict[str, Extract] = {}
    for path, key in keys.items():
        entry = cache.get(key)
        found = None if entry is None else _decoded(entry)
        if found is not None:
            known[path] = found
    missing = [_Job(path, content, tests(path)) for path, content in sorted(contents.items()) if path not in known]
    for path, result in _read(missing, setup, jobs or os.cpu_count() or 1, limits, progress):
        if isinstance(result, pool.Lost):
            lines = contents[path].count(b"\n")
            diagnostic = Diagnostic(path, None, DiagnosticKind.LIMIT, result.reason)
            known[path] = Extract(path, None, diagnostics=[diagnostic], lines=lines)
            continue
        cache.put(keys[path], result)
        known[path] = _DECODER.decode(result)
    return [known[path] for path in sorted(known)]


def _decoded(entry: bytes) -> Extract | None:
    try:
        return _DECODER.decode(entry)
    except msgspec.DecodeError:
        return None


def _read(
    missing: Sequence[_Job], setup: Setup, jobs: int, limits: Limits, progress: Progress | None
) -> list[tuple[str, bytes | pool.Lost]]:
    work = functools.partial(_encoded, setup=setup)
    size = sum(len(job.content) for job in missing)
    if size <= _ALONE_BYTES and not any(is_suspicious(job.content) for job in missing):
        return [(job.path, work(job)) for job in missing]
    from backend_lint.engine import packs

    packs.load_packs(setup.plugins)  # before the workers are forked, so that they have it
    largest_first = sorted(missing, key=lambda job: (-len(job.content), job.path))
    results: list[tuple[str, bytes | pool.Lost]] = []
    for index, result in pool.run(work, largest_first, min(jobs, len(missing)), limits=limits):
        results.append((largest_first[index].path, result))
        if progress is not None:
            progress("reading", len(results), len(missing))
    return results


def _encoded(job: _Job, setup: Setup) -> bytes:
    return _ENCODER.encode(extract(job.path, job.content, setup, job.tests))
