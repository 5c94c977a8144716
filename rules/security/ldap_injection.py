"""Client data changes an LDAP query.

## What it does
Follows data from the client to LDAP filters and names, and reports it where it is not escaped.

## Why it matters
A parenthesis rewrites the filter: a login matches any account, a search returns the directory.

## Example
```python
import ldap3
from flask import Flask, request

app = Flask(__name__)


@app.get("/people")
def people():
    connection = ldap3.Connection("ldap://directory")
    connection.search("dc=example", "(uid=" + request.args["uid"] + ")")
    return str(connection.entries)
```

## Use instead
```python
import ldap3
from flask import Flask, request
from ldap3.utils.conv import escape_filter_chars

app = Flask(__name__)


@app.get("/people")
def people():
    connection = ldap3.Connection("ldap://directory")
    connection.search("dc=example", "(uid=" + escape_filter_chars(request.args["uid"]) + ")")
    return str(connection.entries)
```

## References
- https://cwe.mitre.org/data/definitions/90.html
"""

from __future__ import annotations

from backend_lint.api import FlowRule, Severity


class LdapInjection(FlowRule):
    code = "SEC224"
    severity = Severity.HIGH
    cwe = (90,)
    owasp = ("A03:2021", "A05:2025")
    kinds = ("ldap",)
    harm = "a parenthesis in it rewrites the query"
    remedy = "Escape it with `ldap.filter.escape_filter_chars` or `ldap3.utils.conv.escape_filter_chars`."
