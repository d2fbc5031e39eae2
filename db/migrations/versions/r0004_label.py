"""What is known of formulas besides identities."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_IDENTIFIER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table of labels."""
    op.create_table(
        "formula_label",
        sa.Column("id", _IDENTIFIER, nullable=False),
        sa.Column("formula_id", _IDENTIFIER, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("detail_digest", sa.String(64), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["formula_id"], ["formula.id"], name="fk_formula_label_formula_id_formula", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_formula_label"),
        sa.UniqueConstraint("formula_id", "kind", "detail_digest", name="uq_formula_label_formula_id"),
    )
    op.create_index("ix_formula_label_kind", "formula_label", ["kind"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("formula_label")
