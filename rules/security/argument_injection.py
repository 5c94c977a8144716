"""A client's value may be read as an option of the program that it is handed to.

## What it does
Follows data from the client to the arguments of a program that is started without a shell, and reports it where the
value can begin with a dash and no `--` stands before it. What adds a whole command is `command-injection`.

## Why it matters
Many programs have options that write files or start other programs: `--output=`, `--upload-pack=`, `-o ProxyCommand=`.
A client who chooses the argument chooses among them.

## Example
```python
import subprocess

from flask import Flask, request

app = Flask(__name__)


@app.get("/log")
def log():
    return subprocess.check_output(["git", "log", request.args["ref"]])
```

## Use instead
```python
import subprocess

from flask import Flask, abort, request

app = Flask(__name__)


@app.get("/log")
def log():
    ref = request.args["ref"]
    if ref.startswith("-"):
        abort(400)
    return subprocess.check_output(["git", "log", ref])
```

## When not to use
It does not know the programs: one whose options can do no harm is reported as well.

## References
- https://cwe.mitre.org/data/definitions/88.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class ArgumentInjection(FlowRule):
    code = "SEC227"
    severity = Severity.MEDIUM
    preview = True
    cwe = (88,)
    owasp = ("A03:2021", "A05:2025")
    kinds = ("argument",)
    harm = "the client can give the program an option of its own"
    remedy = "Put `--` before it where the program knows that, or refuse what begins with a dash."
