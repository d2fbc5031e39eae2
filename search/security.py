"""Who may talk to whom: certificates, the addresses that are allowed, and what a refused connection means.

Dask ships pickled code, so whoever may connect may run anything.  Machines therefore listen on loopback only, or on TLS with
both sides showing a certificate signed by the project's own authority; see docs/many-machines.md for the threat model.

A folder of certificates holds ``ca.pem`` (the authority), ``ca-key.pem`` (its key, needed only to sign and kept at home), and a
pair ``NAME.pem``, ``NAME-key.pem`` for the machines; ``clab certs`` makes them.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from constants_lab.errors import InputError, Unavailable

if TYPE_CHECKING:
    from distributed import Security

__all__ = [
    "check_address",
    "is_loopback",
    "reach",
    "refusal",
    "security_of",
    "split_address",
]

Parsed = TypeVar("Parsed")

_MOST_BYTES = 1_000_000
_LONGEST_GREETING = 1 << 20
"""Bytes.  Dask's first message is a few hundred, after its length as a 64-bit number."""


def security_of(tls_dir: Path | None) -> Security | None:
    """The TLS settings of a folder of certificates, for schedulers, workers and clients alike; None without a folder.

    The pair used is ``node``, or the only other one there.  Raises :class:`InputError` naming the file that is missing, cannot
    be read or does not parse, the key that does not match its certificate, and the certificate that the authority in ``ca.pem``
    did not sign or that is not valid now.
    """
    if tls_dir is None:
        return None
    try:
        authority, certificate, key = (tls_dir / "ca.pem", *_node_pair(tls_dir))
    except OSError as error:
        raise InputError(f"cannot look into {tls_dir}: {error.strerror or error}") from None
    signers = _parsed(authority, x509.load_pem_x509_certificates, "certificate")
    node, private = read_certificate(certificate), read_key(key)
    if private.public_key() != node.public_key():
        raise InputError(f"{key} is not the key of {certificate}: copy both from the same `clab certs`")
    signer = next((each for each in signers if _signed(node, each)), None)
    if signer is None:
        raise InputError(
            f"{certificate} was not signed by the authority in {authority}: copy both from the same folder"
        )
    for path, each in ((authority, signer), (certificate, node)):
        check_dates(path, each)
    from distributed import Security

    pair = {f"tls_{role}_{what}": str(path.absolute()) for role in ("scheduler", "worker", "client")
            for what, path in (("cert", certificate), ("key", key))}  # fmt: skip
    security = Security(
        require_encryption=True,
        tls_ca_file=str(authority.absolute()),
        tls_min_version=ssl.TLSVersion.TLSv1_3,
        **pair,
    )
    try:
        security.get_connection_args("client")
    except ssl.SSLError as error:
        raise InputError(f"the certificates in {tls_dir} cannot be used for TLS: {error}") from None
    return security


def _node_pair(folder: Path) -> tuple[Path, Path]:
    if not folder.is_dir():
        raise InputError(
            f"there is no folder {folder}: `clab certs {folder}` makes certificates, or copy one made elsewhere"
        )
    if not (folder / "ca.pem").exists():
        raise InputError(f"{folder} has no ca.pem: copy it from the folder that `clab certs` made")
    names = sorted(path.stem for path in folder.glob("*.pem") if path.name != "ca.pem" and path.stem[-4:] != "-key")
    if "node" not in names and len(names) > 1:
        raise InputError(f"{folder} has several certificates ({', '.join(names)[:80]}): leave only this machine's pair")
    name = names[0] if names and "node" not in names else "node"
    pair = folder / f"{name}.pem", folder / f"{name}-key.pem"
    for path in pair:
        if not path.exists():
            raise InputError(f"{folder} has no {path.name}: copy the pair {name}.pem and {name}-key.pem there")
    return pair


def read_certificate(path: Path) -> x509.Certificate:
    """The certificate in a PEM file; raises :class:`InputError` when there is none."""
    return _parsed(path, x509.load_pem_x509_certificate, "certificate")


def read_key(path: Path) -> Any:
    """The private key in a PEM file; raises :class:`InputError` when there is none, or one with a password."""
    return _parsed(path, lambda data: serialization.load_pem_private_key(data, None), "private key without a password")


def _parsed(path: Path, parse: Callable[[bytes], Parsed], what: str) -> Parsed:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    try:
        if len(data) > _MOST_BYTES:
            raise ValueError("too large")
        return parse(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InputError(
            f"{path} holds no {what} in PEM format: copy it anew from where `clab certs` made it"
        ) from None


def _signed(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def check_dates(path: Path, certificate: x509.Certificate) -> None:
    """Raise :class:`InputError` when a certificate, read from ``path``, is not valid now."""
    now = datetime.now(UTC)
    if now >= certificate.not_valid_after_utc:
        raise InputError(
            f"{path} expired on {certificate.not_valid_after_utc:%Y-%m-%d}: make new certificates with `clab certs`"
        )
    if now < certificate.not_valid_before_utc:
        raise InputError(
            f"{path} is valid only from {certificate.not_valid_before_utc:%Y-%m-%d} on: check the clock of this machine"
        )


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine.

    >>> is_loopback("localhost"), is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def split_address(address: str) -> tuple[str, str, int]:
    """Scheme, host and port of ``tcp://HOST:PORT`` or ``tls://HOST:PORT``; raises :class:`InputError` for anything else.

    >>> split_address("tls://[::1]:8786")
    ('tls', '::1', 8786)
    """
    form = f"{address[:60]!r} is no address of a scheduler: write tls://HOST:PORT (or tcp://HOST:PORT on this machine)"
    if not re.fullmatch(r"(tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[\w.-]+):\d{1,5}", address, re.ASCII):
        raise InputError(form)
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InputError(form) from None
    if not host or not port:
        raise InputError(form)
    return parts.scheme, host, port


def check_address(address: str, tls_dir: Path | None, insecure: bool) -> None:
    """Refuse the address of a scheduler that would be talked to in the open, by an :class:`InputError`.

    ``tls://`` needs certificates; ``tcp://`` is for this machine, and for others only where ``insecure`` says so.
    """
    scheme, host, _ = split_address(address)
    if scheme == "tls":
        if tls_dir is None:
            raise InputError(f"{address} needs certificates: add --tls-dir DIR (`clab certs DIR` makes them)")
    elif tls_dir is not None:
        raise InputError(f"certificates are for tls:// addresses: write tls://{address.removeprefix('tcp://')}")
    elif not is_loopback(host) and not insecure:
        raise InputError(
            f"{address} is not encrypted, and whoever can reach it can run programs as you: use tls:// with --tls-dir, "
            "or say --insecure if you trust everybody on that network"
        )


def reach(address: str, security: Security | None, timeout: float = 10.0) -> str:
    """Make sure that a Dask scheduler answers at ``address`` and lets us in; ``timeout`` in seconds.

    Returns the address that this machine has on the way there, an IP address without a port.

    Raises :class:`Unavailable` when it, or what is there, refuses us for good, and OSError when nobody answers now.

    Under TLS 1.3 a server rejects a client's certificate only after the client's handshake is over, and a client that writes
    first may see a reset connection instead.  Dask's servers speak first, so listening tells.
    """
    scheme, host, port = split_address(address)
    own = ""
    try:
        with socket.create_connection((host, port), timeout) as plain:
            own = plain.getsockname()[0]
            if security is None or scheme == "tcp":
                greeting = _read(plain)
            else:
                context: ssl.SSLContext = security.get_connection_args("client")["ssl_context"]
                with context.wrap_socket(plain) as encrypted:
                    greeting = _read(encrypted)
    except UnicodeError:
        raise InputError(f"{host[:60]!r} is not the name of a machine: check the address") from None
    except TimeoutError:
        silent = scheme == "tcp" and own
        hint = "; if it was started with certificates, write tls:// and add --tls-dir" if silent else ""
        raise TimeoutError(f"no answer within {timeout:.0f} s{hint}") from None
    except ssl.SSLError as error:
        sentence = refusal(error, address)
        if sentence is None:
            raise
        raise Unavailable(sentence) from None
    if len(greeting) < 8:
        raise ConnectionResetError("the connection was closed at once")
    if struct.unpack("<Q", greeting)[0] > _LONGEST_GREETING:
        raise Unavailable(f"what answers at {address} is no Dask scheduler: check host and port")
    return own


def _read(connection: socket.socket) -> bytes:
    greeting = b""
    while len(greeting) < 8:
        more = connection.recv(8 - len(greeting))
        if not more:
            break
        greeting += more
    return greeting


def refusal(error: BaseException, address: str) -> str | None:
    """What to tell a user whose connection failed for reasons of TLS; None when nothing says that trying again is in vain.

    The error's causes and contexts are looked at too: Dask wraps what the socket said.
    """
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        if isinstance(current, ssl.SSLError) and not isinstance(current, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            return _sentence(current, address)
        seen.add(id(current))
        current = current.__cause__ or current.__context__
    return None


def _sentence(error: ssl.SSLError, address: str) -> str:
    reason = (getattr(error, "reason", None) or str(error)).upper()
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of the scheduler at {address} is not accepted ({getattr(error, 'verify_message', error)}): "
            "give --tls-dir a folder with the same ca.pem as the scheduler's"
        )
    if "ALERT" in reason:
        said = reason.lower().replace("_", " ")
        return (
            f"the scheduler at {address} refused this machine's certificate ({said}): "
            "give --tls-dir a folder made from the same authority as the scheduler's"
        )
    return f"what answers at {address} does not speak TLS as a scheduler does ({reason.lower().replace('_', ' ')}): check it"
