from __future__ import annotations

from tests.taint.reading import flows


def test_fastapi_gives_parameters_by_annotation() -> None:
    text = """
        import os, enum, uuid
        from typing import Annotated, Literal
        from fastapi import Depends, FastAPI, Query, Request
        from pydantic import BaseModel, Field
        app = FastAPI()
        class Color(enum.Enum):
            RED = "red"
        class Item(BaseModel):
            name: str
            size: int
            code: str = Field(pattern="^[a-z]+$")
        def term(q: str = ""):
            return q.strip()
        @app.get("/{item_id}")
        async def read(item_id: int, q: str, color: Color, kind: Literal["a", "b"], ids: list[uuid.UUID],
                       slug: Annotated[str, Query(pattern="^[a-z-]+$")], t: str = Depends(term)):
            os.system(f"{item_id} {color} {kind} {ids} {slug}")
            os.system(q)
            os.system(t)
        @app.post("/")
        async def write(item: Item, request: Request):
            os.system(str(item.size) + item.code)
            os.system(item.name)
            data = await request.json()
            os.system(data["x"])
    """
    assert flows({"app.py": text}) == [f"command app.py:{line}" for line in (19, 20, 24, 26)]


def test_django_views_read_their_request() -> None:
    text = """
        from django.db import connection
        from django.http import HttpResponse
        from django.utils.html import escape
        from django.views import View
        from .models import Item
        def search(request):
            with connection.cursor() as cursor:
                cursor.execute("select * from t where a = '%s'" % request.GET["q"])
                cursor.execute("select * from t where a = %s", [request.GET["q"]])
            Item.objects.raw(f"select * from t where a = {request.POST.get('a')}")
            return HttpResponse("<p>" + escape(request.GET["q"]))
        class Page(View):
            def get(self, request):
                name = self.request.GET.get("name")
                return HttpResponse(f"<p>{name}</p>")
    """
    models = "from django.db import models\nclass Item(models.Model):\n    name = models.TextField()\n"
    assert flows({"shop/__init__.py": "", "shop/views.py": text, "shop/models.py": models}) == [
        "sql shop/views.py:9",
        "sql shop/views.py:11",
        "xss shop/views.py:16",
    ]


def test_aiohttp_and_a_factory_of_handlers() -> None:
    text = """
        import os
        from aiohttp import web
        async def show(request: web.Request):
            data = await request.post()
            os.system(data["name"])
            return web.Response(text=request.query["a"], content_type="text/html")
    """
    factory = """
        import os
        from flask import request
        def init(app):
            command = "ls "
            @app.route("/x")
            def show():
                os.system(command + request.form["x"])
                return "ok"
    """
    assert flows({"app.py": text}) == ["command app.py:6", "xss app.py:7"]
    assert flows({"app.py": factory}) == ["command app.py:8"]


def test_graphql_arguments_come_from_the_client() -> None:
    text = """
        import graphene, os, strawberry
        class Run(graphene.Mutation):
            def mutate(self, info, name):
                os.system(name)
        @strawberry.type
        class Query:
            @strawberry.field
            def show(self, number: int, name: str) -> str:
                os.system(str(number))
                os.system(name)
    """
    assert flows({"app.py": text}) == ["command app.py:5", "command app.py:11"]


def test_ninja_hands_the_request_and_gives_the_rest_by_annotation() -> None:
    text = """
        import os
        from django.urls import path
        from ninja import NinjaAPI, Query, Schema
        api = NinjaAPI()
        class Filters(Schema):
            name: str
            size: int
        @api.get("/{int:number}/{slug}")
        def read(request, number: int, slug: str, q: str, filters: Query[Filters]):
            os.system(f"{number} {filters.size} {request}")
            os.system(slug)
            os.system(q)
            os.system(filters.name)
            os.system(request.GET["x"])
        urlpatterns = [path("api/", api.urls)]
    """
    assert flows({"urls.py": text}) == [f"command urls.py:{line}" for line in (12, 13, 14, 15)]


def test_a_view_carries_its_address_in_a_decorator_of_any_framework() -> None:
    views = """
        from .base import BaseView, expose
        class Files(BaseView):
            @expose("/file/<path:name>")
            def show(self, name):
                return open("/files/" + name).read()
            @expose("/page/<name>")
            def page(self, name):
                return open("/pages/" + name).read()
    """
    base = "def expose(url):\n    return lambda view: view\nclass BaseView:\n    pass\n"
    assert flows({"app/views.py": views, "app/base.py": base, "app/__init__.py": ""}) == ["path app/views.py:6"]
