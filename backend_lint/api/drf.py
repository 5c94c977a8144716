"""Views of Django REST framework that answer by themselves: whether they list, and by which pages."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts import ir
from backend_lint.project import Class, Project
from backend_lint.project.model import Route


def lists_by_itself(route: Route, project: Project) -> bool:
    """Whether the framework answers with the rows of the view's queryset."""
    method = route.handler_name.rpartition(".")[2]
    return (
        route.handler is None
        and route.view is not None
        and method in ("get", "list")
        and project.classes.is_subclass(route.view, "rest_framework.mixins.ListModelMixin")
        and (
            method == "list" or not project.classes.is_subclass(route.view, "rest_framework.mixins.RetrieveModelMixin")
        )
    )


def is_paginated(view: Class, project: Project) -> bool:
    for each in project.classes.mro(view):
        if isinstance(each, Class):
            if "pagination_class" in each.attributes:
                value = each.attributes["pagination_class"].value
                return not (type(value) is ir.Const and value.value is None)
            if any("paginat" in name.lower() or name in ("page", "get_page", "paged") for name in each.methods):
                return True
    return any(_sets_pagination(stmt.value) for stmt in _framework_settings(project))


def paginators(view: Class, project: Project) -> list[str]:
    """The qualified names of the classes that make pages of a view's rows: its own, else that of the settings."""
    for each in project.classes.mro(view):
        if isinstance(each, Class) and "pagination_class" in each.attributes:
            return [project.qualified(each.attributes["pagination_class"].value, each.module) or ""]
    found = (
        _setting(stmt.value, "DEFAULT_PAGINATION_CLASS")
        for stmt in _framework_settings(project)
        if _setting(stmt.value, "PAGE_SIZE") is not None
    )
    return [each.value for each in found if type(each) is ir.Const and isinstance(each.value, str)]


def _framework_settings(project: Project) -> Iterator[ir.Assign]:
    for module in project.modules.values():
        yield from module.assignments.get("REST_FRAMEWORK", ())


def _sets_pagination(value: ir.Expr | None) -> bool:
    if type(value) is not ir.Dict:
        return True
    named = value.under("DEFAULT_PAGINATION_CLASS")
    if named is not None:
        return not (type(named) is ir.Const and named.value is None)
    return any(key is None for key in value.keys)


def _setting(value: ir.Expr | None, name: str) -> ir.Expr | None:
    return value.under(name) if type(value) is ir.Dict else None
