"""Write down what a real Django project says of itself, as record.py does for the other frameworks."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Mapping
from pathlib import Path

from record import write
from truth_django import django_truth


def record(distribution: str, package: str, settings: str, public: Mapping[str, str]) -> None:
    """Ask the project that lies in the folder of `package`, with modules named from inside that folder.

    `public` gives the reason for each path that is not guarded although it refuses a request.
    """
    specification = importlib.util.find_spec(package)
    assert specification is not None and specification.origin is not None
    truth = django_truth(Path(specification.origin).parent, settings, public=public)
    head = {"application": distribution, "version": importlib.metadata.version(distribution), "package": package}
    write(head | {"routes": truth["routes"], "models": truth["models"]})
