"""Client data is deserialised into objects.

## What it does
Follows data from the client to `pickle`, `yaml.load`, `marshal`, `jsonpickle` and other loaders that build whatever
objects the bytes ask for.

## Why it matters
The bytes say what to construct and call: whoever sends them runs code on the server.

## Example
```python
import pickle

from flask import Flask, request

app = Flask(__name__)


@app.post("/cart")
def cart():
    return str(len(pickle.loads(request.data)))
```

## Use instead
```python
import json

from flask import Flask, request

app = Flask(__name__)


@app.post("/cart")
def cart():
    return str(len(json.loads(request.data)))
```

## References
- https://cwe.mitre.org/data/definitions/502.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class UnsafeDeserialization(FlowRule):
    code = "SEC207"
    severity = Severity.CRITICAL
    cwe = (502,)
    owasp = ("A08:2021", "A08:2025")
    kinds = ("deserialization",)
    harm = "the bytes say which code to run"
    remedy = "Exchange JSON, or load with `yaml.safe_load`."
