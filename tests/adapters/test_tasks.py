from __future__ import annotations

import pytest

from backend_lint.project.model import Enqueue
from tests.reading import project

CELERY = """
from celery import Celery, chain, shared_task, signature
from django.db import transaction
from functools import partial
app = Celery("shop", broker="redis://")

@app.task(name="mail.send", queue="mail", bind=True, max_retries=3)
def send_mail(self, order_id, kind="new"): ...

@shared_task
def clean(): ...
"""


def enqueues(text: str) -> list[Enqueue]:
    return project({"app.py": text}).enqueues


def told(text: str) -> list[tuple[str, str, str | None, int, list[str], bool, bool]]:
    return [
        (
            each.framework,
            each.method,
            each.task.name if each.task else None,
            len(each.args),
            sorted(each.kwargs),
            each.is_partial,
            each.after_commit,
        )
        for each in enqueues(text)
    ]


def test_a_task_has_its_registered_name_queue_and_options() -> None:
    found = {task.name: task for task in project({"app.py": CELERY}).tasks}
    assert list(found) == ["mail.send", "app.clean"]
    mail = found["mail.send"]
    assert (mail.framework, mail.queue, mail.is_bound, sorted(mail.options)) == (
        "celery",
        "mail",
        True,
        ["bind", "max_retries", "name", "queue"],
    )


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("send_mail.delay(1, kind='x')", ("celery", "delay", "mail.send", 1, ["kind"], False, False)),
        (
            "send_mail.apply_async(args=(1,), kwargs={'kind': 'x'}, countdown=5)",
            ("celery", "apply_async", "mail.send", 1, ["kind"], False, False),
        ),
        ("send_mail.apply_async((1, 'x'))", ("celery", "apply_async", "mail.send", 2, [], False, False)),
        ("send_mail.s(1, kind='x').delay(2)", ("celery", "delay", "mail.send", 2, ["kind"], False, False)),
        ("app.send_task('mail.send', args=[1])", ("celery", "send_task", "mail.send", 1, [], False, False)),
        ("app.send_task('elsewhere')", ("celery", "send_task", None, 0, [], False, False)),
        ("send_mail.delay_on_commit(1)", ("celery", "delay_on_commit", "mail.send", 1, [], False, True)),
        (
            "transaction.on_commit(lambda: send_mail.delay(1))",
            ("celery", "delay", "mail.send", 1, [], False, True),
        ),
        ("transaction.on_commit(partial(send_mail.delay, 1))", ("celery", "delay", "mail.send", 1, [], False, True)),
        ("transaction.on_commit(clean.delay)", ("celery", "delay", "app.clean", 0, [], False, True)),
    ],
)
def test_celery_tasks_are_put_on_a_queue(call: str, expected: tuple[object, ...]) -> None:
    assert expected in told(CELERY + call)


def test_parts_of_a_chain_are_partial() -> None:
    assert told(CELERY + "chain(send_mail.s(1), clean.si())()") == [
        ("celery", "s", "mail.send", 1, [], True, False),
        ("celery", "si", "app.clean", 0, [], False, False),
    ]


def test_a_function_handed_to_on_commit_enqueues_after_the_commit() -> None:
    text = "def f():\n    def later():\n        clean.delay()\n    transaction.on_commit(later)\n    clean.delay()\n"
    assert [each.after_commit for each in enqueues(CELERY + text)] == [True, False]


def test_a_task_of_an_application_made_elsewhere_is_one() -> None:
    files = {
        "core/queue.py": "from celery import Celery\ndef make():\n    app = Celery('x')\n    return app\ncelery_app = make()\n",
        "core/jobs.py": "from core.queue import celery_app\n@celery_app.task\ndef work(): ...\n",
        "core/views.py": "from core.jobs import work\nwork.delay()\n",
        "core/__init__.py": "",
    }
    [enqueue] = project(files).enqueues
    assert enqueue.task is not None and enqueue.task.function.qualified == "core.jobs.work"


def test_a_decorator_of_the_project_makes_tasks_of_what_it_decorates() -> None:
    text = (
        "from functools import wraps\ndef own(**options):\n    def outer(f):\n        @shared_task(**options)\n"
        "        @wraps(f)\n        def inner(*a): return f(*a)\n        return inner\n    return outer\n"
        "@own(ignore_result=True)\ndef work(): ...\n"
    )
    assert [task.name for task in project({"app.py": CELERY + text}).tasks] == ["mail.send", "app.clean", "app.work"]


def test_a_class_can_be_a_task() -> None:
    text = "class Work(app.Task):\n    name = 'work'\n    def run(self, a): ...\n"
    found = project(
        {"app.py": CELERY.replace("import Celery", "import Celery, Task") + text.replace("app.Task", "Task")}
    )
    assert "work" in [task.name for task in found.tasks]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "from rq import Queue\nq = Queue()\ndef f(a): ...\nq.enqueue(f, 1, job_timeout=9)",
            ("rq", "enqueue", "app.f", 1, [], False, False),
        ),
        (
            "from rq import Queue\nq = Queue()\ndef f(a): ...\nq.enqueue_in(9, f, 1)",
            ("rq", "enqueue_in", "app.f", 1, [], False, False),
        ),
        (
            "from rq.decorators import job\n@job('low')\ndef f(a): ...\nf.delay(1)",
            ("rq", "delay", "app.f", 1, [], False, False),
        ),
        (
            "from functools import partial\nfrom rq.decorators import job as rq_job\njob = partial(rq_job, connection=1)\n"
            "@job('low')\ndef f(a): ...\nf.delay(1)",
            ("rq", "delay", "app.f", 1, [], False, False),
        ),
        ("import dramatiq\n@dramatiq.actor\ndef f(a): ...\nf.send(1)", ("dramatiq", "send", "f", 1, [], False, False)),
        (
            "import dramatiq\n@dramatiq.actor\ndef f(a): ...\nf.send_with_options(args=(1, 2), delay=9)",
            ("dramatiq", "send_with_options", "f", 2, [], False, False),
        ),
        (
            "from arq import create_pool\nasync def f(ctx, a): ...\nclass WorkerSettings:\n    functions = [f]\n"
            "async def g():\n    pool = await create_pool()\n    await pool.enqueue_job('f', 1, _defer_by=9)",
            ("arq", "enqueue_job", "f", 1, [], False, False),
        ),
        (
            "from taskiq import InMemoryBroker\nbroker = InMemoryBroker()\n@broker.task\nasync def f(a): ...\n"
            "async def g():\n    await f.kiq(1)",
            ("taskiq", "kiq", "app:f", 1, [], False, False),
        ),
        (
            "from fastapi import BackgroundTasks\ndef f(a): ...\ndef g(later: BackgroundTasks):\n    later.add_task(f, 1, b=2)",
            ("starlette", "add_task", "app.f", 1, ["b"], False, False),
        ),
        (
            "from huey import RedisHuey\nhuey = RedisHuey()\n@huey.task()\ndef f(a): ...\nf(1)",
            ("huey", "call", "app.f", 1, [], False, False),
        ),
        (
            "from django.tasks import task\n@task\ndef f(a): ...\nf.enqueue(1)",
            ("django", "enqueue", "app.f", 1, [], False, False),
        ),
    ],
)
def test_other_queues_are_understood(text: str, expected: tuple[object, ...]) -> None:
    assert told(text) == [expected]


@pytest.mark.parametrize(
    "text", ["def f(mail):\n    mail.send(1)", "class A:\n    def delay(self): ...\nA().delay()", "x.s(1)"]
)
def test_what_is_no_task_is_not_enqueued(text: str) -> None:
    assert told(text) == []


def test_what_the_project_s_own_function_takes_is_not_for_the_task() -> None:
    text = (
        "import dramatiq\n@dramatiq.actor(actor_name='mail')\ndef f(key): ...\n"
        "def enqueue_job(name, *args, delay=None, **kwargs): ...\nenqueue_job('mail', 1, delay=9)\n"
    )
    assert told(text) == [("dramatiq", "enqueue_job", "mail", 1, [], False, False)]
