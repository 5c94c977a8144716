"""A function commits in the middle of what its caller is doing.

## What it does
Reports calls of functions that commit the session that they are handed, made by a function that then stores more and
commits again.

## Why it matters
The first commit ends the transaction of the caller, who does not know: when what it does next fails, half of the use
case is stored, and a rollback takes back only the rest.

## Example
```python
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)


class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)


def add_user(session: Session) -> User:
    user = User()
    session.add(user)
    session.commit()
    return user


def register(session: Session) -> None:
    add_user(session)
    session.add(Team())
    session.commit()
```

## Use instead
```python
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)


class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)


def add_user(session: Session) -> User:
    user = User()
    session.add(user)
    session.flush()
    return user


def register(session: Session) -> None:
    add_user(session)
    session.add(Team())
    session.commit()
```

## References
- https://docs.sqlalchemy.org/en/20/orm/session_basics.html#when-do-i-construct-a-session-when-do-i-commit-it-and-when-do-i-close-it
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from backend_lint.api import CallSite, Commit, Finding, Function, Project, ProjectRule, Query, Severity, Step, Unit, ir
from backend_lint.rules.data._shared import stands_before


class SplitCommitOwnership(ProjectRule):
    code = "DAT417"
    severity = Severity.MEDIUM
    preview = True
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        commits: defaultdict[str, list[Commit]] = defaultdict(list)
        for each in project.commits:
            if each.kind == "commit" and each.library == "sqlalchemy":
                commits[getattr(each.scope, "qualified", "")].append(each)
        writes: defaultdict[str, list[Query]] = defaultdict(list)
        for query in project.queries:
            if query.is_write and query.library == "sqlalchemy" and not query.is_lazy:
                writes[getattr(query.scope, "qualified", "")].append(query)
        for function in project.functions():
            if function.qualified in commits and function.qualified in writes:
                own, stored = commits[function.qualified], writes[function.qualified]
                yield from self._of(function, own, stored, commits, writes, project)

    def _of(
        self,
        function: Function,
        own: list[Commit],
        stored: list[Query],
        commits: dict[str, list[Commit]],
        writes: dict[str, list[Query]],
        project: Project,
    ) -> Iterator[Finding]:
        for site, session in _handed(function, project):
            target = site.targets[0]
            inner = next((each for each in commits.get(target.qualified, ()) if _is_on(each, target)), None)
            later = next((each for each in stored if stands_before(function.body, site.call, each.site.call)), None)
            if inner is None or later is None or not writes.get(target.qualified):
                continue
            if session in {_receiver(each.site.call) for each in own if each.site.call.at > later.site.call.at}:
                model = project.models.get(later.model or "")
                what = f"the `{model.name}`" if model is not None else "more"
                yield self.finding(
                    site.at,
                    f"`{target.name}()` commits the session of `{function.name}()`, which then stores {what} and commits again: "
                    "when that fails, only the first half is kept",
                    help=f"`flush()` in `{target.name}()`, and leave the commit to whoever owns the use case.",
                    related=[Step(inner.at, "commits here"), Step(later.at, "stored after it")],
                    discriminator=target.name,
                )


def _handed(function: Function, project: Project) -> Iterator[tuple[CallSite, str]]:
    """The calls that hand a session on, with the name of it."""
    for site in project.sites(function):
        if len(site.targets) != 1 or not site.is_certain or site.targets[0] is function:
            continue
        for value in (*site.call.positional, *site.call.keywords.values()):
            name = ir.dotted(value)
            if name is not None and name.rpartition(".")[2].lower().endswith(("session", "db")):
                yield site, name
                break


def _is_on(commit: Commit, target: Function) -> bool:
    """Whether it commits a parameter of its function, on every way through it."""
    receiver = _receiver(commit.site.call)
    is_parameter = target.parameter(receiver) is not None
    return is_parameter and any(
        type(stmt) is ir.Evaluate and any(node is commit.site.call for node in ir.walk_expression(stmt.value))
        for stmt in target.body
    )


def _receiver(call: ir.Call) -> str:
    return ir.dotted(call.func.value) or "" if type(call.func) is ir.Attribute else ""
