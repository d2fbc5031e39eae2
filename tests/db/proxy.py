"""A way to the server that can stop: a proxy whose connections stay open, and are acknowledged, while nothing gets through."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

__all__ = ["Proxy"]


class Proxy:
    """Between TCP clients and a server's socket in ``folder``; as a context manager, closed at the end."""

    def __init__(self, folder: str) -> None:
        self._target = next(str(each) for each in Path(folder).glob(".s.PGSQL.*") if each.suffix != ".lock")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open = threading.Event()
        self._open.set()
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def address(self, database: str) -> str:
        """Its address through the proxy, where connecting is given up after two seconds."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}?connect_timeout=2"

    def stop(self) -> None:
        """From now on nothing gets through, in either direction."""
        self._open.clear()

    def go_on(self) -> None:
        """Everything gets through again, what was held back first."""
        self._open.set()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                self._sockets += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._open.wait()
                sink.sendall(data)
            self._open.wait()
            sink.shutdown(socket.SHUT_WR)

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.set()
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
