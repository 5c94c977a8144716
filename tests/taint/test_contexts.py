from __future__ import annotations

import pytest

from tests.taint.reading import kinds


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('cursor.execute("select * from t where a = \'" + x + "\'")', ["sql"]),
        ("cursor.execute('select * from t where a = ?', (x,))", []),
        ('x = x.replace("\'", "\'\'")\ncursor.execute(f"select * from t where a = \'{x}\'")', []),
        ("x = x.replace(\"'\", \"''\")\ncursor.execute(f'select * from t where a = {x}')", ["sql"]),
        ("x = x.replace('a', 'b')\ncursor.execute(f\"select * from t where a = '{x}'\")", ["sql"]),
        ("open('/srv/' + x)", ["path"]),
        ("open('/srv/' + x.replace('/', '_'))", []),
        ("open(os.path.join('/srv', x.replace('..', '__')))", ["path"]),
        ("open(os.path.join('/srv', os.path.basename(x)))", []),
        ("from werkzeug.utils import secure_filename\nopen('/srv/' + secure_filename(x))", []),
        ("open(f'/srv/{number}.txt')", []),
        ("import pathlib\n(pathlib.Path('/srv') / x).read_text()", ["path"]),
        ("import requests\nrequests.get(x)", ["ssrf"]),
        ("import requests\nrequests.get('http://' + x)", ["ssrf"]),
        ("import requests\nrequests.get('https://api.example.com/' + x)", []),
        ("import requests\nrequests.get('https://api.example.com?q=' + x)", []),
        ("return redirect(x)", ["redirect"]),
        ("return redirect('/' + x)", ["redirect"]),
        ("return redirect('/users/' + x)", []),
        ("return redirect(html.escape(x))", ["redirect"]),
        ("return '<p>' + x", ["xss"]),
        ("return '<p>' + html.escape(x)", []),
        ("return f'<a title={html.escape(x)}>'", ["xss"]),
        ("return f'<a title=\"{html.escape(x)}\">'", []),
        ("return {'x': x}", []),
        ("return x, 200, {'Content-Type': 'text/plain'}", []),
        ("from flask import make_response\nreturn make_response(('ok', {'X-Name': x}))", []),
        ("from flask import Response\nreturn Response(x, mimetype='application/json')", []),
        ("from flask import Response\nreturn Response(x)", ["xss"]),
        ("eval(x)", ["code"]),
        ("import ast\nast.literal_eval(x)", []),
        ("import yaml\nyaml.load(x, Loader=yaml.Loader)", ["deserialization"]),
        ("import yaml\nyaml.load(x, Loader=yaml.SafeLoader)", []),
        ("import yaml\nyaml.load(x)", ["deserialization"]),
        ("from flask import render_template_string\nreturn render_template_string(x)", ["template"]),
        ("from flask import render_template_string\nreturn render_template_string('{{ x }}', x=x)", []),
        ("import lxml.etree\nlxml.etree.parse('f').xpath(f\"//a[@id='{x}']\")", ["xpath"]),
        ("import lxml.etree\nlxml.etree.parse('f').xpath('//a[@id=$i]', i=x)", []),
        ("import lxml.etree\nlxml.etree.fromstring(x, lxml.etree.XMLParser(resolve_entities=True))", ["xml"]),
        ("import lxml.etree\nlxml.etree.fromstring(x, lxml.etree.XMLParser(resolve_entities=False))", []),
        ("import ldap3\nldap3.Connection('s').search('o=x', f'(uid={x})')", ["ldap"]),
        (
            "import ldap3\nfrom ldap3.utils.conv import escape_filter_chars\n"
            "ldap3.Connection('s').search('o=x', f'(uid={escape_filter_chars(x)})')",
            [],
        ),
        ("import flask\nflask.session['user_id'] = x", ["trust-boundary"]),
    ],
)
def test_the_text_around_a_hole_says_what_it_takes_to_break_out(body: str, expected: list[str]) -> None:
    assert kinds(body) == expected
