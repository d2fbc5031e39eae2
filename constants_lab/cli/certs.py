"""``clab certs``: certificates for the machines that work together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from constants_lab.cli.output import message


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or with --node one made before.")],
    node: Annotated[
        str | None,
        typer.Option(
            "--node", metavar="NAME", help="Make one more pair, NAME.pem and NAME-key.pem.", show_default=False
        ),
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=36500, help="How long they are valid.")] = 3650,
) -> None:
    """Make an authority and a pair of certificate and key with which machines recognise each other."""
    from constants_lab.search.certificates import make_certificates, make_node

    if node is None:
        make_certificates(folder, days)
    else:
        make_node(folder, node, days)
    pair = node or "node"
    print(folder)
    message(f"copy ca.pem, {pair}.pem and {pair}-key.pem from {folder} to a folder of each machine that takes part.")
    message("whoever has such a pair can run programs on all of them; ca-key.pem makes new pairs and stays here.")
