"""`python -m backend_lint` is the same program as `backend-lint`."""

import sys

from backend_lint.cli import main

if __name__ == "__main__":
    sys.exit(main())
