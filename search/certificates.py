"""Making certificates: an authority of one's own, and pairs signed by it for the machines.

One pair serves a machine as scheduler, worker and client.  Whoever holds the authority's key can admit machines; it is needed
for nothing else and stays at home.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from constants_lab.errors import InputError, Unavailable
from constants_lab.search.security import check_dates, read_certificate, read_key

__all__ = ["make_certificates", "make_node"]


def make_certificates(folder: Path, days: int) -> None:
    """Make a folder with an authority and one pair, ``node``, for all machines; valid for ``days`` from now.

    The folder appears whole or not at all.  Raises :class:`InputError` when something is in it already, and
    :class:`Unavailable` when it cannot be written.
    """
    try:
        folder = folder.resolve()
        _check_new(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _make(folder, days)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Unavailable(f"the certificates could not be written to {folder}: {reason}") from None


def _check_new(folder: Path) -> None:
    if (folder / "ca.pem").exists():
        raise InputError(
            f"{folder} has certificates already: `clab certs {folder} --node NAME` makes one more pair there, "
            "and another folder name a new authority"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already and not an empty folder: give the name of a new one")
    if folder == Path.cwd():
        raise InputError("the certificates would replace the folder you are in: give the name of a new one")


def _make(folder: Path, days: int) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("constants-lab authority")
    authority = (
        _builder(name, key, _end(days))
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(made / "ca-key.pem", _private(key), 0o600)
        _write(made / "ca.pem", authority.public_bytes(serialization.Encoding.PEM), 0o644)
        _write_pair(made, "node", _node(authority, key, "node", days))
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()
        made.rename(folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def make_node(folder: Path, name: str, days: int) -> None:
    """Add the pair ``NAME.pem``, ``NAME-key.pem`` to a folder with an authority; valid for ``days``, as far as that is.

    Raises :class:`InputError` for an unusable name, one that is taken, or a folder without a usable authority, and
    :class:`Unavailable` when the pair cannot be written.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", name) or name == "ca" or name.endswith("-key"):
        raise InputError(
            f"{name[:40]!r} cannot name a pair of files: use letters, digits, dots and dashes, not ca and not -key"
        )
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}: `clab certs {folder}` makes it with a first pair")
    for path in (folder / f"{name}.pem", folder / f"{name}-key.pem"):
        if os.path.lexists(path):
            raise InputError(f"{path} is there already: give another name, or move it away")
    authority = read_certificate(folder / "ca.pem")
    key = read_key(folder / "ca-key.pem")
    if key.public_key() != authority.public_key():
        raise InputError(
            f"{folder / 'ca-key.pem'} is not the key of {folder / 'ca.pem'}: copy both from the same `clab certs`"
        )
    check_dates(folder / "ca.pem", authority)
    try:
        _write_pair(folder, name, _node(authority, key, name, days))
    except (ValueError, TypeError):
        raise InputError(
            f"{folder / 'ca-key.pem'} is of a kind that is not supported: use one made by `clab certs`"
        ) from None
    except OSError as error:
        raise Unavailable(f"the pair {name} could not be written to {folder}: {error.strerror or error}") from None


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _end(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def _builder(name: x509.Name, key: ec.EllipticCurvePrivateKey, end: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks of machines differ.
        .not_valid_before(_end(-1))
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _node(authority: x509.Certificate, key: Any, name: str, days: int) -> tuple[x509.Certificate, Any]:
    """A certificate with its key; every machine is now a server, now a client."""
    own = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name(name), own, min(_end(days), authority.not_valid_after_utc))
        .issuer_name(authority.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, own


def _private(key: Any) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, data: bytes, mode: int) -> None:
    """A new file with these bytes, on the disk when this returns."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _write_pair(folder: Path, name: str, pair: tuple[x509.Certificate, Any]) -> None:
    """Both files of a pair, the certificate last: without it the key counts for nothing."""
    certificate, key = pair
    made = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder))
    try:
        _write(made / "key", _private(key), 0o600)
        _write(made / "certificate", certificate.public_bytes(serialization.Encoding.PEM), 0o644)
        (made / "key").rename(folder / f"{name}-key.pem")
        (made / "certificate").rename(folder / f"{name}.pem")
    finally:
        shutil.rmtree(made, ignore_errors=True)
