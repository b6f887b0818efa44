"""SQLite, as the sandboxes use it: one connection, one lock, tables whose columns are the wire's own names."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from taskframe.errors import SettingsError


class Database:
    """One SQLite connection for the server's thread and the tests' threads, taken in turns.

    One connection under a lock is the only arrangement in which ":memory:" is shared soundly, and it makes
    a call and its log record one step. A file is kept: opened again, it still holds its tasks.
    """

    def __init__(self, path: str | Path = ":memory:") -> None:
        self.lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, cached_statements=512)
        self.execute("PRAGMA journal_mode=WAL")
        self.execute("PRAGMA synchronous=OFF")

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement; all its rows."""
        with self.lock:
            return self._connection.execute(sql, values).fetchall()

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for every row: all or none."""
        with self.lock:
            self._connection.execute("BEGIN")
            try:
                self._connection.executemany(sql, rows)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def claim(self, seed: int) -> None:
        """Note whose file this is; `SettingsError` when it was made from another seed."""
        self.execute("CREATE TABLE IF NOT EXISTS sandbox (seed TEXT)")
        found = self.execute("SELECT seed FROM sandbox")
        if not found:
            self.execute("INSERT INTO sandbox VALUES (?)", (str(seed),))
        elif found[0][0] != str(seed):
            raise SettingsError(f"this file was made with seed={found[0][0]}, not {seed}; its people would not fit")

    def close(self) -> None:
        """Close the connection; again is fine."""
        with self.lock:
            self._connection.close()


class Table:
    """Rows as dicts of wire fields. `where` is SQL over the quoted column names; values are bound."""

    def __init__(self, database: Database, name: str, columns: Mapping[str, str], indexes: Sequence[str] = ()) -> None:
        self._database = database
        self._name = name
        self.columns = tuple(columns)
        self._names = ", ".join(f'"{c}"' for c in columns)
        self._holes = ", ".join("?" for _ in columns)
        typed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        database.execute(f"CREATE TABLE IF NOT EXISTS {name} ({typed})")
        for i, over in enumerate(indexes):
            database.execute(f"CREATE INDEX IF NOT EXISTS {name}_{i} ON {name} ({over})")
        self._select = f"SELECT {self._names} FROM {name}"  # noqa: S608 - names are our own

    def get(self, key: str) -> dict[str, Any] | None:
        """The row whose id is `key`."""
        rows = self._database.execute(f'{self._select} WHERE "id" = ?', (key,))
        return dict(zip(self.columns, rows[0], strict=True)) if rows else None

    def rows(self, rest: str = "", values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The rows that `rest` (WHERE, ORDER BY, LIMIT) picks."""
        columns = self.columns
        found = self._database.execute(f"{self._select} {rest}", values)
        return [dict(zip(columns, row, strict=True)) for row in found]

    def pairs(self, one: str, other: str, rest: str = "", values: Sequence[Any] = ()) -> list[tuple[Any, Any]]:
        """Two columns of the rows that `rest` picks."""
        sql = f'SELECT "{one}", "{other}" FROM {self._name} {rest}'  # noqa: S608 - names are our own
        return [(a, b) for a, b in self._database.execute(sql, values)]

    def count(self, where: str = "", values: Sequence[Any] = ()) -> int:
        """How many rows there are."""
        sql = f"SELECT count(*) FROM {self._name} {where}"  # noqa: S608
        return int(self._database.execute(sql, values)[0][0])

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows: all or none."""
        columns = self.columns
        sql = f"INSERT INTO {self._name} ({self._names}) VALUES ({self._holes})"  # noqa: S608
        self._database.execute_many(sql, ([row[c] for c in columns] for row in rows))

    def change(self, key: str, fields: Mapping[str, Any]) -> None:
        """Set fields of one row."""
        sets = ", ".join(f'"{c}" = ?' for c in fields)
        sql = f'UPDATE {self._name} SET {sets} WHERE "id" = ?'  # noqa: S608
        self._database.execute(sql, (*fields.values(), key))
