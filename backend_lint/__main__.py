"""`python -m backend_lint` is the same program as `backend-lint`."""

from backend_lint.cli import main

if __name__ == "__main__":
    main()
