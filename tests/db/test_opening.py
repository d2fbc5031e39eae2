"""Addresses and databases that cannot be used get one sentence, and nothing is written."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from constants_lab.db import Store
from constants_lab.db.location import Location
from constants_lab.errors import ConstantsLabError, InputError, Unavailable


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _refused(address: Any, kind: type[ConstantsLabError], **options: Any) -> str:
    with pytest.raises(kind) as caught:
        Store.open(address, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert "Traceback" not in message
    return message


def test_the_address_may_come_from_the_environment_or_be_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONSTANTS_LAB_DB", raising=False)
    with Store.open() as store:
        assert store.url == "sqlite:///constants-lab.db"
    monkeypatch.setenv("CONSTANTS_LAB_DB", "elsewhere.db")
    Store.open().close()
    assert {path.name for path in tmp_path.iterdir()} == {"constants-lab.db", "elsewhere.db"}


def test_an_open_file_does_not_move_with_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Store.open("lab.db") as store:
        (tmp_path / "other").mkdir()
        monkeypatch.chdir(tmp_path / "other")
        store.create_job("lookup", {}, 10, "1")
    assert list((tmp_path / "other").iterdir()) == []


def test_names_with_odd_characters(tmp_path: Path) -> None:
    path = tmp_path / "ζ(3) 100% #1?.db"
    with Store.open(path) as store:
        store.create_job("lookup", {}, 10, "1")
    with Store.open(path, create=False) as store:
        assert len(store.jobs()) == 1


@pytest.mark.parametrize(
    "address",
    [
        "",
        "  ",
        "a\0b.db",
        "mysql://ann:hunter2@host/lab",
        "http://host/lab.db",
        "hunter2-secret://x",
        "sqlite:lab.db",
        "postgresql:lab",
        "sqlite://",
        "sqlite://lab.db",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///lab.db?mode=ro",
        "sqlite://ann:hunter2@/lab.db",
        "postgresql://ann:hunter2@host",
        "postgresql://ann:hunter2@host:port/lab",
        "postgresql://ann:hunter2@host:99999/lab",
        "postgresql://ann:hunter2@[::1/lab",
    ],
)
def test_unreadable_addresses(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "hunter2" not in _refused(address, InputError)
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_never_shown() -> None:
    address = "postgresql://ann:hunter2@host/lab?sslpassword=hunter2&password=hunter2&sslmode=require"
    location = Location.parse(address)
    assert "hunter2" not in location.shown + repr(location)
    assert "sslmode=require" in location.shown
    assert location.url is not None
    assert location.url.password == "hunter2"


def test_a_folder_and_a_missing_folder(tmp_path: Path) -> None:
    assert "is a folder" in _refused(tmp_path, InputError)
    assert "is a folder" in _refused(f"sqlite:///{tmp_path}", InputError)
    assert "does not exist: create it first" in _refused(tmp_path / "no" / "lab.db", InputError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [{"create": False}, {"readonly": True}])
def test_a_missing_or_empty_file_is_not_created_unasked(tmp_path: Path, options: dict[str, bool]) -> None:
    assert "there is no database" in _refused(tmp_path / "lab.db", InputError, **options)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "lab.db").touch()
    assert "is empty" in _refused(tmp_path / "lab.db", InputError, **options)
    assert _contents(tmp_path) == {"lab.db": b""}


@pytest.mark.parametrize(
    "content",
    [b"hello", b"SQLite format 3\0", b"SQLite format 3\0" + b"\1" * 84, os.urandom(5000), b"x" * 100],
    ids=["text", "cut header", "bad header", "noise", "letters"],
)
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "lab.db").write_bytes(content)
    _refused(tmp_path / "lab.db", InputError)
    assert _contents(tmp_path) == {"lab.db": content}


@pytest.mark.parametrize("journal", ["delete", "wal"])
@pytest.mark.parametrize("application", [0, 77])
def test_a_database_of_another_program(tmp_path: Path, journal: str, application: int) -> None:
    connection = sqlite3.connect(tmp_path / "lab.db")
    connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.execute(f"PRAGMA application_id = {application}")
    connection.execute("CREATE TABLE song (title TEXT)")
    connection.commit()
    connection.close()
    before = _contents(tmp_path)
    assert "belongs to another program" in _refused(tmp_path / "lab.db", InputError)
    assert _contents(tmp_path) == before


def test_a_damaged_database_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    Store.open(path).close()
    content = path.read_bytes()
    path.write_bytes(content[:100] + os.urandom(len(content) - 100))
    assert "damaged" in _refused(path, InputError)


def test_our_database_without_its_schema_version(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    Store.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE constants_lab_version")
    connection.close()
    assert "lost its schema version" in _refused(path, InputError)


def test_a_file_that_cannot_be_created(tmp_path: Path) -> None:
    # Even root cannot create a file here.
    message = _refused("/proc/lab.db", Unavailable)
    assert "/proc" in message


def test_a_device_is_no_database() -> None:
    _refused("/dev/null", InputError)


def test_a_protected_file_can_be_read_only(tmp_path: Path) -> None:
    """As an ordinary user: a protected folder refuses writing with a sentence, and allows reading."""
    path = tmp_path / "lab.db"
    with Store.open(path) as store:
        store.create_job("lookup", {}, 10, "1")
    script = (
        "import os, sys, tempfile\n"
        "from constants_lab.db import Store\n"
        "from constants_lab.errors import Unavailable\n"
        # What is imported on use must be loaded before rights are dropped: the project may lie where nobody may read.
        "with tempfile.TemporaryDirectory() as folder: Store.open(folder + '/warm.db').close()\n"
        "if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "try: Store.open(sys.argv[1])\n"
        "except Unavailable as error: print(error)\n"
        "with Store.open(sys.argv[1], readonly=True) as store: print(len(store.jobs()))\n"
    )
    temporary = Path(tempfile.gettempdir()).resolve()
    for folder in (tmp_path, *(each for each in tmp_path.resolve().parents if temporary in each.parents)):
        folder.chmod(folder.stat().st_mode | 0o055)
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        run = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    finally:
        tmp_path.chmod(0o755)
    assert run.returncode == 0, run.stderr
    message, jobs = run.stdout.splitlines()
    assert "cannot be written" in message
    assert jobs == "1"


def test_a_locked_file(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    with Store.open(path, timeout=0.1) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="is locked by another program"):
            store.create_job("lookup", {}, 10, "1")
        assert store.jobs() == []
        other.execute("ROLLBACK")
        other.close()
        store.create_job("lookup", {}, 10, "1")


def test_reading_only(address: str) -> None:
    with Store.open(address) as store:
        job = store.create_job("lookup", {}, 10, "1")
    with Store.open(address, readonly=True) as store:
        assert store.jobs() == [job]
        with pytest.raises(InputError, match="open for reading only"):
            store.set_state(job.id, "done")


def test_opening_again_keeps_everything(address: str) -> None:
    with Store.open(address) as one:
        job = one.create_job("lookup", {}, 10, "1")
        with Store.open(address) as two:
            assert two.job(job.id) == job
        one.set_state(job.id, "running")
    with Store.open(address, create=False) as store:
        assert store.job(job.id).state == "running"
        assert store.info().size > 0


def test_sqlite_is_tuned(tmp_path: Path) -> None:
    with Store.open(tmp_path / "lab.db") as store, store.reading() as connection:
        pragmas = ("journal_mode", "foreign_keys", "synchronous")
        values = [connection.exec_driver_sql(f"PRAGMA {each}").scalar_one() for each in pragmas]
    assert values == ["wal", 1, 1]


def test_a_server_out_of_reach() -> None:
    message = _refused("postgresql://ann:hunter2@127.0.0.1:1/lab", Unavailable)
    assert "no PostgreSQL server answers at 127.0.0.1 (port 1)" in message
    assert "hunter2" not in _refused("postgresql://ann:hunter2@no-such-host.invalid/lab", Unavailable)


def test_an_unknown_option_of_the_server(server: Any) -> None:
    assert "option" in _refused(server.address("postgres") + "&colour=red", InputError)


def test_a_user_the_server_does_not_know(server: Any) -> None:
    message = _refused(server.address("postgres", "nobody", "hunter2"), InputError)
    assert "refuses this user" in message
    assert "hunter2" not in message


def test_a_wrong_password(server: Any) -> None:
    rules = Path(server.folder) / "pg_hba.conf"
    kept = rules.read_text()
    server.run("CREATE ROLE guarded LOGIN PASSWORD 'right'")
    name = server.new_database()
    server.run(f"ALTER DATABASE {name} OWNER TO guarded")
    try:
        rules.write_text("local all guarded scram-sha-256\n" + kept)
        server.run("SELECT pg_reload_conf()")
        assert "hunter2" not in _refused(server.address(name, "guarded", "hunter2"), InputError)
        assert "asks for a password" in _refused(server.address(name, "guarded"), InputError)
        Store.open(server.address(name, "guarded", "right")).close()
    finally:
        rules.write_text(kept)
        server.run("SELECT pg_reload_conf()")
        server.drop(name)
        server.run("DROP ROLE guarded")


def test_a_server_database_is_created_when_it_is_missing(server: Any) -> None:
    name = 'new "lab" 100%'
    for options in ({"create": False}, {"readonly": True}):
        assert "there is no database" in _refused(server.address("absent_lab"), InputError, **options)
    with Store.open(server.address("absent_lab")) as store:
        store.create_job("lookup", {}, 10, "1")
    with Store.open(server.address("absent_lab"), create=False) as store:
        assert len(store.jobs()) == 1
    server.drop("absent_lab")
    Store.open(server.address(name)).close()
    server.drop(name.replace('"', '""'))


def test_a_server_database_without_rights(server: Any, postgresql_address: str) -> None:
    name = postgresql_address.partition("@/")[2].partition("?")[0]
    server.run("CREATE ROLE weak LOGIN")
    try:
        assert "rights" in _refused(server.address(name, "weak"), Unavailable)
        assert "rights" in _refused(server.address("absent_too", "weak"), Unavailable)
    finally:
        server.run("DROP ROLE weak")


def test_a_server_database_of_another_program(server: Any, postgresql_address: str) -> None:
    name = postgresql_address.partition("@/")[2].partition("?")[0]
    server.run("CREATE TABLE song (title TEXT)", name)
    assert "belongs to another program" in _refused(postgresql_address, InputError)
    assert "is empty" not in _refused(postgresql_address, InputError, create=False)


def test_a_connection_that_was_cut_is_reported_and_recovers(server: Any, postgresql_address: str) -> None:
    name = postgresql_address.partition("@/")[2].partition("?")[0]
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    with Store.open(postgresql_address) as store:
        store.create_job("lookup", {}, 10, "1")
        with pytest.raises(Unavailable, match="was lost"):
            _cut_while_reading(store, lambda: server.run(cut))
        assert len(store.jobs()) == 1


def _cut_while_reading(store: Store, cut: Callable[[], None]) -> None:
    with store.reading() as connection:
        connection.exec_driver_sql("SELECT 1")
        cut()
        connection.exec_driver_sql("SELECT 1")
