"""Rows are locked where no transaction holds the lock.

## What it does
Reports `select_for_update()` that a route or a task evaluates outside of `atomic`, directly or in a function that it
calls.

## Why it matters
Django refuses to evaluate such a query without a transaction, so the request fails with a `TransactionManagementError`;
tests that run in one do not show it.

## Example
```python
from celery import shared_task
from django.db import models


class Product(models.Model):
    stock = models.IntegerField()

    class Meta:
        app_label = "shop"


@shared_task
def sell(product_id: int) -> None:
    product = Product.objects.select_for_update().get(pk=product_id)
    product.stock -= 1
    product.save()
```

## Use instead
```python
from celery import shared_task
from django.db import models, transaction


class Product(models.Model):
    stock = models.IntegerField()

    class Meta:
        app_label = "shop"


@shared_task
def sell(product_id: int) -> None:
    with transaction.atomic():
        product = Product.objects.select_for_update().get(pk=product_id)
        product.stock -= 1
        product.save()
```

## References
- https://docs.djangoproject.com/en/stable/ref/models/querysets/#select-for-update
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import Finding, Function, Project, ProjectRule, Severity, Step, Unit
from backend_lint.rules.data._transactions import Cover


class LockOutsideTransaction(ProjectRule):
    code = "DAT418"
    severity = Severity.HIGH
    cwe = (667,)
    unit = Unit.QUERY

    def check(self, project: Project) -> Iterable[Finding]:
        locked = [each for each in project.queries if each.is_locked and each.library == "django" and not each.is_lazy]
        cover = Cover(project) if locked else None
        for query in locked:
            if cover is None or not isinstance(query.scope, Function) or cover.is_inside(query.site):
                continue
            way = cover.bare(query.scope)
            if way is None:
                continue
            model = project.models.get(query.model or "")
            caller = f" when `{way.first.scope.name}` calls it" if way.sites else ""  # type: ignore[union-attr]
            yield self.finding(
                query.at,
                f"locks rows of `{model.name if model else 'a table'}` with no transaction to hold the lock{caller}",
                help="Open `transaction.atomic()` around the lock and what it protects.",
                trace=[Step(each.at, f"`{each.name}`") for each in way.sites],
            )

    def examined(self, project: Project) -> Iterable[str]:
        return [str(each.at) for each in project.queries if each.is_locked and each.library == "django"]
