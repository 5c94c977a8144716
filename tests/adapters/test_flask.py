from __future__ import annotations

import pytest

from backend_lint.project.model import Route
from backend_lint.project.model.export import exported
from tests.adapters.comparison import addresses, app, is_guarded
from tests.adapters.truth import guards, truth
from tests.reading import project


class TestRunningApplication:
    def test_routes_are_those_that_the_application_serves(self) -> None:
        assert addresses(exported(app("flask_shop"))["routes"]) == addresses(truth("flask_shop")["routes"])

    def test_guards_stand_where_the_application_refuses(self) -> None:
        found = [row | {"guarded": is_guarded(row)} for row in exported(app("flask_shop"))["routes"]]
        assert guards(found) == guards(truth("flask_shop")["routes"])


BASE = """
from functools import partial, wraps
from flask import Blueprint, Flask, abort, current_app, g, redirect, request, session, url_for
from flask.views import MethodView, View
app = Flask(__name__)
"""


def routes(*texts: str) -> list[Route]:
    return project({"app.py": BASE + "\n".join(texts)}).routes


def labels(*texts: str) -> list[str]:
    return [route.label for route in routes(*texts)]


def guarded(*texts: str) -> dict[str, bool]:
    return {route.label: route.is_guarded for route in routes(*texts)}


def test_nested_blueprints_join_their_prefixes_at_one_slash() -> None:
    text = (
        "a, b = Blueprint('a', __name__, url_prefix='/a/'), Blueprint('b', __name__, url_prefix='/b')\n"
        "@b.route('/')\ndef f(): ...\na.register_blueprint(b)\napp.register_blueprint(a)\n"
    )
    assert labels(text) == ["GET /a/b/"]


def test_a_prefix_given_at_registration_replaces_the_own_one() -> None:
    text = "a = Blueprint('a', __name__, url_prefix='/a')\n@a.get('/x')\ndef f(): ...\n"
    assert labels(text, "app.register_blueprint(a, url_prefix='/b')") == ["GET /b/x"]


def test_a_blueprint_that_is_never_registered_serves_nothing() -> None:
    text = "@app.get('/')\ndef home(): ...\na = Blueprint('a', __name__)\n@a.get('/x')\ndef f(): ...\n"
    assert labels(text) == ["GET /"]


def test_a_blueprint_counts_where_plugins_are_registered_that_cannot_be_told() -> None:
    text = (
        "from plugins import discover\na = Blueprint('a', __name__)\n@a.get('/x')\ndef f(): ...\n"
        "for each in discover():\n    app.register_blueprint(each)\n"
    )
    assert labels(text) == ["GET /x"]


def test_a_method_view_answers_the_verbs_it_has() -> None:
    text = (
        "class Base(MethodView):\n    def get(self): ...\nclass Items(Base):\n    def post(self): ...\n"
        "app.add_url_rule('/items', view_func=Items.as_view('items'))\n"
    )
    found = routes(text)
    assert [(route.label, route.handler_name) for route in found] == [
        ("GET /items", "app.Items.get"),
        ("POST /items", "app.Items.post"),
    ]
    assert found[0].handler is not None and found[0].handler.qualified == "app.Base.get"


def test_a_decorator_that_is_called_registers_like_one_that_is_written() -> None:
    assert labels("def home(): ...\napp.route('/', methods=['POST'])(home)\n") == ["POST /"]


def test_a_view_without_function_is_the_endpoint_of_that_name() -> None:
    text = "app.add_url_rule('/x', endpoint='x')\n@app.endpoint('x')\ndef f(): ...\n"
    assert [route.handler_name for route in routes(text)] == ["app.f"]


def test_converters_are_types_of_inputs() -> None:
    [route] = routes("@app.get('/<int:year>/<any(a, b):kind>/<uuid:key>')\ndef f(year, kind, key): ...\n")
    assert route.path == "/{year}/{kind}/{key}"
    assert [(each.name, each.where, each.type) for each in route.inputs] == [
        ("year", "path", "int"),
        ("kind", "path", "str"),
        ("key", "path", "UUID"),
    ]


def test_what_a_handler_reads_from_the_request_is_its_input() -> None:
    [route] = routes(
        "@app.post('/')\ndef f():\n    data = request.get_json() or {}\n    request.files['upload']\n"
        "    page = request.args.get('page', 1, type=int)\n    request.form.getlist('tags')\n"
        "    return data['name'], data.get('note'), request.headers.get('X-Key'), request.cookies['c']\n"
    )
    assert [(each.name, each.where, each.type, each.required) for each in route.inputs] == [
        ("upload", "file", None, True),
        ("page", "query", "int", False),
        ("tags", "form", "str", False),
        ("name", "body", None, True),
        ("note", "body", None, False),
        ("X-Key", "header", "str", False),
        ("c", "cookie", None, True),
    ]


REQUIRED = """
def required(view):
    @wraps(view)
    def inner(*args, **kwargs):
        if 'user' not in session:
            abort(401)
        return view(*args, **kwargs)
    return inner
"""


def test_a_decorator_above_the_route_guards_nothing() -> None:
    assert guarded(REQUIRED, "@required\n@app.get('/')\ndef f(): ...\n") == {"GET /": False}
    assert guarded(REQUIRED, "@app.get('/')\n@required\ndef f(): ...\n") == {"GET /": True}


def test_a_decorator_guards_a_class_by_its_attribute_and_through_inheritance() -> None:
    text = (
        "class Base(MethodView):\n    decorators = [required]\nclass A(Base):\n    def get(self): ...\n"
        "class B(Base):\n    decorators = []\n    def get(self): ...\n"
        "app.add_url_rule('/a', view_func=A.as_view('a'))\napp.add_url_rule('/b', view_func=B.as_view('b'))\n"
    )
    assert guarded(REQUIRED, text) == {"GET /a": True, "GET /b": False}


def test_a_wrapped_view_is_the_function_and_its_guard() -> None:
    [route] = routes(REQUIRED, "def f(): ...\napp.add_url_rule('/', view_func=required(f))\n")
    assert (route.handler_name, route.is_guarded) == ("app.f", True)


HOOK = "@app.get('/open/x')\ndef x(): ...\n@app.get('/shut')\ndef y(): ...\n@app.before_request\ndef check():\n"


@pytest.mark.parametrize(
    "body",
    [
        "    if request.path.startswith('/open/'):\n        return\n    abort(401)\n",
        "    if not request.path.startswith(('/open/', '/static')) and not g.user:\n        abort(401)\n",
        "    if request.endpoint in {'x', 'login'}:\n        return None\n    return redirect(url_for('login'))\n",
        "    is_open = request.endpoint == 'x'\n    if not is_open:\n        abort(403)\n",
        "    if any(request.path.startswith(each) for each in ('/open',)):\n        return\n    abort(401)\n",
        "    for each in ['/open', '/static']:\n        if request.path.startswith(each):\n            return\n    abort(401)\n",
        "    if request.method == 'GET' and request.endpoint == 'x':\n        return\n    return {'e': 1}, 401\n",
    ],
)
def test_a_hook_guards_the_paths_that_it_does_not_let_through(body: str) -> None:
    assert guarded(HOOK + body) == {"GET /open/x": False, "GET /shut": True}


def test_a_hook_of_a_blueprint_guards_what_is_nested_in_it_and_nothing_else() -> None:
    text = (
        "a, b, c = Blueprint('a', __name__), Blueprint('b', __name__), Blueprint('c', __name__)\n"
        "@a.before_request\ndef check():\n    if 'user' not in session:\n        abort(401)\n"
        "@b.get('/b')\ndef f(): ...\n@c.get('/c')\ndef g(): ...\n"
        "a.register_blueprint(b)\napp.register_blueprint(a)\napp.register_blueprint(c)\n"
    )
    assert guarded(text) == {"GET /b": True, "GET /c": False}


def test_a_guard_that_lets_requests_without_credentials_through_is_none() -> None:
    optional = (
        "def optional(view):\n    @wraps(view)\n    def inner():\n        token = request.headers.get('Authorization')\n"
        "        if token and not valid(token):\n            abort(401)\n        return view()\n    return inner\n"
    )
    assert guarded(optional, "@app.get('/')\n@optional\ndef f(): ...\n") == {"GET /": False}


def test_an_argument_can_switch_a_guard_off() -> None:
    text = (
        "def auth(optional=False):\n    def outer(view):\n        @wraps(view)\n        def inner():\n"
        "            user = find()\n            if not user and not optional:\n                abort(401)\n"
        "            return view()\n        return inner\n    return outer\n"
        "@app.get('/a')\n@auth()\ndef f(): ...\n@app.get('/b')\n@auth(optional=True)\ndef h(): ...\n"
    )
    assert guarded(text) == {"GET /a": True, "GET /b": False}


def test_a_refusal_that_is_caught_refuses_nobody() -> None:
    text = (
        "from werkzeug.exceptions import Unauthorized\ndef check():\n    raise Unauthorized()\n"
        "def lenient(view):\n    @wraps(view)\n    def inner():\n        try:\n            check()\n"
        "        except Unauthorized:\n            pass\n        return view()\n    return inner\n"
        "@app.get('/')\n@lenient\ndef f(): ...\n"
    )
    assert guarded(text) == {"GET /": False}


@pytest.mark.parametrize(
    ("line", "decorator"),
    [
        ("from flask_login import login_required", "login_required"),
        ("from flask_jwt_extended import jwt_required", "jwt_required()"),
        ("from flask_httpauth import HTTPTokenAuth\nauth = HTTPTokenAuth()", "auth.login_required(role='admin')"),
        ("from flask_security import auth_required", "auth_required('token')"),
        ("import flask_login\ndef own(f):\n    return flask_login.login_required(f)", "own"),
    ],
)
def test_guards_of_extensions_are_known(line: str, decorator: str) -> None:
    assert guarded(line, f"@app.get('/')\n@{decorator}\ndef f(): ...\n") == {"GET /": True}


def test_a_guard_of_an_extension_is_known_where_another_file_made_the_extension() -> None:
    found = project(
        {
            "auth.py": "from flask_httpauth import HTTPTokenAuth\ntoken_auth = HTTPTokenAuth()\n",
            "app.py": """
                from flask import Flask
                from auth import token_auth

                app = Flask(__name__)

                @app.get("/me")
                @token_auth.login_required
                def me(): ...
            """,
        }
    )
    assert [guard.name for guard in found.routes[0].guards] == ["token_auth.login_required"]


def test_an_optional_token_guards_nothing() -> None:
    text = "from flask_jwt_extended import jwt_required\n@app.get('/')\n@jwt_required(optional=True)\ndef f(): ...\n"
    assert guarded(text) == {"GET /": False}


def test_a_limiter_is_a_throttle() -> None:
    text = (
        "from flask_limiter import Limiter\nlimiter = Limiter(app)\n@app.get('/')\n@limiter.limit('5/minute')\n"
        "def f(): ...\n"
    )
    assert [(guard.kind.value, guard.arguments) for guard in routes(text)[0].guards] == [("throttle", ("5/minute",))]


def test_a_login_that_answers_401_to_wrong_passwords_is_open() -> None:
    text = "@app.post('/login')\ndef f():\n    if not ok(request.json['password']):\n        abort(401)\n"
    assert guarded(text) == {"POST /login": False}


def test_error_handlers_belong_to_the_application() -> None:
    text = "class Gone(Exception): ...\n@app.errorhandler(Gone)\ndef gone(e): ...\n@app.errorhandler(404)\ndef lost(e): ...\n"
    [made] = project({"app.py": BASE + text}).apps
    assert [(each.exceptions, each.function and each.function.name) for each in made.handlers] == [
        (("app.Gone",), "gone"),
        (("404",), "lost"),
    ]


def test_a_guard_above_the_route_is_idle() -> None:
    text = "from flask_login import login_required\n@login_required\n@app.get('/')\ndef f(): ...\n"
    [route] = project({"app.py": "from flask import Flask\napp = Flask(__name__)\n" + text}).routes
    assert ([each.name for each in route.idle], route.guards) == (["login_required"], [])


HOOKED = """
from flask import Flask, abort, redirect, request, session, url_for
app = Flask(__name__)
def authed():
    return bool(session.get("id", False))
@app.before_request
def hook():
BODY
@app.post("/a")
def a(): ...
"""


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ("if is_importing():\n        return 'later', 403", []),
        ("if not is_set_up():\n        return redirect(url_for('views.setup'))", []),
        ("if authed():\n        if is_banned():\n            return 'no', 403", []),
        ("if not authed():\n        abort(403)", ["authorization"]),
        ("if session['nonce'] != request.form.get('nonce'):\n        abort(403)", ["csrf"]),
    ],
)
def test_a_hook_guards_when_its_refusal_hangs_on_who_asks(body: str, kinds: list[str]) -> None:
    (route,) = project({"app.py": HOOKED.replace("BODY", "    " + body)}).routes
    assert [guard.kind.value for guard in route.guards] == kinds


def test_a_class_that_a_wrapper_calls_is_guarded_by_what_its_own_methods_refuse() -> None:
    found = guarded(
        """
class Page:
    def process(self):
        self.check()
        return self.answer()
    def check(self): ...
class Private(Page):
    def check(self):
        super().check()
        self.require_user()
    def require_user(self):
        if session.get("user") is None:
            abort(403)
class Inner(Private):
    def check(self):
        Private.check(self)
def as_view(cls):
    def wrapper(**kwargs):
        return cls().process()
    return wrapper
class Pages(Blueprint):
    def add_url_rule(self, rule, endpoint=None, view_func=None, **options):
        super().add_url_rule(rule, endpoint, as_view(view_func), **options)
pages = Pages("pages", __name__)
pages.add_url_rule("/a", "a", Page)
pages.add_url_rule("/b", "b", Private)
pages.add_url_rule("/c", "c", Inner)
app.register_blueprint(pages)
"""
    )
    assert found == {"GET /a": False, "GET /b": True, "GET /c": True}


def test_a_decorator_that_calls_another_on_the_way_guards_by_it() -> None:
    found = guarded(
        """
def required(view):
    @wraps(view)
    def inner(*args, **kwargs):
        if not user.is_authenticated:
            return current_app.login_manager.unauthorized()
        return view(*args, **kwargs)
    return inner
def required_unless_open(view):
    @wraps(view)
    def inner(*args, **kwargs):
        if config.is_open:
            return view(*args, **kwargs)
        return required(view)(*args, **kwargs)
    return inner
@app.get("/a")
@required_unless_open
def a(): ...
@app.get("/b")
def b(): ...
"""
    )
    assert found == {"GET /a": True, "GET /b": False}


def test_plugins_register_on_the_one_application_however_often_it_is_made() -> None:
    files = {
        "shop/app.py": "from flask import Flask\ndef create_app():\n    app = Flask(__name__)\n    return app\n",
        "wsgi.py": "from shop.app import create_app\napp = create_app()\n",
        "worker.py": "from shop.app import create_app\nflask_app = create_app()\n",
        "shop/plugin.py": (
            "from flask import Blueprint\n"
            "def register_view(container, routes, view_func):\n"
            "    for route in routes:\n        container.add_url_rule(route, view_func=view_func)\n"
            "def orders(): ...\n"
            "def load_blueprints(app):\n"
            "    shop = Blueprint('shop', __name__, url_prefix='/shop')\n"
            "    register_view(shop, ['/orders', '/bills'], orders)\n"
            "    app.register_blueprint(shop)\n"
        ),
    }
    assert [route.label for route in project(files).routes] == ["GET /shop/orders", "GET /shop/bills"]


def test_a_guard_is_asked_again_where_its_answer_hangs_on_the_path() -> None:
    text = (
        "def is_open():\n    return request.path in ('/', '/help')\n"
        "@app.before_request\ndef guard():\n    if not is_open() and 'user' not in session:\n        abort(401)\n"
        "@app.get('/')\ndef home(): ...\n@app.get('/orders')\ndef orders(): ...\n"
        "@app.get('/help')\ndef help(): ...\n@app.get('/bills')\ndef bills(): ...\n"
    )
    assert guarded(text) == {"GET /": False, "GET /orders": True, "GET /help": False, "GET /bills": True}


def test_a_guard_of_a_base_class_is_asked_for_each_class_by_what_its_methods_answer() -> None:
    text = (
        "class Base:\n"
        "    def process(self):\n        self.check()\n        return self.run()\n"
        "    def check(self):\n        if 'user' not in session:\n            abort(403)\n"
        "    def run(self): ...\n"
        "class Public(Base):\n    def check(self): ...\n"
        "class Private(Base):\n    def run(self): ...\n"
        "class Other(Public):\n    def run(self):\n        super().check()\n"
        "class Late(Public):\n    def run(self):\n        Base.check(self)\n"
        "def view(cls):\n    return lambda **kwargs: cls().process()\n"
        "for path, cls in (('/a', Public), ('/b', Private), ('/c', Other), ('/d', Late)):\n"
        "    app.add_url_rule(path, cls.__name__, view(cls))\n"
    )
    assert guarded(text) == {"GET /a": False, "GET /b": True, "GET /c": False, "GET /d": True}


def test_what_turns_everybody_away_for_a_while_is_no_guard_whatever_the_address_is_called() -> None:
    text = (
        "def importing():\n    return cache.get('importing')\n"
        "@app.before_request\ndef pause():\n"
        "    if importing():\n"
        "        if request.endpoint == 'admin.login' or request.path.startswith('/admin'):\n            return\n"
        "        return 'Import in progress', 403\n"
        "@app.get('/orders')\ndef orders(): ...\n"
    )
    assert guarded("from shop import cache\n" + text) == {"GET /orders": False}
