"""What one route stores in a column and another uses, where `stored_values` asks for it."""

from __future__ import annotations

import pytest

from backend_lint import adapters
from backend_lint.taint import Options, analyse
from tests.taint.reading import project

MODELS = """
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()

class Job(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    command = db.Column(db.String(200))
    count = db.Column(db.Integer)
"""
WORKER = """
import os
from models import Job

def run(number):
    job: Job = Job.query.get(number)
    os.system(job.command)
    os.system(f"seq {job.count}")
"""
CREATED = """
from flask import Flask, request
from models import Job, db

app = Flask(__name__)

@app.post("/jobs")
def create():
    db.session.add(Job(command=request.json["command"], count=request.json["count"]))
    return "ok"
"""
ASSIGNED = CREATED.replace(
    'db.session.add(Job(command=request.json["command"], count=request.json["count"]))',
    'job: Job = Job.query.first()\n    job.command = request.json["command"]',
)
FIXED = CREATED.replace('request.json["command"]', '"true"')


def kinds(app: str, *, stored_values: bool) -> list[str]:
    linked = project({"models.py": MODELS, "worker.py": WORKER, "app.py": app})
    adapters.read(linked)
    return [flow.kind for flow in analyse(linked, options=Options(stored_values=stored_values)).flows]


@pytest.mark.parametrize("app", [CREATED, ASSIGNED])
def test_what_a_route_stores_is_followed_to_its_reader_where_that_is_asked_for(app: str) -> None:
    assert kinds(app, stored_values=True) == ["command"]
    assert kinds(app, stored_values=False) == []


def test_a_column_that_no_client_writes_is_harmless() -> None:
    assert kinds(FIXED, stored_values=True) == []
