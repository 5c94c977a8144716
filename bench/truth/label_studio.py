"""Label Studio: Django REST framework, with a user model, storages and view sets of many kinds.

    python -m venv /tmp/label-studio && /tmp/label-studio/bin/pip install label-studio==1.23.2
    /tmp/label-studio/bin/python bench/truth/label_studio.py

Modules are named as Label Studio names them, from inside its folder: `core.urls` is label_studio/core/urls.py.
"""

import os
import tempfile

os.environ["LABEL_STUDIO_BASE_DATA_DIR"] = tempfile.mkdtemp()
os.environ["DATABASE_NAME"] = ":memory:"
os.environ["SENTRY_DSN"] = os.environ["FRONTEND_SENTRY_DSN"] = ""
os.environ["COLLECT_ANALYTICS"] = "0"

from record_django import record

PUBLIC = {
    "/logout/": "sends everybody to the login page",
    "/user/login/": "wants a CSRF token",
    "/user/signup/": "wants a CSRF token, and an invitation",
}

record("label-studio", "label_studio", "core.settings.label_studio", PUBLIC)
