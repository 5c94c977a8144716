"""Migrations, as operations on tables."""

from __future__ import annotations

from textwrap import dedent

from backend_lint.project.model import Migration, Operation
from tests.reading import project


def alembic(upgrade: str, downgrade: str = "pass") -> Migration:
    text = f"""
from alembic import op
import sqlalchemy as sa

revision = "b2"
down_revision = "a1"

def upgrade():
{_body(upgrade)}

def downgrade():
{_body(downgrade)}
"""
    [found] = project({"versions/b2_orders.py": text}).migrations
    return found


def django(operations: str, extra: str = "") -> Migration:
    files = {
        "shop/__init__.py": "",
        "shop/models.py": "from django.db import models\nclass Order(models.Model):\n    total = models.IntegerField()\n",
        "shop/migrations/__init__.py": "",
        "shop/migrations/0002_next.py": f"""
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
{_body(extra) if extra else ""}
    operations = [
{_body(operations)}
    ]
""",
    }
    [found] = project(files).migrations
    return found


def _body(text: str) -> str:
    return "\n".join(f"    {line}" for line in dedent(text).strip().splitlines())


def line(each: Operation) -> str:
    """`add_column orders.total Integer not null`."""
    where = ".".join(part for part in (each.table, each.column) if part) or "?"
    facts = [each.kind, where]
    if each.new_name:
        facts.append(f"to {each.new_name}")
    if each.type:
        facts.append(each.type)
    if each.nullable is not None:
        facts.append("null" if each.nullable else "not null")
    if each.columns:
        facts.append(f"({', '.join(each.columns)})")
    flags = {
        "default": each.has_default,
        "server default": each.has_server_default,
        "unique": each.unique,
        "concurrent": each.is_concurrent,
        "irreversible": not each.is_reversible,
        "downgrade": not each.is_upgrade,
        "outside": not each.in_transaction,
        "state": each.is_state_only,
    }
    return " ".join(facts + [name for name, is_on in flags.items() if is_on])


def lines(migration: Migration) -> list[str]:
    return [line(each) for each in migration.operations]


def test_a_revision_knows_what_it_builds_on() -> None:
    found = alembic("pass")
    assert (found.tool, found.revision, found.down, found.operations) == ("alembic", "b2", ("a1",), [])


def test_tables_and_columns_of_alembic() -> None:
    assert lines(
        alembic(
            """
            op.create_table("orders", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text()))
            op.add_column("orders", sa.Column("total", sa.Integer(), nullable=False, server_default="0"))
            op.alter_column("orders", "note", nullable=False, type_=sa.String(20))
            op.alter_column("orders", "total", new_column_name="amount")
            op.rename_table("orders", "purchases")
            """,
            'op.drop_column("orders", "total")\nop.drop_table("orders")',
        )
    ) == [
        "create_table orders (id, note)",
        "add_column orders.total Integer not null server default",
        "alter_column orders.note String not null",
        "rename_column orders.total to amount",
        "rename_table orders to purchases",
        "drop_column orders.total downgrade",
        "drop_table orders downgrade",
    ]


def test_a_batch_names_the_table_once() -> None:
    assert lines(
        alembic(
            """
            with op.batch_alter_table("orders") as batch:
                batch.add_column(sa.Column("total", sa.Integer()))
                batch.drop_column("note")
                batch.create_index(batch.f("ix_total"), ["total"], unique=True)
                batch.create_unique_constraint("one", ["total", "note"])
            """
        )
    ) == [
        "add_column orders.total Integer null",
        "drop_column orders.note",
        "add_index orders (total) unique",
        "add_constraint orders (total, note) unique",
    ]


def test_batches_of_one_name_are_told_apart() -> None:
    assert lines(
        alembic(
            """
            with op.batch_alter_table("orders") as batch:
                batch.drop_column("note")
            with op.batch_alter_table("lines") as batch:
                batch.drop_column("total")
            """
        )
    ) == ["drop_column orders.note", "drop_column lines.total"]


def test_an_index_may_be_built_outside_of_the_transaction() -> None:
    assert lines(
        alembic(
            """
            op.create_index(op.f("ix_orders_total"), "orders", ["total"])
            with op.get_context().autocommit_block():
                op.create_index("ix_orders_note", "orders", ["note"], postgresql_concurrently=True)
            """
        )
    ) == ["add_index orders (total)", "add_index orders (note) concurrent outside"]


def test_functions_of_the_file_are_followed() -> None:
    found = project(
        {
            "versions/c3.py": """
                from alembic import op

                revision = "c3"
                down_revision = ("a1", "b2")

                def add():
                    op.execute("UPDATE orders SET total = 0")

                def upgrade():
                    add()
                """
        }
    ).migrations
    assert [(each.down, lines(each)) for each in found] == [(("a1", "b2"), ["run_sql ?"])]


def test_a_migration_of_django_knows_its_table() -> None:
    found = django('migrations.AddField("order", "note", models.CharField(max_length=9, null=True))')
    assert (found.revision, found.down, found.app) == ("shop.0002_next", ("shop.0001_initial",), "shop")
    assert lines(found) == ["add_column shop_order.note CharField null"]


def test_operations_of_django() -> None:
    assert lines(
        django(
            """
            migrations.CreateModel(
                name="Line",
                fields=[
                    ("id", models.AutoField(primary_key=True)),
                    ("order", models.ForeignKey("shop.Order", models.CASCADE)),
                    ("tags", models.ManyToManyField("shop.Tag")),
                ],
                options={"db_table": "lines"},
            ),
            migrations.AddField("order", "paid", models.BooleanField(default=False)),
            migrations.AlterField("order", "total", models.BigIntegerField(unique=True)),
            migrations.RenameField("order", "total", "amount"),
            migrations.RemoveField("order", "note"),
            migrations.DeleteModel("Old"),
            migrations.AddIndex("order", models.Index(fields=["-amount"], name="by_amount")),
            migrations.AlterUniqueTogether(name="order", unique_together={("amount", "paid")}),
            migrations.RunPython(print),
            migrations.RunSQL("select 1", "select 2"),
            migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("order", "ghost")]),
            """
        )
    ) == [
        "create_table lines (id, order_id)",
        "add_column shop_order.paid BooleanField not null default",
        "alter_column shop_order.total BigIntegerField not null unique",
        "rename_column shop_order.total to amount",
        "drop_column shop_order.note",
        "drop_table shop_old",
        "add_index shop_order (amount)",
        "add_constraint shop_order (amount, paid) unique",
        "run_python ? irreversible",
        "run_sql ?",
        "drop_column shop_order.ghost state",
    ]


def test_a_migration_without_a_transaction_says_so() -> None:
    found = django("migrations.RunSQL('select 1')", "atomic = False")
    assert (found.is_atomic, lines(found)) == (False, ["run_sql ? irreversible outside"])


def test_the_label_is_the_one_that_migrations_call_each_other_by() -> None:
    step = "from django.db import migrations\nclass Migration(migrations.Migration):\n    dependencies = [{}]\n"
    found = project(
        {
            "search/__init__.py": "",
            "search/migrations/__init__.py": "",
            "search/migrations/0001_initial.py": step.format(""),
            "search/migrations/0002_more.py": step.format("('shopsearch', '0001_initial')"),
        }
    ).migrations
    assert [each.revision for each in found] == ["shopsearch.0001_initial", "shopsearch.0002_more"]
