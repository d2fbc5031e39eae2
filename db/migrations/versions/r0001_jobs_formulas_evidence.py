"""Jobs with their done intervals, formulas, identities, evidence and provenance.

A revision is frozen: it states the types of its day instead of importing the models, which move on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_IDENTIFIER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INDEX = sa.String(40)
_DIGEST = sa.String(64)
_MOMENT = sa.DateTime(timezone=True)


def _reference(table: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [f"{target}_id"], [f"{target}.id"], name=f"fk_{table}_{target}_id_{target}", ondelete="CASCADE"
    )


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "job",
        sa.Column("id", _IDENTIFIER, nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("spec_key", _DIGEST, nullable=False),
        sa.Column("version", sa.String(100), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("total", _INDEX, nullable=False),
        sa.Column("done", _INDEX, nullable=False),
        sa.Column("findings", sa.BigInteger(), nullable=False),
        sa.Column("counters", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("created", _MOMENT, nullable=False),
        sa.Column("updated", _MOMENT, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("spec_key", "version", name="uq_job_spec_key"),
    )
    op.create_index("ix_job_state", "job", ["state"])
    op.create_table(
        "unit",
        sa.Column("job_id", _IDENTIFIER, nullable=False),
        sa.Column("start", _INDEX, nullable=False),
        sa.Column("stop", _INDEX, nullable=False),
        _reference("unit", "job"),
        sa.PrimaryKeyConstraint("job_id", "start", name="pk_unit"),
    )
    op.create_table(
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
        sa.PrimaryKeyConstraint("id", name="pk_formula"),
        sa.UniqueConstraint("exact_digest", name="uq_formula_exact_digest"),
    )
    op.create_index("ix_formula_kind", "formula", ["kind"])
    op.create_index("ix_formula_class_digest", "formula", ["class_digest"])
    op.create_index("ix_formula_evidence", "formula", ["evidence"])
    op.create_table(
        "finding",
        sa.Column("job_id", _IDENTIFIER, nullable=False),
        sa.Column("candidate", _INDEX, nullable=False),
        sa.Column("formula_id", _IDENTIFIER, nullable=False),
        _reference("finding", "job"),
        _reference("finding", "formula"),
        sa.PrimaryKeyConstraint("job_id", "candidate", "formula_id", name="pk_finding"),
    )
    op.create_index("ix_finding_formula_id", "finding", ["formula_id"])
    op.create_table(
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
        _reference("identity", "formula"),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
        sa.UniqueConstraint("formula_id", "lhs_digest", name="uq_identity_formula_id"),
    )
    op.create_index("ix_identity_constant_digest", "identity", ["constant_digest"])
    op.create_index("ix_identity_evidence", "identity", ["evidence"])
    op.create_table(
        "evidence",
        sa.Column("id", _IDENTIFIER, nullable=False),
        sa.Column("formula_id", _IDENTIFIER, nullable=False),
        sa.Column("identity_id", _IDENTIFIER, nullable=True),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.Column("depth", sa.BigInteger(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("significance", sa.Double(), nullable=True),
        sa.Column("accelerated", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("created", _MOMENT, nullable=False),
        _reference("evidence", "formula"),
        _reference("evidence", "identity"),
        sa.PrimaryKeyConstraint("id", name="pk_evidence"),
    )
    op.create_index("ix_evidence_formula_id", "evidence", ["formula_id"])
    op.create_index("ix_evidence_identity_id", "evidence", ["identity_id"])


def downgrade() -> None:
    """Drop the tables, those that refer to others first."""
    for table in ("evidence", "identity", "finding", "formula", "unit", "job"):
        op.drop_table(table)
