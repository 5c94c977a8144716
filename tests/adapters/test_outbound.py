from __future__ import annotations

import pytest

from backend_lint import adapters
from tests.reading import linked, project


def calls(text: str) -> list[tuple[str, str, str, str]]:
    found = project({"app.py": text}).outbound
    return [(each.kind, each.library, each.method, each.timeout) for each in found]


HTTP = ("http", "requests", "GET")


@pytest.mark.parametrize(
    ("text", "timeout"),
    [
        ("requests.get(u)", "none"),
        ("requests.get(u, timeout=3)", "set"),
        ("requests.get(u, timeout=None)", "none"),
        ("requests.request('GET', u, timeout=(3, 9))", "set"),
        ("s = requests.Session()\ns.get(u)", "none"),
        ("def f():\n    with requests.Session() as s:\n        s.get(u, timeout=1)", "set"),
        ("WAIT = None\nrequests.get(u, timeout=WAIT)", "none"),
        ("WAIT = 5\nrequests.get(u, timeout=WAIT)", "set"),
        ("def f(**options):\n    options.setdefault('timeout', 5)\n    requests.get(u, **options)", "set"),
        ("def f(**options):\n    requests.get(u, **options)", "default"),
        ("def f(wait=None):\n    requests.get(u, timeout=wait)\nf()", "none"),
        ("def f(wait=None):\n    requests.get(u, timeout=wait)\nf(wait=3)", "set"),
        ("def f(wait=5):\n    requests.get(u, timeout=wait)\nf()", "set"),
        ("s = requests.Session()\ns.request = functools.partial(s.request, timeout=5)\ns.get(u)", "set"),
        (
            "class Bounded(requests.adapters.HTTPAdapter):\n    def send(self, request, **k):\n"
            "        k.setdefault('timeout', 5)\n        return super().send(request, **k)\n"
            "def make():\n    s = requests.Session()\n    s.mount('https://', Bounded())\n    return s\nmake().get(u)",
            "set",
        ),
        (
            "class Api(requests.Session):\n    def request(self, *a, **k):\n        k.setdefault('timeout', 5)\n"
            "        return super().request(*a, **k)\nApi().get(u)",
            "set",
        ),
        ("class Api(requests.Session): ...\nApi().get(u)", "none"),
        (
            "class Api:\n    def __init__(self):\n        self.s = requests.Session()\n    def f(self):\n        self.s.get(u)",
            "none",
        ),
    ],
)
def test_requests_waits_for_ever_unless_told(text: str, timeout: str) -> None:
    assert (*HTTP, timeout) in calls("import requests, functools\nu = 'https://a.example'\n" + text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import httpx\nhttpx.get('u')", ("http", "httpx", "GET", "default")),
        ("import httpx\nhttpx.post('u', timeout=None)", ("http", "httpx", "POST", "none")),
        ("import httpx\nhttpx.get('u', timeout=httpx.Timeout(None))", ("http", "httpx", "GET", "none")),
        ("import httpx\nc = httpx.Client(timeout=None)\nc.get('u')", ("http", "httpx", "GET", "none")),
        ("import httpx\nc = httpx.Client(timeout=None)\nc.get('u', timeout=1)", ("http", "httpx", "GET", "set")),
        (
            "import aiohttp\nasync def f():\n    async with aiohttp.ClientSession() as s:\n        await s.get('u')",
            ("http", "aiohttp", "GET", "default"),
        ),
        (
            "import aiohttp\nasync def f():\n    wait = aiohttp.ClientTimeout(total=None)\n"
            "    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as s:\n        await s.get('u')",
            ("http", "aiohttp", "GET", "none"),
        ),
        ("from urllib.request import urlopen\nurlopen('u')", ("http", "urllib", "urlopen", "none")),
        ("from urllib.request import urlopen\nurlopen('u', None, 3)", ("http", "urllib", "urlopen", "set")),
        ("import urllib3\nurllib3.PoolManager(timeout=3).request('GET', 'u')", ("http", "urllib3", "GET", "set")),
        ("import boto3\ns3 = boto3.client('s3')\ns3.put_object()", ("storage", "boto3", "put_object", "default")),
        ("import smtplib\nsmtplib.SMTP('h')", ("mail", "smtplib", "connect", "none")),
        ("import smtplib\nsmtplib.SMTP('h', timeout=3)", ("mail", "smtplib", "connect", "set")),
        (
            "import smtplib\ndef f():\n    with smtplib.SMTP('h', timeout=3) as s:\n        s.send_message(m)",
            ("mail", "smtplib", "send_message", "set"),
        ),
        ("import redis\nr = redis.Redis()\nr.get('k')", ("cache", "redis", "get", "default")),
        ("import redis\nr = redis.Redis(socket_timeout=None)\nr.get('k')", ("cache", "redis", "get", "none")),
        ("import socket\nsocket.create_connection(('h', 1))", ("socket", "socket", "create_connection", "none")),
        ("import subprocess\nsubprocess.run(['ls'], timeout=3)", ("process", "subprocess", "run", "set")),
        ("import psycopg2\npsycopg2.connect(host='h')", ("database", "psycopg2", "connect", "none")),
        (
            "from shop_pb2_grpc import OrdersStub\nstub = OrdersStub(channel)\nstub.Create(r)",
            ("rpc", "grpc", "Create", "none"),
        ),
        (
            "from shop_pb2_grpc import OrdersStub\nstub = OrdersStub(channel)\nstub.Create(r, timeout=1)",
            ("rpc", "grpc", "Create", "set"),
        ),
    ],
)
def test_each_library_has_its_own_default(text: str, expected: tuple[str, str, str, str]) -> None:
    assert expected in calls(text)


def test_a_call_of_a_redis_client_has_no_http_method() -> None:
    assert [each.url for each in project({"app.py": "import redis\nredis.Redis().get('k')"}).outbound] == [None]


def test_a_call_of_a_client_that_is_handed_in_is_not_said_to_wait_for_ever() -> None:
    text = "import httpx\ndef f(client: httpx.Client):\n    client.get('u')\n"
    assert calls(text) == [("http", "httpx", "GET", "default")]


def test_the_url_of_a_request_is_kept() -> None:
    [found] = project({"app.py": "import requests\nrequests.request('POST', 'https://a.example')"}).outbound
    assert (found.method, found.url.value) == ("POST", "https://a.example")  # type: ignore[union-attr]


def test_what_a_function_of_the_project_does_is_counted_once_and_inside() -> None:
    text = "import requests\ndef get(u):\n    return requests.get(u, timeout=1)\nget('u')\nget('v')\n"
    assert len(calls(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "requests.get(u, timeout=1).json().get('k')",
        "requests.get(u, timeout=1).headers.get('k')",
        "import redis\nredis.Redis().hgetall('k').get('f')",
    ],
)
def test_what_an_answer_holds_is_at_hand(text: str) -> None:
    assert len(calls("import requests\nu = 1\n" + text)) == 1


def test_calls_below_the_attributes_of_a_client_go_out() -> None:
    text = "from openai import OpenAI\nclient = OpenAI(timeout=9)\nclient.chat.completions.create(model='m')\n"
    assert calls(text) == [("http", "openai", "create", "set")]


@pytest.mark.parametrize(("version", "timeout"), [("7.4.0", "none"), ("8.1.0", "default"), ("", "default")])
def test_how_long_redis_waits_depends_on_its_version(version: str, timeout: str) -> None:
    found = linked({"app.py": "import redis\nclient = redis.Redis()\nclient.get('k')\n"})
    found.versions = {"redis": version} if version else {}
    adapters.read(found)
    assert [each.timeout for each in found.outbound] == [timeout]
