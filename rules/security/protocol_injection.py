r"""Client data changes a protocol message.

## What it does
Follows data from the client to response headers, mail headers and raw cache commands, and reports it where a line
break can add a header or command. Frameworks that refuse line breaks are known.

## Why it matters
One line break adds a header, a recipient or a command that the application never meant to send.

## Example
```python
import smtplib

from flask import Flask, request

app = Flask(__name__)


@app.post("/contact")
def contact():
    message = "Subject: " + request.form["subject"] + "\n\nhello"
    with smtplib.SMTP("localhost") as server:
        server.sendmail("shop@example.com", ["team@example.com"], message)
    return "sent"
```

## Use instead
```python
import smtplib
from email.message import EmailMessage

from flask import Flask, request

app = Flask(__name__)


@app.post("/contact")
def contact():
    message = EmailMessage()
    message["Subject"] = request.form["subject"]
    with smtplib.SMTP("localhost") as server:
        server.send_message(message)
    return "sent"
```

## References
- https://cwe.mitre.org/data/definitions/74.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class ProtocolInjection(FlowRule):
    code = "SEC211"
    severity = Severity.HIGH
    cwe = (74,)
    owasp = ("A03:2021", "A05:2025")
    kinds = ("header", "mail", "cache")
    harm = "a line break in it adds a header or command"
    remedy = "Refuse line breaks, or use the library's own header objects."
