"""backend-lint: a linter that reads a Python backend as a backend."""

__version__ = "0.1.0"
