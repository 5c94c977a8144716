"""Client data becomes a template.

## What it does
Follows data from the client to where the source of a template is compiled, as opposed to the values it is filled with;
for Django's own templates, to where one is rendered.

## Why it matters
Template languages reach the objects behind the values: whoever writes the template runs code on the server. Django's
cannot run code, but read whatever the context leads to and include other templates: those flows are medium.

## Example
```python
from flask import Flask, render_template_string, request

app = Flask(__name__)


@app.get("/hello")
def hello():
    return render_template_string("Hello " + request.args["name"])
```

## Use instead
```python
from flask import Flask, render_template_string, request

app = Flask(__name__)


@app.get("/hello")
def hello():
    return render_template_string("Hello {{ name }}", name=request.args["name"])
```

## When not to
An environment of `jinja2.sandbox` is what templates of users are for; the rule is silent there.

## References
- https://cwe.mitre.org/data/definitions/1336.html
- https://cwe.mitre.org/data/definitions/94.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class TemplateInjection(FlowRule):
    code = "SEC204"
    severity = Severity.CRITICAL
    cwe = (1336, 94)
    owasp = ("A03:2021", "A05:2025")
    kinds = ("template", "django-template")
    harm = "whoever calls the endpoint writes the template and runs code with it"
    apart = {
        "django-template": (
            Severity.MEDIUM,
            "whoever writes a Django template reads whatever its context leads to, and includes any other template",
        )
    }
    remedy = "Keep the template fixed and pass the value to it."
