"""A service's own database: created when missing, migrated under a lock, one engine."""

import asyncio
import time
from pathlib import Path

import asyncpg
import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, NullPool, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from huleedu_service_libs.errors import server_is_lost

_MIGRATION_LOCK = 0x48_55_4C_45
_STATEMENT_SECONDS = 50
_UNUSED_SECONDS = 300
_RESTED_SECONDS = 1.0
_LIBRARY_MIGRATIONS = Path(__file__).parent / "migrations"

log = structlog.get_logger()


def service_database_url(server_url: str, name: str) -> URL:
    """The URL, for SQLAlchemy with asyncpg, of database `name` on the server of `server_url`."""
    return make_url(server_url).set(drivername="postgresql+asyncpg", database=name)


def _asyncpg_dsn(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


async def create_database(server_url: str, name: str) -> None:
    """Create database `name` unless it can be connected to already."""
    wanted = service_database_url(server_url, name)
    try:
        connection = await asyncpg.connect(_asyncpg_dsn(wanted))
    except asyncpg.InvalidCatalogNameError:
        connection = await asyncpg.connect(_asyncpg_dsn(make_url(server_url)))
        try:
            quoted = '"' + name.replace('"', '""') + '"'
            await connection.execute(f"CREATE DATABASE {quoted}")
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            pass  # another replica of the service was quicker
        finally:
            await connection.close()
    else:
        await connection.close()


def create_engine(
    server_url: str, name: str, *, command_seconds: float = 60.0, idle_seconds: float = 30.0
) -> AsyncEngine:
    """Read committed; the pool has a connection for each event handled at once, and two to spare.

    They are made when needed, and those not needed for long are ended by the server.
    A statement that waits too long is ended by the server and tried again. A connection whose other
    end has gone without a word fails after `command_seconds` here, and the server gives up its
    locks by the keepalives. A process that is frozen within a transaction loses it after
    `idle_seconds`: another one waits to do its work.
    """
    engine = create_async_engine(
        service_database_url(server_url, name),
        pool_size=18,
        max_overflow=0,
        pool_use_lifo=True,
        pool_recycle=1800,
        connect_args={
            "server_settings": {
                "application_name": name,
                "statement_timeout": f"{_STATEMENT_SECONDS}s",
                "idle_in_transaction_session_timeout": f"{round(idle_seconds * 1000)}ms",
                "idle_session_timeout": f"{_UNUSED_SECONDS}s",
                "tcp_keepalives_idle": "30",
                "tcp_keepalives_interval": "10",
                "tcp_keepalives_count": "3",
            },
            "timeout": 5,
            "command_timeout": command_seconds,
        },
    )
    _ping_what_was_idle(engine)
    return engine


def _ping_what_was_idle(engine: AsyncEngine) -> None:
    """Ask a connection that has rested whether it lives, before it is used.

    One under load is not asked: a ping costs as much as three statements. One that the server is
    known to have ended is replaced.
    """

    def rests(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    def ping(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        driver = record.driver_connection
        if driver is None or driver.is_closed():
            raise DisconnectionError
        if time.monotonic() - record.info["rests_since"] < _RESTED_SECONDS:
            return
        dialect = engine.dialect
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error

    event.listen(engine.sync_engine, "connect", rests)
    event.listen(engine.sync_engine, "checkin", rests)
    event.listen(engine.sync_engine, "checkout", ping)


async def migrate(engine: AsyncEngine, migrations: Path | None) -> None:
    """Bring the schema up to date: the library's tables and the service's own.

    Replicas that start together wait for one another on an advisory lock. A step may take longer
    than a statement of the service.
    """
    folders = [_LIBRARY_MIGRATIONS / "versions"]
    if migrations is not None:
        folders.append(migrations / "versions")
    patient = create_async_engine(engine.url, poolclass=NullPool)
    async with patient.connect() as lock:
        await lock.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
        try:
            async with patient.begin() as connection:
                await connection.run_sync(_upgrade, folders)
        finally:
            await lock.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _MIGRATION_LOCK})


def _upgrade(connection: Connection, folders: list[Path]) -> None:
    config = Config()
    config.set_main_option("script_location", str(_LIBRARY_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", ":".join(str(folder) for folder in folders))
    config.attributes["connection"] = connection
    command.upgrade(config, "heads")


async def set_up(server_url: str, name: str, engine: AsyncEngine, migrations: Path | None) -> None:
    """Create the engine's database when it is missing, and migrate it.

    Waits for a server that does not answer, and begins again when it is lost in the middle.
    """
    delay = 0.1
    while True:
        try:
            await create_database(server_url, name)
            await migrate(engine, migrations)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError) as error:
            if not server_is_lost(error):
                raise
            log.warning("the database is not there yet", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(delay)
            delay = min(delay * 2, 2.0)
        else:
            return
