"""Who runs a job, who contributed to it, and which of its units are set aside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_IDENTIFIER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INDEX = sa.String(40)
_MOMENT = sa.DateTime(timezone=True)


def _job(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=f"fk_{table}_job_id_job", ondelete="CASCADE")


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "lease",
        sa.Column("job_id", _IDENTIFIER, nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.Text(), nullable=False),
        sa.Column("beats", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=True),
        sa.Column("workers", sa.Integer(), nullable=True),
        sa.Column("began", _MOMENT, nullable=False),
        _job("lease"),
        sa.PrimaryKeyConstraint("job_id", name="pk_lease"),
    )
    op.create_table(
        "contribution",
        sa.Column("job_id", _IDENTIFIER, nullable=False),
        sa.Column("worker", sa.String(200), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("candidates", _INDEX, nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("findings", sa.BigInteger(), nullable=False),
        _job("contribution"),
        sa.PrimaryKeyConstraint("job_id", "worker", name="pk_contribution"),
    )
    op.create_table(
        "set_aside",
        sa.Column("job_id", _IDENTIFIER, nullable=False),
        sa.Column("start", _INDEX, nullable=False),
        sa.Column("stop", _INDEX, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created", _MOMENT, nullable=False),
        _job("set_aside"),
        sa.PrimaryKeyConstraint("job_id", "start", "stop", name="pk_set_aside"),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("set_aside", "contribution", "lease"):
        op.drop_table(table)
