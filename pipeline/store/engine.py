"""The store's file or server: opened, brought up to date, spoken to in transactions."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)

from models import errors
from pipeline.store import schema

MIGRATIONS = Path(__file__).parent / "migrations"
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
WAITS_MS = 60_000  # milliseconds that one writer waits for another
CHAIN = 7_263_391  # names the lock of the audit log among PostgreSQL's advisory locks
TRIES, WAITS_S = 6, 0.25  # of a transaction whose server went away; seconds, doubled each time

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


class HasAddress(Protocol):
    """A store, by its address."""

    address: str


Addressed = TypeVar("Addressed", bound=HasAddress)


def engine_of(address: str, new: bool = True) -> Engine:
    """The store at an address, its tables up to date: a path, or sqlite:/// or postgresql://.

    `new`: it is made where there is none. Raises NoStore, CannotWrite, Usage.
    """
    if not new:
        _check_there(address)
    with faults(shown(address)):
        try:
            engine = create_engine(_url(address), pool_pre_ping=True)
        except ValueError:
            raise errors.Usage("--store: the address makes no sense.") from None
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare)
            event.listen(engine, "begin", _begin)
        _bring_up_to_date(engine)
    return engine


def shown(address: str) -> str:
    """An address for people: no user, no password, nothing that was asked for beside."""
    if "://" not in address:
        return address
    try:
        url = make_url(address)
        host = f"{url.host or ''}".rpartition("@")[2] + (f":{url.port}" if url.port else "")
        return f"{url.drivername}://{host}/{url.database or ''}"
    except (ArgumentError, ValueError):
        return "the store"


def _url(address: str) -> str:
    """As SQLAlchemy takes it. Raises Usage."""
    scheme, sign, rest = address.partition("://")
    if not sign and ADDRESS.match(address):
        raise errors.Usage("--store: write a path, sqlite:///PATH or postgresql://USER@HOST/NAME.")
    if not sign:
        return f"sqlite:///{Path(address).absolute()}"
    authority = rest.partition("?")[0].partition("/")[0]
    if rest.count("@") > authority.count("@") or authority.count("@") > 1:
        raise errors.Usage("--store: in a password write @ as %40, / as %2F, : as %3A, ? as %3F.")
    if scheme not in DRIVERS:
        raise errors.Usage(
            "--store {address}: write a path, sqlite:///PATH or postgresql://USER@HOST/NAME.",
            address=shown(address),
        )
    return f"{DRIVERS[scheme]}://{rest}"


def _check_there(address: str) -> None:
    """Raises NoStore where a file is named that is not there."""
    path = Path(address.removeprefix("sqlite:///"))
    if ("://" not in address or address.startswith("sqlite:///")) and not path.is_file():
        raise errors.NoStore("There is no store at {where}.", where=str(path))


def _prepare(connection: Any, _record: object) -> None:
    """Transactions are begun by us; what was committed survives a power cut."""
    connection.isolation_level = None
    for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute(f"PRAGMA busy_timeout = {WAITS_MS}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _bring_up_to_date(engine: Engine) -> None:
    """Made, or the steps that it lacks, one process at a time. Raises NoStore for a later one's."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    newest = ScriptDirectory.from_config(config).get_current_head()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        if not engine.dialect.has_table(connection, "alembic_version"):
            schema.create(connection)
            command.stamp(config, "head")
            return
        there = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if there == newest:
            return
        try:
            command.upgrade(config, "head")
        except CommandError as fault:
            raise errors.NoStore(
                "The store was made by a later version: {why}.", why=str(fault).rstrip(".")
            ) from None


@contextmanager
def changing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes; in SQLite it is the only one."""
    with engine.connect() as plain:
        connection = plain.execution_options(writes=True)
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that alone may write, so that the audit log stays one chain."""
    with changing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": CHAIN})
        yield connection


@contextmanager
def faults(where: str) -> Iterator[None]:
    """What a database says, as an error of ours."""
    try:
        yield
    except (OperationalError, DBAPIError) as fault:
        why = str(fault.orig).strip().partition("\n")[0].rstrip(".")
        kind = errors.CannotWrite if "disk" in why or "readonly" in why else errors.NoStore
        raise kind("The store {where} cannot be used: {why}.", where=where, why=why) from None
    except (SQLAlchemyError, ArgumentError, NoSuchModuleError) as fault:
        why = type(fault).__name__  # what it says may hold the password
        raise errors.NoStore(
            "The store {where} cannot be used: {why}.", where=where, why=why
        ) from None


def patient(
    call: Callable[Concatenate[Addressed, Asked], Answer],
) -> Callable[Concatenate[Addressed, Asked], Answer]:
    """A method of a store, called again where its transaction was undone: its server went away,
    or another was faster to add the same.

    Raises what `faults` raises.
    """

    @wraps(call)
    def called(store: Addressed, /, *args: Asked.args, **options: Asked.kwargs) -> Answer:
        with faults(shown(store.address)):
            for number in range(TRIES - 1):
                try:
                    return call(store, *args, **options)
                except DBAPIError as fault:
                    again = isinstance(fault, (OperationalError, IntegrityError))
                    if not (fault.connection_invalidated or again):
                        raise
                    if "disk" in str(fault.orig) or "readonly" in str(fault.orig):
                        raise
                    time.sleep(WAITS_S * 2**number)
            return call(store, *args, **options)

    return called
