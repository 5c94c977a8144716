from __future__ import annotations

from backend_lint import adapters
from backend_lint.facts import ir
from tests.reading import linked

FILES = {
    "shop/__init__.py": "",
    "shop/models.py": "from django.db import models\nclass Order(models.Model):\n    number = models.CharField(max_length=9)\n",
}


def found(view: str) -> str:
    """What `self.get_object()` is in the method `act` of a view."""
    code = "from rest_framework import generics, serializers\nfrom shop.models import Order\n" + view
    project = linked(FILES | {"shop/views.py": code})
    adapters.read(project)
    method = next(each for each in project.modules["shop.views"].functions if each.name == "act")
    call = next(iter(ir.calls(method.body)))
    return str(project.type_of(call, method))


def test_a_view_looks_up_rows_of_its_queryset() -> None:
    view = "class V(generics.RetrieveAPIView):\n    queryset = Order.objects.all()\n    def act(self):\n        self.get_object()\n"
    assert found(view) == "shop.models.Order"


def test_a_view_looks_up_rows_of_what_get_queryset_returns() -> None:
    view = "class V(generics.RetrieveAPIView):\n    def get_queryset(self):\n        return Order.objects.filter(number=1)\n"
    assert found(view + "    def act(self):\n        self.get_object()\n") == "shop.models.Order"


def test_a_view_of_its_own_says_itself_what_it_looks_up() -> None:
    view = "class V(generics.RetrieveAPIView):\n    queryset = Order.objects.all()\n    def get_object(self):\n        return 1\n"
    assert found(view + "    def act(self):\n        self.get_object()\n") == "builtins.int"
