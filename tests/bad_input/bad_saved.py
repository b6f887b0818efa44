"""Saved plans and frames that are none, were altered, or belong elsewhere."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bad_desk import Bad, Desk, bad

import taskframe as tf
from taskframe.files.saved import read_document, write_document

WRONG = tf.FileError


def _saved(desk: Desk, service: str = "reload") -> Path:
    path = desk.folder / "monday.plan"
    desk.edited(service).save(path)
    return path


def _spoilt(spoil: Callable[[bytes], bytes]) -> Callable[[Desk], Any]:
    """A plan whose bytes were changed."""

    def act(desk: Desk) -> Any:
        path = _saved(desk)
        path.write_bytes(spoil(path.read_bytes()))
        return tf.open_plan(path, desk.hasty())

    return act


def _document(change: Callable[[dict[str, Any]], Any]) -> Callable[[Desk], Any]:
    """A plan whose document was changed, as one who knows gzip and JSON would."""

    def spoil(data: bytes) -> bytes:
        document = json.loads(gzip.decompress(data))
        change(document)
        return gzip.compress(json.dumps(document).encode())

    return _spoilt(spoil)


def _payload(change: Callable[[dict[str, Any]], Any]) -> Callable[[Desk], Any]:
    """A plan whose content was changed, with a checksum that fits."""

    def act(desk: Desk) -> Any:
        path = _saved(desk)
        payload = read_document(path, "plan")
        change(payload)
        write_document(path, "plan", payload)
        return tf.open_plan(path, desk.hasty())

    return act


def _elsewhere(change: dict[str, Any]) -> Callable[[Desk], Any]:
    return _payload(lambda payload: payload["load"].update(change))


def _other_service(desk: Desk) -> Any:
    return tf.open_plan(_saved(desk, "reload"), desk.hasty("pragmatiks"))


def _other_kore(desk: Desk) -> Any:
    return tf.open_plan(_saved(desk, "kore"), desk.hasty("reload"))


def _other_kind(desk: Desk) -> Any:
    desk.tasks().save(desk.folder / "monday.tasks")
    return tf.open_plan(desk.folder / "monday.tasks", desk.hasty())


def _plan_for_tasks(desk: Desk) -> Any:
    return tf.open_tasks(_saved(desk), desk.hasty())


def _csv_for_plan(desk: Desk) -> Any:
    desk.tasks().to_csv(desk.folder / "tasks.csv")
    return tf.open_plan(desk.folder / "tasks.csv", desk.hasty())


def _later_elsewhere(desk: Desk) -> Any:
    """Opened before the connection knew whose account it is: `apply` reads a page to learn it."""
    path = _saved(desk)
    payload = read_document(path, "plan")
    payload["load"]["account"] = {"workspaceId": "wsp_other"}
    write_document(path, "plan", payload)
    return tf.open_plan(path, desk.hasty()).apply()


def _bomb(desk: Desk) -> Any:
    path = desk.folder / "huge.plan"
    path.write_bytes(gzip.compress(b" " * (70 << 20)))
    return tf.open_plan(path, desk.hasty())


SAVED: list[Bad] = [
    bad(
        "a plan that is not there",
        lambda d: tf.open_plan(d.folder / "gone.plan", d.hasty()),
        WRONG,
        "there is no file",
        "gone.plan",
    ),
    bad("a plan that is cut", _spoilt(lambda data: data[:-100]), WRONG, "monday.plan is cut", "Copy it again"),
    bad(
        "a plan with another byte",
        _spoilt(lambda data: data[:200] + bytes([data[200] ^ 255]) + data[201:]),
        WRONG,
        "monday.plan was altered or damaged",
        "save it again",
    ),
    bad(
        "a plan with something behind it",
        _spoilt(lambda data: data + b"x"),
        WRONG,
        "was altered",
        "something follows its end",
    ),
    bad(
        "a plan edited by hand",
        _document(lambda doc: doc["payload"]["changes"]["columns"][0].update(after=["Evil"])),
        WRONG,
        "its checksum does not fit",
        "can't be edited by hand",
    ),
    bad(
        "a plan of a newer taskframe",
        _document(lambda doc: doc.update(version=99, taskframe="9.0")),
        WRONG,
        "made by a newer taskframe (9.0",
        "pip install --upgrade taskframe",
    ),
    bad("an empty file for a plan", _spoilt(lambda _: b""), WRONG, "is not a plan that taskframe wrote"),
    bad("a pickle for a plan", _spoilt(lambda _: b"\x80\x04K\x01."), WRONG, "is not a plan that taskframe wrote"),
    bad("a CSV file for a plan", _csv_for_plan, WRONG, "is not a plan", "plan_csv"),
    bad("saved tasks for a plan", _other_kind, WRONG, "is saved tasks, not a plan", "tf.open_tasks"),
    bad("a plan for saved tasks", _plan_for_tasks, WRONG, "is a plan, not saved tasks", "tf.open_plan"),
    bad("a plan that unpacks without end", _bomb, WRONG, "huge.plan unpacks to more than", "it is not opened"),
    bad(
        "a plan without changes",
        _payload(lambda p: p.pop("changes")),
        WRONG,
        "monday.plan",
        "makes no sense",
        "'changes'",
    ),
    bad(
        "a plan with a column that there is not",
        _payload(lambda p: p["changes"]["columns"][0].update(name="titel")),
        WRONG,
        "monday.plan",
        "'titel'",
        "load the tasks again",
    ),
    bad(
        "a plan with text for a row",
        _payload(lambda p: p["changes"]["columns"][0].update(rows=["0"])),
        WRONG,
        "monday.plan",
        "make no sense",
    ),
    bad(
        "a plan with a priority beyond all",
        _payload(lambda p: p["changes"]["columns"][0].update(name="status", after=[{}])),
        WRONG,
        "monday.plan",
        "make no sense",
    ),
    bad("a plan without a time", _elsewhere({"loaded_at": "yesterday"}), WRONG, "monday.plan", "load", "loaded_at"),
    bad(
        "a plan of a service that is not there",
        _elsewhere({"service": "relaod"}),
        tf.SettingsError,
        "'relaod'",
        "'reload'",
    ),
    bad(
        "a plan for another service",
        _other_service,
        tf.PlanError,
        "monday.plan was made elsewhere",
        "its service is reload",
        "this connection's is pragmatiks",
    ),
    bad(
        "a plan of Kore's for Reload",
        _other_kore,
        tf.PlanError,
        "monday.plan was made elsewhere",
        "its service is kore",
    ),
    bad(
        "a plan for another address",
        _elsewhere({"base_url": "https://api.reload.chat"}),
        tf.PlanError,
        "its address is https://api.reload.chat",
    ),
    bad(
        "a plan for another account",
        _later_elsewhere,
        tf.PlanError,
        "was made elsewhere",
        "its workspaceId is wsp_other",
        calls=True,
    ),
    bad(
        "saving to nowhere",
        lambda d: d.edited().save(d.folder / "none" / "x.plan"),
        WRONG,
        "x.plan can't be written",
        "No such file or directory",
    ),
    bad("saving into a folder", lambda d: d.edited().save(d.folder), WRONG, "is a folder", "name a file in it"),
]
