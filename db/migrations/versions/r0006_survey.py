"""Room for a survey: all measures of dynamics, clusters, and millions of formulas in half the space.

Digests become 16 bytes instead of 64 hexadecimal digits, candidates of findings numbers instead of 40 digits, and indexes
that no query uses go.  SQLite cannot change the type of a column, so there the tables are made anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import UserDefinedType

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_IDENTIFIER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_DIGEST = sa.LargeBinary(16).with_variant(sa.LargeBinary(), "postgresql")
_MOMENT = sa.DateTime(timezone=True)
_MEASURES = (
    "blind_delta",
    "log_denominator",
    "factorial_reduction",
    "growth",
    "linear_growth",
    "residual",
    "nilpotent",
)
_DIGESTS = {
    "formula": {"exact_digest": "exact_key", "class_digest": "class_key"},
    "identity": {"constant_digest": "constant", "lhs_digest": "lhs"},
    "formula_label": {"detail_digest": "detail"},
}


class _Untyped(UserDefinedType[object]):
    def get_col_spec(self, **_: object) -> str:
        return "BLOB"


def upgrade() -> None:
    """Change the columns and create the tables of clusters."""
    for index, table in (
        ("ix_formula_kind", "formula"),
        ("ix_formula_class_digest", "formula"),
        ("ix_formula_evidence", "formula"),
    ):
        op.drop_index(index, table)
    if op.get_bind().dialect.name == "sqlite":
        _rebuild()
    else:
        _alter()
    more = sa.text("evidence <> 'screened'")
    op.create_index("ix_formula_evidence", "formula", ["id", "evidence"], sqlite_where=more, postgresql_where=more)
    for name in _MEASURES:
        kind = sa.Boolean() if name == "factorial_reduction" else sa.Double()
        op.add_column("dynamics", sa.Column(name, kind, nullable=True))
    for name in ("delta", "rate"):
        op.create_index(f"ix_dynamics_{name}", "dynamics", [name, "regime"])
    op.create_table(
        "cluster",
        sa.Column("id", _IDENTIFIER, nullable=False),
        sa.Column("regime", sa.String(32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("noise", sa.Boolean(), nullable=False),
        sa.Column("constant", sa.Text(), nullable=True),
        sa.Column("centre", sa.JSON(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("created", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cluster"),
    )
    op.create_table(
        "cluster_member",
        sa.Column("formula_id", _IDENTIFIER, nullable=False),
        sa.Column("cluster_id", _IDENTIFIER, nullable=False),
        _reference("cluster_member", "formula"),
        _reference("cluster_member", "cluster"),
        sa.PrimaryKeyConstraint("formula_id", name="pk_cluster_member"),
    )
    op.create_index("ix_cluster_member_cluster_id", "cluster_member", ["cluster_id"])


def downgrade() -> None:
    """Not offered: no command goes back, and every table would have to be made anew from the texts."""
    raise NotImplementedError("the schema of the survey is not taken back: open a copy made before the upgrade")


def _reference(table: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [f"{target}_id"], [f"{target}.id"], name=f"fk_{table}_{target}_id_{target}", ondelete="CASCADE"
    )


def _alter() -> None:
    """On PostgreSQL each table is rewritten once."""
    for table, digests in _DIGESTS.items():
        changes = ", ".join(
            f"ALTER COLUMN {column} TYPE bytea USING substring(sha256(convert_to({text}, 'UTF8')) from 1 for 16)"
            for column, text in digests.items()
        )
        op.execute(f"ALTER TABLE {table} {changes}")
    op.execute("ALTER TABLE finding ALTER COLUMN candidate TYPE numeric(40, 0) USING candidate::numeric")


def _digest(text: str | None) -> bytes | None:
    return None if text is None else hashlib.sha256(text.encode()).digest()[:16]


def _rebuild() -> None:
    """On SQLite each table is copied into a new one that takes its name; foreign keys are off meanwhile and know names only."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.create_function("lab_digest", 1, _digest, deterministic=True)
    _replace(
        "formula",
        sa.Column("id", _IDENTIFIER, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("exact_key", sa.Text(), nullable=False),
        sa.Column("exact_digest", _DIGEST, nullable=False),
        sa.Column("class_key", sa.Text(), nullable=True),
        sa.Column("class_digest", _DIGEST, nullable=True),
        sa.Column("a", sa.Text(), nullable=True),
        sa.Column("b", sa.Text(), nullable=True),
        sa.Column("signs", sa.JSON(), nullable=True),
        sa.Column("prefix", sa.JSON(), nullable=True),
        sa.Column("polynomials", sa.JSON(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("approximation", sa.Double(), nullable=True),
        sa.Column("evidence", sa.String(16), nullable=False),
        sa.Column("created", _MOMENT, nullable=False),
        constraints=[
            sa.PrimaryKeyConstraint("id", name="pk_formula"),
            sa.UniqueConstraint("exact_digest", name="uq_formula_exact_digest"),
        ],
    )
    _replace(
        "identity",
        sa.Column("id", _IDENTIFIER, nullable=False),
        sa.Column("formula_id", _IDENTIFIER, nullable=False),
        sa.Column("constant", sa.Text(), nullable=False),
        sa.Column("constant_digest", _DIGEST, nullable=False),
        sa.Column("matrix", sa.JSON(), nullable=False),
        sa.Column("lhs", sa.Text(), nullable=False),
        sa.Column("lhs_digest", _DIGEST, nullable=False),
        sa.Column("height", sa.Double(), nullable=False),
        sa.Column("evidence", sa.String(16), nullable=False),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.Column("created", _MOMENT, nullable=False),
        constraints=[
            _reference("identity", "formula"),
            sa.PrimaryKeyConstraint("id", name="pk_identity"),
            sa.UniqueConstraint("formula_id", "lhs_digest", name="uq_identity_formula_id"),
        ],
        indexes=["constant_digest", "evidence"],
    )
    _replace(
        "formula_label",
        sa.Column("id", _IDENTIFIER, nullable=False),
        sa.Column("formula_id", _IDENTIFIER, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("detail_digest", _DIGEST, nullable=False),
        sa.Column("created", _MOMENT, nullable=False),
        constraints=[
            _reference("formula_label", "formula"),
            sa.PrimaryKeyConstraint("id", name="pk_formula_label"),
            sa.UniqueConstraint("formula_id", "kind", "detail_digest", name="uq_formula_label_formula_id"),
        ],
        indexes=["kind"],
    )
    _replace(
        "finding",
        sa.Column("job_id", _IDENTIFIER, nullable=False),
        sa.Column("candidate", _Untyped(), nullable=False),
        sa.Column("formula_id", _IDENTIFIER, nullable=False),
        constraints=[
            _reference("finding", "job"),
            _reference("finding", "formula"),
            sa.PrimaryKeyConstraint("job_id", "candidate", "formula_id", name="pk_finding"),
        ],
        indexes=["formula_id"],
        rowid=False,
    )


def _replace(
    table: str,
    *columns: sa.Column[object],
    constraints: Sequence[sa.Constraint],
    indexes: Sequence[str] = (),
    rowid: bool = True,
) -> None:
    names = [column.name for column in columns]
    sources = {name: name for name in names}
    sources |= {digest: f"lab_digest({text})" for digest, text in _DIGESTS.get(table, {}).items()}
    if table == "finding":
        # A text of 40 digits becomes an integer where that can hold it.
        sources["candidate"] = (
            "CASE WHEN candidate <= '0000000000000000000009223372036854775807' "
            "THEN CAST(candidate AS INTEGER) ELSE candidate END"
        )
    op.create_table(f"{table}_new", *columns, *constraints, sqlite_with_rowid=rowid)
    order = "job_id, candidate, formula_id" if table == "finding" else "id"
    op.execute(
        f"INSERT INTO {table}_new ({', '.join(names)}) SELECT {', '.join(sources[name] for name in names)} "
        f"FROM {table} ORDER BY {order}"
    )
    op.drop_table(table)
    op.rename_table(f"{table}_new", table)
    for name in indexes:
        op.create_index(f"ix_{table}_{name}", table, [name])
