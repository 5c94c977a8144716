"""What is read of tasks, beside what the running libraries say of the same file."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.reading import project

DRAMATIQ = """
import dramatiq
from dramatiq.brokers.stub import StubBroker

broker = StubBroker()
dramatiq.set_broker(broker)


@dramatiq.actor(queue_name="mail", actor_name="send-mail")
def send(order, kind="new"): ...


@dramatiq.actor
def clean(): ...


def enqueue():
    send.send(1, kind="paid")
    send.send_with_options(args=(2,), kwargs={"kind": "late"})
    clean.send()
"""
TASKIQ = """
from taskiq import InMemoryBroker

broker = InMemoryBroker()


@broker.task
async def clean(): ...


@broker.task(task_name="mail.send")
async def send(order): ...


async def enqueue():
    await clean.kiq()
    await send.kiq(1)
"""
ARQ = """
from arq import cron, func


async def clean(ctx): ...


async def send(ctx, order): ...


async def nightly(ctx): ...


class WorkerSettings:
    functions = [clean, func(send, name="mail.send")]
    cron_jobs = [cron(nightly, hour=3)]


async def enqueue(pool):
    await pool.enqueue_job("clean")
    await pool.enqueue_job("mail.send", 1)
"""
RQ = """
from redis import Redis
from rq import Queue
from rq.decorators import job

connection = Redis()
queue = Queue("slow", connection=connection)


def clean(): ...


@job("mail", connection=connection)
def send(order): ...


def enqueue():
    queue.enqueue(clean)
    send.delay(1)
"""
CELERY = """
from celery import Celery, shared_task

app = Celery("shop", broker="memory://", set_as_current=True)


@app.task(name="mail.send", queue="mail")
def send(order): ...


@shared_task
def clean(): ...


def enqueue():
    send.delay(1)
    clean.apply_async()
"""


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    def load(name: str, text: str) -> ModuleType:
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, name, raising=False)
        return importlib.import_module(name)

    return load


def tasks(name: str, text: str) -> dict[str, str | None]:
    """The queue of each task, by name."""
    return {each.name: each.queue for each in project({f"{name}.py": text}).tasks}


def enqueued(name: str, text: str) -> list[tuple[str | None, int, list[str]]]:
    return [(each.name, len(each.args), sorted(each.kwargs)) for each in project({f"{name}.py": text}).enqueues]


def test_dramatiq(imported: Any) -> None:
    module = imported("dramatiq_shop", DRAMATIQ)
    truth = {name: actor.queue_name for name, actor in module.broker.actors.items()}
    assert {name: queue or "default" for name, queue in tasks("dramatiq_shop", DRAMATIQ).items()} == truth
    sent: list[Any] = []
    module.broker.enqueue = lambda message, delay=None: sent.append(message) or message
    module.enqueue()
    assert enqueued("dramatiq_shop", DRAMATIQ) == [
        (message.actor_name, len(message.args), sorted(message.kwargs)) for message in sent
    ]


def test_taskiq(imported: Any) -> None:
    module = imported("taskiq_shop", TASKIQ)
    assert tasks("taskiq_shop", TASKIQ).keys() == module.broker.get_all_tasks().keys()
    assert enqueued("taskiq_shop", TASKIQ) == [("taskiq_shop:clean", 0, []), ("mail.send", 1, [])]


def test_arq(imported: Any) -> None:
    from arq.worker import func

    settings = imported("arq_shop", ARQ).WorkerSettings
    truth = {func(each).name for each in settings.functions} | {each.name for each in settings.cron_jobs}
    assert tasks("arq_shop", ARQ).keys() == truth
    assert enqueued("arq_shop", ARQ) == [("clean", 0, []), ("mail.send", 1, [])]


def test_rq(imported: Any) -> None:
    from rq.job import Job

    module = imported("rq_shop", RQ)
    truth = {Job.create(each, connection=module.connection).func_name for each in (module.clean, module.send)}
    found = tasks("rq_shop", RQ)
    assert found.keys() == truth
    assert found["rq_shop.send"] == "mail"
    assert enqueued("rq_shop", RQ) == [("rq_shop.clean", 0, []), ("rq_shop.send", 1, [])]


def test_celery(imported: Any) -> None:
    module = imported("celery_shop", CELERY)
    module.app.finalize()
    truth = {name: getattr(task, "queue", None) for name, task in module.app.tasks.items()}
    truth = {name: queue for name, queue in truth.items() if not name.startswith("celery.")}
    assert tasks("celery_shop", CELERY) == truth
