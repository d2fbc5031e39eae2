"""Alembic's entry point: it works on the connection that :func:`constants_lab.db.migrations.migrate` hands over."""

from __future__ import annotations

from alembic import context

from constants_lab.db.schema import VERSION_TABLE, Base


def run() -> None:
    """Configure Alembic for our version table and run the revisions."""
    connection = context.config.attributes.get("connection")
    if context.is_offline_mode() or connection is None:
        raise RuntimeError("migrations run on an open connection: call constants_lab.db.migrations.migrate")
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table=VERSION_TABLE,
        render_as_batch=True,
    )
    context.run_migrations()


# Alembic's context exists only while Alembic runs this file; a tool that merely imports it finds none.
if hasattr(context, "config"):
    run()
