"""How each formula converges."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of convergence measurements."""
    op.create_table(
        "dynamics",
        sa.Column("formula_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("regime", sa.String(32), nullable=False),
        sa.Column("delta", sa.Double(), nullable=True),
        sa.Column("delta_limit", sa.Double(), nullable=True),
        sa.Column("rate", sa.Double(), nullable=True),
        sa.Column("depth", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["formula_id"], ["formula.id"], name="fk_dynamics_formula_id_formula", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("formula_id", name="pk_dynamics"),
    )
    op.create_index("ix_dynamics_regime", "dynamics", ["regime"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("dynamics")
