"""Rules of ACME for backend-lint."""
