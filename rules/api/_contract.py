"""What the rules on broken contracts have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Changed, ContractField, Endpoint, Parameter, Place, Project, Step, contract_place, listed


def labels(operations: Iterable[Endpoint], most: int = 3) -> str:
    """The operations in one phrase, each once."""
    return listed(dict.fromkeys(each.label for each in operations), most)


def was(item: ContractField | Parameter, around: Endpoint, what: str = "as it was") -> Step:
    """The place that an item had in the earlier contract."""
    return Step(contract_place(item, around), what)


def users(changed: Changed) -> str:
    """Which operations have an object, in one phrase."""
    return labels(changed.operations)


def here(project: Project, path: str, router: str = "") -> Place:
    """The place for what is gone: a route of the router that it was on, else its file, else the project's first route."""
    same = [route for route in project.routes if router and route.router == router]
    inside = [route for route in same or project.routes if route.at.path == path]
    if inside or same:
        return (inside or same)[0].at
    module = project.by_path.get(path)
    if module is not None:
        return module.first_line()
    folder = path.rpartition("/")[0]
    near = [route for route in project.routes if route.at.path.rpartition("/")[0] == folder]
    return (near or project.routes)[0].at if project.routes else next(iter(project.modules.values())).first_line()


def by_place(found: Iterable[tuple[Place, str, Endpoint]]) -> Iterator[tuple[Place, str, list[Endpoint]]]:
    """What was found at one place in one sentence, with all its operations: a dependency that many routes share."""
    together: dict[tuple[Place, str], list[Endpoint]] = {}
    for at, what, operation in found:
        together.setdefault((at, what), []).append(operation)
    for (at, what), operations in together.items():
        yield at, what, operations
