"""The site of the documentation: `sphinx-build -W docs site`. It needs no network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from backend_lint import __version__

sys.path.insert(0, str(Path(__file__).parent))

project = "backend-lint"
copyright = "the authors of backend-lint"
release = version = __version__
extensions = ["myst_parser"]
html_theme = "furo"
html_title = f"backend-lint {__version__}"
html_copy_source = html_show_sourcelink = False
exclude_patterns = ["template"]
myst_heading_anchors = 3


def setup(app: Any) -> None:
    """Generated pages are written at each build, so that none can be stale."""
    from generate import write

    app.connect("builder-inited", lambda app: write(Path(app.srcdir)))
