"""Tables as migrations leave them."""

from __future__ import annotations

from textwrap import dedent, indent

from backend_lint.project.model import StoredTable
from tests.reading import project


def alembic(*upgrades: str) -> list[StoredTable]:
    """The tables after these revisions, each built on the one before it."""
    files = {
        f"versions/r{number}.py": "from alembic import op\nimport sqlalchemy as sa\n\n"
        f"revision = 'r{number}'\ndown_revision = {f'r{number - 1}' if number else None!r}\n\n"
        f"def upgrade():\n{indent(dedent(text).strip(), '    ')}\n"
        for number, text in enumerate(upgrades)
    }
    return project(files).stored


def django(*operations: str, extra: str = "") -> list[StoredTable]:
    files = {"shop/__init__.py": "", "shop/models.py": "", "shop/migrations/__init__.py": ""}
    for number, text in enumerate(operations):
        before = f'[("shop", "m{number - 1}")]' if number else "[]"
        files[f"shop/migrations/m{number}.py"] = (
            "from django.db import migrations, models\n\nclass Migration(migrations.Migration):\n"
            f"    dependencies = {before}\n{extra if number == len(operations) - 1 else ''}"
            f"    operations = [\n{indent(dedent(text).strip(), '        ')}\n    ]\n"
        )
    return project(files).stored


def shown(tables: list[StoredTable]) -> list[str]:
    """`orders: id Integer key, note String null; unique (id, note)`, with `?` where something is not certain."""
    found = []
    for table in tables:
        columns = [
            " ".join(
                part
                for part, is_on in (
                    (each.name, True),
                    (each.type or "?", True),
                    ("key", each.primary_key),
                    ("null", each.nullable),
                    ("unique", each.unique),
                    ("index", each.index),
                )
                if is_on
            )
            for each in table.columns.values()
        ]
        indexes = [f"{'unique' if each.unique else 'index'} ({', '.join(each.columns)})" for each in table.indexes]
        mark = "" if table.is_certain else "?"
        found.append("; ".join([f"{table.name}{mark}: {', '.join(columns)}", *indexes]))
    return found


def test_alembic_leaves_what_its_operations_make() -> None:
    assert shown(
        alembic(
            """
            op.create_table(
                "orders",
                sa.Column("id", sa.Integer(), nullable=False),
                sa.Column("note", sa.String(20)),
                sa.PrimaryKeyConstraint("id"),
                sa.UniqueConstraint("note", name="one_note"),
            )
            op.create_table("old", sa.Column("id", sa.Integer(), primary_key=True))
            """,
            """
            op.add_column("orders", sa.Column("total", sa.Integer(), nullable=False, server_default="0"))
            op.alter_column("orders", "note", nullable=False, type_=sa.Text())
            op.alter_column("orders", "total", new_column_name="amount")
            op.create_index("by_amount", "orders", ["amount"])
            op.drop_constraint("one_note", "orders", type_="unique")
            op.drop_table("old")
            """,
        )
    ) == ["orders: id Integer key, note Text, amount Integer; index (amount)"]


def test_a_renamed_table_keeps_its_columns() -> None:
    made = 'op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True))'
    assert shown(alembic(made, 'op.rename_table("orders", "purchases")')) == ["purchases: id Integer key"]


def test_tables_of_several_schemas_are_told_apart() -> None:
    made = """
    op.create_table("files", sa.Column("id", sa.Integer(), primary_key=True), schema="papers")
    op.create_table("files", sa.Column("name", sa.Text()), schema="events")
    op.add_column("files", sa.Column("size", sa.Integer()), schema="events")
    """
    assert shown(alembic(made)) == ["events.files: name Text null, size Integer null", "papers.files: id Integer key"]


def test_a_statement_that_cannot_be_read_makes_its_tables_uncertain() -> None:
    made = 'op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True))'
    other = 'op.create_table("lines", sa.Column("id", sa.Integer(), primary_key=True))'
    altered = 'op.execute("ALTER TABLE orders ADD COLUMN note text")'
    assert shown(alembic(made, other, altered)) == ["lines: id Integer key", "orders?: id Integer key"]


def test_an_update_of_rows_changes_no_table() -> None:
    made = 'op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True))'
    assert shown(alembic(made, 'op.execute("UPDATE orders SET id = 2")')) == ["orders: id Integer key"]


def test_an_index_made_by_a_statement_counts() -> None:
    made = 'op.create_table("orders", sa.Column("note", sa.Text()))'
    statement = 'op.execute("CREATE INDEX CONCURRENTLY by_note ON orders USING btree (note)")'
    assert shown(alembic(made, statement)) == ["orders: note Text null; index (note)"]


_ORDER = """
migrations.CreateModel(
    name="Order",
    fields=[
        ("id", models.AutoField(primary_key=True)),
        ("note", models.CharField(max_length=9, null=True)),
        ("customer", models.ForeignKey("shop.Customer", models.CASCADE)),
    ],
    options={"unique_together": {("note", "customer")}},
),
"""


def test_django_leaves_what_its_operations_make() -> None:
    assert shown(
        django(
            _ORDER,
            """
            migrations.AddField("order", "paid", models.BooleanField(default=False)),
            migrations.AlterField("order", "note", models.TextField()),
            migrations.RenameField("order", "customer", "buyer"),
            migrations.AddIndex("order", models.Index(fields=["-paid"], name="by_paid")),
            migrations.RenameModel("Order", "Purchase"),
            """,
        )
    ) == [
        "shop_purchase: id AutoField key, note TextField, paid BooleanField, buyer_id ForeignKey index; "
        "unique (note, buyer_id); index (paid)"
    ]


def test_unique_sets_take_the_place_of_earlier_ones() -> None:
    changed = 'migrations.AlterUniqueTogether(name="order", unique_together=set())'
    [table] = django(_ORDER, changed)
    assert table.indexes == []


def test_what_only_the_database_sees_is_no_state() -> None:
    separate = """
    migrations.SeparateDatabaseAndState(
        database_operations=[migrations.RemoveField("order", "note")],
        state_operations=[migrations.AddField("order", "ghost", models.IntegerField())],
    )
    """
    [table] = django(_ORDER, separate)
    assert [*table.columns] == ["id", "note", "customer", "ghost"]


def test_a_squash_counts_once() -> None:
    extra = '    replaces = [("shop", "m0")]\n'
    added = 'migrations.AddField("order", "paid", models.BooleanField(default=False))'
    [table] = django(_ORDER, added, _ORDER, extra=extra)
    assert [*table.columns] == ["id", "note", "customer", "paid"]


def test_what_builds_on_a_squashed_migration_comes_after_the_squash() -> None:
    files = {"shop/__init__.py": "", "shop/models.py": "", "shop/migrations/__init__.py": ""}
    head = "from django.db import migrations, models\n\nclass Migration(migrations.Migration):\n"
    made = f"    operations = [{_ORDER.strip()}]\n"
    added = '    operations = [migrations.AddField("order", "paid", models.BooleanField(default=False))]\n'
    files["shop/migrations/z0001_squash.py"] = f'{head}    replaces = [("shop", "m1")]\n    dependencies = []\n{made}'
    files["shop/migrations/m2.py"] = f'{head}    dependencies = [("shop", "m1")]\n{added}'
    [table] = project(files).stored
    assert [*table.columns] == ["id", "note", "customer", "paid"]


def test_an_operation_of_the_project_is_the_one_that_it_builds_on() -> None:
    models = 'migrations.CreateModel("Order", [("id", models.AutoField(primary_key=True))])'
    added = 'Filled("order", "note", models.TextField(null=True))'
    files = {
        "shop/__init__.py": "",
        "shop/models.py": "",
        "shop/migrations/__init__.py": "",
        "shop/operations.py": "from django.db import migrations\n\nclass Filled(migrations.AddField):\n    pass\n",
        "shop/migrations/m0.py": "from django.db import migrations, models\nfrom shop.operations import Filled\n\n"
        f"class Migration(migrations.Migration):\n    operations = [{models}, {added}]\n",
    }
    assert [list(table.columns) for table in project(files).stored] == [["id", "note"]]


def test_an_application_is_not_named_after_a_migration_of_another_with_the_same_name() -> None:
    made = 'operations = [migrations.CreateModel("{}", [("id", models.AutoField(primary_key=True))])]'
    head = "from django.db import migrations, models\n\nclass Migration(migrations.Migration):\n    "
    files = {
        "shop/__init__.py": "",
        "shop/models.py": "",
        "shop/migrations/__init__.py": "",
        "shop/migrations/0001_initial.py": head + made.format("Order"),
        "mail/__init__.py": "",
        "mail/models.py": "",
        "mail/migrations/__init__.py": "",
        "mail/migrations/0001_initial.py": head
        + 'dependencies = [("shop", "0001_initial")]\n    '
        + made.format("Letter"),
    }
    assert [table.name for table in project(files).stored] == ["mail_letter", "shop_order"]


def test_a_table_that_computed_operations_speak_of_is_not_certain() -> None:
    files = {
        "shop/__init__.py": "",
        "shop/models.py": "",
        "shop/migrations/__init__.py": "",
        "shop/migrations/m0.py": "from django.db import migrations, models\n\nclass Migration(migrations.Migration):\n"
        '    operations = [migrations.CreateModel("Order", [("id", models.AutoField(primary_key=True))]),'
        ' migrations.CreateModel("Line", [("id", models.AutoField(primary_key=True))])]\n',
        "shop/migrations/m1.py": "from django.db import migrations, models\n\nMADE = ('order',)\n\n"
        "def made():\n    return [migrations.AddIndex(each, models.Index(fields=['id'], name='i')) for each in MADE]\n\n"
        "class Migration(migrations.Migration):\n    dependencies = [('shop', 'm0')]\n    operations = made()\n",
    }
    assert {table.entity: table.is_certain for table in project(files).stored} == {"order": False, "line": True}
