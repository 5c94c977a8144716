from __future__ import annotations

from tests.reading import project


def settings(files: dict[str, str]) -> list[str]:
    """Kind, profile and name of every setting, with the variable it is read from; a question mark where it has a default."""
    return sorted(
        f"{each.kind} {each.profile} {each.name}"
        + (f" {each.variable}{'?' * each.has_default}" if each.variable else "")
        for each in project(files).settings
    )


def test_settings_of_django_have_a_profile_and_a_variable() -> None:
    files = {
        "config/__init__.py": "",
        "config/settings/__init__.py": "",
        "config/settings/base.py": "INSTALLED_APPS = []\nROOT_URLCONF = 'config.urls'\n",
        "config/settings/dev.py": "from .base import *\nDEBUG = True\n",
        "config/settings/prod.py": """
            import os
            from .base import *
            SECRET_KEY = os.environ["SECRET_KEY"]
            HOSTS = os.environ.get("HOSTS", "").split(",")
            TIMEOUT = int(os.getenv("TIMEOUT") or 5)
        """,
    }
    assert settings(files) == [
        "django base INSTALLED_APPS",
        "django base ROOT_URLCONF",
        "django development DEBUG",
        "django production HOSTS HOSTS?",
        "django production SECRET_KEY SECRET_KEY",
        "django production TIMEOUT TIMEOUT?",
    ]


def test_settings_of_flask_stand_in_classes_and_entries() -> None:
    files = {
        "app.py": """
            from flask import Flask
            from conf import CONFIGS

            def create_app(name):
                app = Flask(__name__)
                app.config.from_object(CONFIGS[name])
                app.config["TESTING"] = True
                app.config.update(SESSION_COOKIE_SECURE=True)
                return app
        """,
        "conf.py": """
            class Base:
                DEBUG = False

            class ProductionConfig(Base):
                SECRET_KEY = "x"

            CONFIGS = {"production": ProductionConfig}
        """,
    }
    assert settings(files) == [
        "flask base DEBUG",
        "flask base SESSION_COOKIE_SECURE",
        "flask base TESTING",
        "flask production SECRET_KEY",
    ]


def test_settings_of_pydantic_are_filled_by_the_environment() -> None:
    files = {
        "conf.py": """
            from pydantic import Field
            from pydantic_settings import BaseSettings, SettingsConfigDict

            class Settings(BaseSettings):
                model_config = SettingsConfigDict(env_prefix="SHOP_")
                debug: bool = False
                secret: str
                token: str = Field(..., validation_alias="API_TOKEN")
        """,
    }
    assert settings(files) == [
        "pydantic base debug SHOP_DEBUG?",
        "pydantic base secret SHOP_SECRET",
        "pydantic base token API_TOKEN",
    ]


def test_a_function_of_the_project_may_read_the_environment() -> None:
    files = {
        "conf.py": """
            import os

            def env(name, default=None):
                return os.environ.get("SHOP_" + name, default)
        """,
        "mail.py": "from conf import env\nHOST = env('MAIL_HOST', 'localhost')\n",
    }
    assert settings(files) == ["environment base MAIL_HOST MAIL_HOST?"]


def test_a_prefix_that_a_function_makes_leaves_the_variable_unknown() -> None:
    files = {
        "conf.py": """
            from pydantic_settings import SettingsConfigDict
            def config(*path):
                return SettingsConfigDict(env_prefix="_".join(path))
        """,
        "worker.py": """
            from pydantic_settings import BaseSettings, SettingsConfigDict
            from conf import config
            class Worker(BaseSettings):
                model_config = config("worker")
                host: str = "0.0.0.0"
            class Mail(BaseSettings):
                model_config = SettingsConfigDict(env_prefix="mail_")
                host: str = "localhost"
        """,
    }
    assert settings(files) == ["pydantic base host", "pydantic base host MAIL_HOST?"]
