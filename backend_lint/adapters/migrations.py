"""Migrations of Alembic and Django, as operations on tables, and the tables that they leave behind."""

from __future__ import annotations

from backend_lint.adapters import _alembic_migrations, _django_migrations
from backend_lint.adapters._replay import replayed
from backend_lint.core import Role
from backend_lint.project import Project


def read(project: Project) -> None:
    modules = [each for each in project.modules.values() if each.role in (Role.MIGRATION, Role.APP)]
    labels = _django_migrations.labels(project, modules)
    for module in modules:
        found = _alembic_migrations.migration(project, module) or _django_migrations.migration(project, module, labels)
        if found is not None:
            project.migrations.append(found)
    project.migrations.sort(key=lambda each: (each.tool, each.revision, each.module.path))
    project.stored = replayed(project)
