"""Client data becomes a command.

## What it does
Follows data from the client to shells, programs to run and remote commands, and reports it where it can add a command.
What only adds an option is `argument-injection`.

## Why it matters
Whoever calls the endpoint runs programs on the server, with all that the server may do.

## Example
```python
import subprocess

from flask import Flask, request

app = Flask(__name__)


@app.get("/ping")
def ping():
    return subprocess.check_output("ping -c1 " + request.args["host"], shell=True)
```

## Use instead
```python
import subprocess

from flask import Flask, request

app = Flask(__name__)


@app.get("/ping")
def ping():
    return subprocess.check_output(["ping", "-c1", "--", request.args["host"]])
```

## References
- https://cwe.mitre.org/data/definitions/78.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class CommandInjection(FlowRule):
    code = "SEC202"
    severity = Severity.CRITICAL
    cwe = (78,)
    owasp = ("A03:2021", "A05:2025")
    kinds = ("command",)
    harm = "whoever calls the endpoint can run programs on the server"
    remedy = "Pass a list of fixed arguments without a shell, a value behind `--`, or quote it with `shlex.quote`."
