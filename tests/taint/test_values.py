from __future__ import annotations

import pytest

from tests.taint.reading import flows, kinds


@pytest.mark.parametrize(
    "body",
    [
        "os.system(x)",
        "os.system('ls ' + x)",
        "os.system(f'ls {x}')",
        "os.system('ls %s' % x)",
        "os.system('ls {}'.format(x))",
        "os.system(' '.join(['ls', x]))",
        "cmd = 'ls '\ncmd += x\nos.system(cmd)",
        "template = 'ls {0}'\nos.system(template.format(x))",
        "import io\nout = io.StringIO()\nout.write('ls ')\nout.write(x)\nos.system(out.getvalue())",
        "a, b = x.split(',')\nos.system(b)",
        "os.system(x.strip().lower()[2:])",
        "os.system(x[::-1])",
        "os.system(str(x))",
        "import base64\nos.system(base64.b64decode(x).decode())",
        "first, *rest = ['ls', x, 'y']\nos.system(rest[0])",
        "os.system(x if number else 'ls')",
        "os.system((number and x) or 'ls')",
        "if (y := x):\n    os.system(y)",
        "def inner():\n    os.system(x)\ninner()",
        "run = lambda value: os.system(value)\nrun(x)",
        "from functools import partial\npartial(os.system, x)()",
        "list(map(os.system, [x]))",
        "[os.system(part) for part in x.split()]",
        "getattr(os, 'system')(x)",
        "{'run': os.system}['run'](x)",
        "try:\n    raise ValueError(x)\nexcept ValueError as error:\n    os.system(str(error))",
        "for word in (x, 'b'):\n    os.system(word)",
        "out = ''\nfor char in x:\n    out += char\nos.system(out)",
        "i = 0\nwhile i < number:\n    i += 1\n    y = x\nos.system(y)",
        "match number:\n    case 1:\n        y = x\n    case _:\n        y = 'ls'\nos.system(y)",
        "with open('f') as f:\n    y = x\nos.system(y)",
        "subprocess.run(x, shell=True)",
        "subprocess.run(['sh', '-c', x])",
        "args = ['sh']\nargs.append('-c')\nargs.append('ls ' + x)\nsubprocess.run(args)",
        "subprocess.run([x, 'a'])",
    ],
)
def test_what_the_client_sent_reaches_the_shell(body: str) -> None:
    assert kinds(body) == ["command"]


@pytest.mark.parametrize(
    "body",
    [
        "os.system('ls')",
        "x = 'ls'\nos.system(x)",
        "os.system(x if 7 * 6 > 50 else 'ls')",
        "y = 'ls'\nif 'z' in 'abc':\n    y = x\nos.system(y)",
        "match 'abc'[1]:\n    case 'a':\n        y = x\n    case 'b':\n        y = 'ls'\nos.system(y)",
        "while False:\n    os.system(x)",
        "return 'no'\nos.system(x)",
        "os.system(f'kill {number}')",
        "os.system(f'kill {int(x)}')",
        "os.system('kill %d' % int(x))",
        "os.system(str(len(x)))",
        "os.system(shlex.quote(x))",
        "os.system('ls ' + shlex.quote(x))",
        "subprocess.run(['ls', '--', x])",
        "os.system('help{}me'.format(x)[:4])",
        "s = 'help' + x + 'me'\nos.system(s[-2:])",
        "d = {'a': 'ls', 'b': x}\nos.system(d['a'])",
        "d = {}\nd['a'] = 'ls'\nd['b'] = x\nos.system(d.get('a'))",
        "l = ['ls']\nl.append(x)\nos.system(l[0])",
        "l = ['a', x, 'ls']\nl.pop(0)\nos.system(l[1])",
        "l = []\nl.append('a')\nl.append(x)\nl.insert(0, 'ls')\nos.system(l[0])",
        "a, b = 'ls', x\nos.system(a)",
        "first, *rest = ['ls', x]\nos.system(first)",
        "os.system({'a': 'ls', 'b': 'pwd'}.get(x, 'ls'))",
        "import configparser\nc = configparser.ConfigParser()\nc.add_section('s')\nc.set('s', 'a', 'ls')\n"
        "c.set('s', 'b', x)\nos.system(c.get('s', 'a'))",
        "os.system(request.path.split('/')[1])",
    ],
)
def test_what_the_client_sent_does_not_reach_the_shell(body: str) -> None:
    assert kinds(body) == []


_TABLES = [
    "TABLE = {each.__name__: each for each in [Loud, Quiet]}",
    "TABLE = {}\nTABLE[Loud.__name__] = Loud",
    "TABLE = {}\nfor each in (Loud, Quiet):\n    TABLE[each.__name__] = each",
    "TABLE = {}\nTABLE.update({Loud.__name__: Loud})",
]


@pytest.mark.parametrize("table", _TABLES)
def test_a_table_that_a_module_computes_holds_what_was_put_in(table: str) -> None:
    text = f"""
import os
from flask import Flask, request
app = Flask(__name__)
class Loud:
    def run(self, x): os.system(x)
class Quiet:
    def run(self, x): return 1
{table}
@app.route("/")
def handler():
    TABLE[request.args["k"]]().run(request.args["x"])
"""
    assert flows({"app.py": text}) == ["command app.py:6"]
