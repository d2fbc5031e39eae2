"""Which formulas have values related by a Möbius map."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_IDENTIFIER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _formula(column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], ["formula.id"], name=f"fk_equivalence_{column}_formula", ondelete="CASCADE"
    )


def upgrade() -> None:
    """Create the table of equivalences."""
    op.create_table(
        "equivalence",
        sa.Column("formula_id", _IDENTIFIER, nullable=False),
        sa.Column("other_id", _IDENTIFIER, nullable=False),
        sa.Column("relation", sa.String(64), nullable=False),
        sa.Column("matrix", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        _formula("formula_id"),
        _formula("other_id"),
        sa.PrimaryKeyConstraint("formula_id", "other_id", "relation", name="pk_equivalence"),
    )
    op.create_index("ix_equivalence_other_id", "equivalence", ["other_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("equivalence")
