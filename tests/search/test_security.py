"""Certificates and addresses: what is made, what is accepted, and that every refusal is one sentence naming what is wrong."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from constants_lab.errors import InputError, Unavailable
from constants_lab.search.certificates import make_certificates, make_node
from constants_lab.search.security import check_address, is_loopback, reach, refusal, security_of, split_address

FILES = ["ca-key.pem", "ca.pem", "node-key.pem", "node.pem"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "certs"
    make_certificates(folder, 30)
    return folder


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of another authority."""
    folder = tmp_path_factory.mktemp("foreign") / "certs"
    make_certificates(folder, 30)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy to spoil, as another machine has it: without the authority's key."""
    copy = tmp_path / "copy"
    shutil.copytree(made, copy, ignore=shutil.ignore_patterns("ca-key.pem"))
    return copy


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


class TestMaking:
    def test_a_folder_has_an_authority_and_a_pair(self, made: Path) -> None:
        assert sorted(contents(made)) == FILES
        authority = x509.load_pem_x509_certificate((made / "ca.pem").read_bytes())
        node = x509.load_pem_x509_certificate((made / "node.pem").read_bytes())
        node.verify_directly_issued_by(authority)
        assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert not node.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert 29 <= (node.not_valid_after_utc - node.not_valid_before_utc).days <= 31
        assert node.not_valid_after_utc <= authority.not_valid_after_utc

    @pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
    def test_keys_are_for_their_owner_only(self, made: Path) -> None:
        for name in ("ca-key.pem", "node-key.pem"):
            assert stat.S_IMODE((made / name).stat().st_mode) == 0o600

    def test_what_is_there_is_never_overwritten(self, made: Path, tmp_path: Path) -> None:
        before = contents(made)
        with pytest.raises(InputError, match="--node NAME"):
            make_certificates(made, 30)
        assert contents(made) == before
        (tmp_path / "thesis.tex").write_text("years of work")
        with pytest.raises(InputError, match="not an empty folder"):
            make_certificates(tmp_path, 30)
        assert sorted(contents(tmp_path)) == ["thesis.tex"]

    def test_an_empty_folder_is_used_and_missing_ones_are_made(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        for target in (tmp_path / "empty", tmp_path / "a" / "b" / "c"):
            make_certificates(target, 1)
            assert sorted(contents(target)) == FILES
            assert os.listdir(target.parent).count(target.name) == 1
        assert sorted(os.listdir(tmp_path)) == ["a", "empty"]

    def test_nothing_is_left_where_it_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        with pytest.raises(Unavailable, match="could not be written"):
            make_certificates(tmp_path / "file" / "certs", 30)
        with pytest.raises(InputError, match="not an empty folder"):
            make_certificates(tmp_path / "file", 30)
        assert os.listdir(tmp_path) == ["file"]

    def test_another_pair_is_of_the_same_authority(self, made: Path, tmp_path: Path) -> None:
        home = tmp_path / "home"
        shutil.copytree(made, home)
        before = contents(home)
        make_node(home, "lab-2", 5)
        assert {name: data for name, data in contents(home).items() if name in before} == before
        other = tmp_path / "other"
        other.mkdir()
        for name in ("ca.pem", "lab-2.pem", "lab-2-key.pem"):
            shutil.copy(home / name, other)
        security: Any = security_of(other)
        assert security is not None
        assert security.tls_worker_cert == str(other / "lab-2.pem")
        with pytest.raises(InputError, match=r"lab-2\.pem is there already"):
            make_node(home, "lab-2", 5)

    @pytest.mark.parametrize("name", ["ca", "ca-key", "../evil", "a/b", "", ".hidden", "x" * 64, "näme", "a b"])
    def test_names_that_could_be_other_files_are_refused(self, made: Path, name: str) -> None:
        before = contents(made)
        with pytest.raises(InputError, match="cannot name a pair"):
            make_node(made, name, 5)
        assert contents(made) == before

    def test_a_pair_needs_the_key_of_its_authority(self, folder: Path, foreign: Path) -> None:
        with pytest.raises(InputError, match=r"ca-key\.pem"):
            make_node(folder, "lab2", 5)
        shutil.copy(foreign / "ca-key.pem", folder)
        with pytest.raises(InputError, match=r"ca-key\.pem is not the key of .*ca\.pem"):
            make_node(folder, "lab2", 5)
        assert "lab2.pem" not in contents(folder)
        with pytest.raises(InputError, match="no folder"):
            make_node(folder / "nowhere", "lab2", 5)


def _swap(folder: Path) -> None:
    (folder / "node.pem").rename(folder / "x")
    (folder / "node-key.pem").rename(folder / "node.pem")
    (folder / "x").rename(folder / "node-key.pem")


def _folder_for_key(folder: Path) -> None:
    (folder / "node-key.pem").unlink()
    (folder / "node-key.pem").mkdir()


def _second_pair(folder: Path) -> None:
    for ending in (".pem", "-key.pem"):
        shutil.copy(folder / f"node{ending}", folder / f"one{ending}")
        (folder / f"node{ending}").rename(folder / f"two{ending}")


SPOILED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no authority": (lambda f: (f / "ca.pem").unlink(), r"no ca\.pem"),
    "no certificate": (lambda f: (f / "node.pem").unlink(), r"no node\.pem"),
    "no key": (lambda f: (f / "node-key.pem").unlink(), r"no node-key\.pem"),
    "no folder": (shutil.rmtree, "no folder"),
    "empty certificate": (lambda f: (f / "node.pem").write_bytes(b""), r"node\.pem holds no certificate"),
    "empty authority": (lambda f: (f / "ca.pem").write_bytes(b""), r"ca\.pem holds no certificate"),
    "garbage for a key": (lambda f: (f / "node-key.pem").write_bytes(b"\0\xff" * 99), r"node-key\.pem holds no private"),
    "half a certificate": (
        lambda f: (f / "node.pem").write_bytes((f / "node.pem").read_bytes()[:200]),
        r"node\.pem holds no certificate",
    ),
    "a huge key": (lambda f: (f / "node-key.pem").write_bytes(b"x" * 2_000_000), r"node-key\.pem holds no private"),
    "a folder for a key": (_folder_for_key, r"cannot read .*node-key\.pem"),
    "files swapped": (_swap, r"node\.pem holds no certificate"),
    "two pairs": (_second_pair, r"several certificates \(one, two\)"),
}  # fmt: skip


class TestReading:
    def test_no_folder_means_no_tls(self) -> None:
        assert security_of(None) is None

    def test_a_folder_serves_every_role(self, folder: Path) -> None:
        security: Any = security_of(folder)
        assert security is not None
        assert security.require_encryption
        assert security.tls_min_version == ssl.TLSVersion.TLSv1_3
        for role in ("scheduler", "worker", "client"):
            files = security.get_tls_config_for_role(role)
            assert files["ca_file"] == str(folder / "ca.pem")
            assert (files["cert"], files["key"]) == (str(folder / "node.pem"), str(folder / "node-key.pem"))
            assert security.get_connection_args(role)["ssl_context"].verify_mode == ssl.CERT_REQUIRED

    @pytest.mark.parametrize("what", SPOILED)
    def test_spoiled_files_are_named(self, folder: Path, what: str) -> None:
        spoil, said = SPOILED[what]
        assert security_of(folder) is not None
        spoil(folder)
        with pytest.raises(InputError, match=said) as caught:
            security_of(folder)
        assert "\n" not in str(caught.value)

    def test_a_key_of_another_pair(self, folder: Path, foreign: Path) -> None:
        shutil.copy(foreign / "node-key.pem", folder)
        with pytest.raises(InputError, match=r"node-key\.pem is not the key of .*node\.pem"):
            security_of(folder)

    def test_a_pair_of_another_authority(self, folder: Path, foreign: Path) -> None:
        for name in ("node.pem", "node-key.pem"):
            shutil.copy(foreign / name, folder)
        with pytest.raises(InputError, match=r"node\.pem was not signed by the authority in .*ca\.pem"):
            security_of(folder)

    def test_expired(self, tmp_path: Path) -> None:
        make_certificates(tmp_path / "old", 0)
        with pytest.raises(InputError, match=r"ca\.pem expired on \d{4}-\d\d-\d\d"):
            security_of(tmp_path / "old")
        with pytest.raises(InputError, match=r"ca\.pem expired on"):
            make_node(tmp_path / "old", "new", 10)

    def test_an_expired_pair_of_a_valid_authority(self, made: Path, tmp_path: Path) -> None:
        home = tmp_path / "home"
        shutil.copytree(made, home)
        make_node(home, "brief", 0)
        for ending in (".pem", "-key.pem"):
            (home / f"brief{ending}").replace(home / f"node{ending}")
        with pytest.raises(InputError, match=r"node\.pem expired on"):
            security_of(home)


class TestAddresses:
    @pytest.mark.parametrize(
        ("address", "tls", "insecure"),
        [
            ("tcp://127.0.0.1:8786", False, False),
            ("tcp://localhost:1", False, False),
            ("tcp://[::1]:8786", False, False),
            ("tcp://10.0.0.5:8786", False, True),
            ("tls://lab.example.org:8786", True, False),
            ("tls://[2001:db8::1]:8786", True, True),
        ],
    )
    def test_allowed(self, tmp_path: Path, address: str, tls: bool, insecure: bool) -> None:
        check_address(address, tmp_path if tls else None, insecure)
        scheme, _, port = split_address(address)
        assert scheme == ("tls" if tls else "tcp")
        assert port in (1, 8786)

    @pytest.mark.parametrize(
        ("address", "tls", "insecure", "said"),
        [
            ("tls://lab:8786", False, False, "--tls-dir"),
            ("tls://127.0.0.1:8786", False, True, "--tls-dir"),
            ("tcp://lab:8786", False, False, "--insecure"),
            ("tcp://0.0.0.0:8786", False, False, "--insecure"),
            ("tcp://127.0.0.1.example.org:8786", False, False, "--insecure"),
            ("tcp://127.0.0.1:8786", True, False, "tls://127"),
            ("lab:8786", False, True, "no address"),
            ("127.0.0.1:8786", False, False, "no address"),
            ("tcp://lab", False, True, "no address"),
            ("tcp://lab:0", False, True, "no address"),
            ("tcp://lab:99999", False, True, "no address"),
            ("tcp://:8786", False, True, "no address"),
            ("tcp://[::::]:8786", False, True, "no address"),
            ("tcp://user@127.0.0.1:8786", False, False, "no address"),
            ("tcp://127.0.0.1:8786/x", False, False, "no address"),
            ("inproc://127.0.0.1/1/1", False, True, "no address"),
            ("ucx://10.0.0.5:8786", False, True, "no address"),
            ("TCP://10.0.0.5:8786", False, False, "no address"),
            ("tcp://10.0.0.5:8786\n", False, True, "no address"),
            ("", False, False, "no address"),
        ],
    )
    def test_refused(self, tmp_path: Path, address: str, tls: bool, insecure: bool, said: str) -> None:
        with pytest.raises(InputError, match=said) as caught:
            check_address(address, tmp_path if tls else None, insecure)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "128.0.0.1", "127.0.0.1.example.org", "127.1", "localhosts"])
    def test_other_hosts_are_not_loopback(self, host: str) -> None:
        assert not is_loopback(host)


@contextmanager
def server(greeting: bytes, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A port of this machine whose every caller is greeted with some bytes and hung up on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            while True:
                try:
                    caller, _ = listener.accept()
                except OSError:
                    return
                with caller:
                    try:
                        if context is None:
                            caller.sendall(greeting)
                        else:
                            with context.wrap_socket(caller, server_side=True) as encrypted:
                                encrypted.sendall(greeting)
                    except OSError:
                        continue

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def listening(folder: Path) -> ssl.SSLContext:
    security = security_of(folder)
    assert security is not None
    context: ssl.SSLContext = security.get_listen_args("scheduler")["ssl_context"]
    return context


GREETING = (100).to_bytes(8, "little") + b"hello"
"""The beginning of what a Dask scheduler says first."""


class TestReaching:
    def test_a_machine_of_the_same_authority_is_let_in(self, made: Path) -> None:
        with server(GREETING, listening(made)) as port:
            assert reach(f"tls://127.0.0.1:{port}", security_of(made)) == "127.0.0.1"

    def test_a_scheduler_of_another_authority(self, made: Path, foreign: Path) -> None:
        with server(GREETING, listening(foreign)) as port, pytest.raises(Unavailable, match=r"same ca\.pem") as caught:
            reach(f"tls://127.0.0.1:{port}", security_of(made))
        assert "is not accepted" in str(caught.value)

    def test_a_scheduler_that_refuses_us(self, made: Path, foreign: Path) -> None:
        """Only the certificate is of another authority: the refusal is the server's, after our handshake."""
        mixed: Any = security_of(foreign)
        assert mixed is not None
        mixed.tls_ca_file = str(made / "ca.pem")
        with server(GREETING, listening(made)) as port, pytest.raises(Unavailable, match="refused this machine's"):
            reach(f"tls://127.0.0.1:{port}", mixed)

    def test_no_tls_there(self, made: Path) -> None:
        with server(GREETING) as port, pytest.raises(Unavailable, match="does not speak TLS"):
            reach(f"tls://127.0.0.1:{port}", security_of(made))

    def test_something_else_there(self) -> None:
        with server(b"SSH-2.0-OpenSSH_9.2\r\n") as port, pytest.raises(Unavailable, match="no Dask scheduler"):
            reach(f"tcp://127.0.0.1:{port}", None)

    def test_nobody_there_is_no_refusal(self, made: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            reach(f"tls://127.0.0.1:{port}", security_of(made))
        # A tunnel to nowhere accepts and hangs up.
        with server(b"") as port:
            for address, security in (
                (f"tcp://127.0.0.1:{port}", None),
                (f"tls://127.0.0.1:{port}", security_of(made)),
            ):
                with pytest.raises(OSError) as caught:  # noqa: PT011
                    reach(address, security)
                assert not isinstance(caught.value, Unavailable)

    def test_silence_hints_at_certificates(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(TimeoutError, match="tls://"):
            reach(f"tcp://127.0.0.1:{listener.getsockname()[1]}", None, timeout=0.2)

    def test_refusals_are_found_below_what_wraps_them(self) -> None:
        inner = ssl.SSLError(1, "[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca")
        outer = RuntimeError("failed to start")
        outer.__cause__ = OSError("closed")
        outer.__cause__.__context__ = inner
        assert "tls://lab:1" in (refusal(outer, "tls://lab:1") or "")
        assert refusal(OSError("closed"), "tls://lab:1") is None
        assert refusal(ssl.SSLEOFError(8, "EOF occurred"), "tls://lab:1") is None
