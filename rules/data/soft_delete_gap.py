"""One query shows rows that all others take for deleted.

## What it does
Where a model marks rows as deleted and nearly all queries of requests leave those out, reports the few that do not.

## Why it matters
What a user deleted comes back: in a list, in a total, as something that can be bought. It takes one query without the
condition, and nothing else fails.

## Example
```python
from django.db import models
from django.http import JsonResponse
from django.urls import path


class Note(models.Model):
    owner = models.IntegerField(db_index=True)
    text = models.TextField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "shop"


def mine(request):
    return JsonResponse({"notes": list(Note.objects.filter(owner=request.user.id, deleted_at=None).values())})


def number(request):
    return JsonResponse({"number": Note.objects.filter(owner=request.user.id, deleted_at__isnull=True).count()})


def newest(request):
    note = Note.objects.filter(owner=request.user.id, deleted_at__isnull=True).order_by("-id").first()
    return JsonResponse({"text": note.text})


def one(request, note_id):
    return JsonResponse({"text": Note.objects.get(pk=note_id, deleted_at=None).text})


def found(request):
    return JsonResponse({"notes": list(Note.objects.filter(text__icontains=request.GET["q"]).values())})


urlpatterns = [path("", mine), path("n", number), path("new", newest), path("<int:note_id>", one), path("find", found)]
```

## Use instead
```python
from django.db import models
from django.http import JsonResponse
from django.urls import path


class Living(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(deleted_at=None)


class Note(models.Model):
    owner = models.IntegerField(db_index=True)
    text = models.TextField()
    deleted_at = models.DateTimeField(null=True)
    objects = Living()

    class Meta:
        app_label = "shop"


def found(request):
    return JsonResponse({"notes": list(Note.objects.filter(text__icontains=request.GET["q"]).values())})


urlpatterns = [path("find", found)]
```

## References
- https://docs.djangoproject.com/en/stable/topics/db/managers/#modifying-a-manager-s-initial-queryset
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Function, Model, Project, ProjectRule, Query, Severity, Step, Unit
from backend_lint.rules.data._shared import column_of

_MARKS = frozenset(
    {"deleted_at", "is_deleted", "deleted", "deleted_on", "date_deleted", "soft_deleted", "removed_at", "is_removed"}
)
_ON_PURPOSE = re.compile(
    r"delet|remov|restor|purge|clean|archiv|trash|prune|admin|export|backfill|anonymi|include_all|erase"
)
_ENOUGH = 4
_SHARE = 0.8


class SoftDeleteGap(ProjectRule):
    code = "DAT115"
    severity = Severity.MEDIUM
    preview = True
    unit = Unit.QUERY

    def check(self, project: Project) -> Iterable[Finding]:
        for model, mark, reads in _marked(project):
            aware = [query for query in reads if _asks(query, mark, model)]
            if len(aware) < _ENOUGH or len(aware) < _SHARE * len(reads):
                continue
            for query in reads:
                if query not in aware and not _is_on_purpose(query, project):
                    label = project.served[query.scope.qualified]  # type: ignore[union-attr]
                    yield self.finding(
                        query.at,
                        f"`{label}` reads `{model.name}` with those that `{mark}` marks as deleted; {len(aware)} of "
                        f"{len(reads)} queries leave them out",
                        help=f"Leave them out here, too, or in one place for all: a default queryset or statement that asks for `{mark}`.",
                        related=[Step(each.at, "leaves them out") for each in aware[:2]],
                    )

    def examined(self, project: Project) -> Iterable[str]:
        return [str(query.at) for _, _, reads in _marked(project) for query in reads]


def _marked(project: Project) -> Iterator[tuple[Model, str, list[Query]]]:
    """The models that mark rows as deleted, the column that does, and what routes read of them."""
    reads: defaultdict[str, list[Query]] = defaultdict(list)
    for query in project.queries:
        label = project.served.get(getattr(query.scope, "qualified", ""))
        if (
            query.is_read
            and query.model
            and label is not None
            and not query.is_opaque
            and not query.has_unknown_filters
        ):
            reads[query.model].append(query)
    for name, queries in reads.items():
        model = project.models.get(name)
        mark = next((each for each in model.columns if each in _MARKS), None) if model is not None else None
        if model is not None and mark is not None:
            yield model, mark, queries


def _asks(query: Query, mark: str, model: Model) -> bool:
    column = column_of(model, mark)
    return any(
        use.column == (column.name if column is not None else mark) and use.model in (None, model.qualified)
        for use in query.filters
    )


def _is_on_purpose(query: Query, project: Project) -> bool:
    """Whether it is about deleted rows, or shows rows that its reader already has the key of by another."""
    assert isinstance(query.scope, Function)
    names = (query.scope.qualified, project.served[query.scope.qualified])
    return any(_ON_PURPOSE.search(name.lower()) for name in names)
