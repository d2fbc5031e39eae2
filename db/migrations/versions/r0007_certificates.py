"""Proofs of identities: the texts that the checker accepted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_IDENTIFIER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _reference(target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [f"{target}_id"], [f"{target}.id"], name=f"fk_certificate_{target}_id_{target}", ondelete="CASCADE"
    )


def upgrade() -> None:
    """Create the table of certificates."""
    op.create_table(
        "certificate",
        sa.Column("id", _IDENTIFIER, nullable=False),
        sa.Column("formula_id", _IDENTIFIER, nullable=False),
        sa.Column("identity_id", _IDENTIFIER, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("theorems", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        _reference("formula"),
        _reference("identity"),
        sa.PrimaryKeyConstraint("id", name="pk_certificate"),
        sa.UniqueConstraint("identity_id", "sha256", name="uq_certificate_identity_id"),
    )
    op.create_index("ix_certificate_formula_id", "certificate", ["formula_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("certificate")
