"""Frames whose rows or columns can't be told, handed to `tasks.plan` and `tf.from_frame`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pandas as pd
from bad_desk import Bad, Desk, bad

import taskframe as tf

WRONG = tf.PlanError


def _plan(spoil: Callable[[pd.DataFrame], Any], **options: Any) -> Callable[[Desk], Any]:
    def act(desk: Desk) -> tf.Plan:
        tasks = desk.tasks()
        return tasks.plan(spoil(tasks.df.assign(title="new")), **options)

    return act


def _assign(value: Any) -> Callable[[Desk], Any]:
    def act(desk: Desk) -> None:
        desk.tasks().df = value

    return act


def _index(labels: Callable[[list[Any]], list[Any]]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda df: df.set_axis(pd.Index(labels(list(df.index)), name="id", dtype="object"))


def _two_indexes(df: pd.DataFrame) -> pd.DataFrame:
    return df.set_axis(pd.MultiIndex.from_arrays([df.index, df.index], names=["id", "id"]))


def _levels(df: pd.DataFrame) -> pd.DataFrame:
    return df.set_axis(pd.MultiIndex.from_product([["x"], df.columns]), axis=1)


def _from(spoil: Callable[[pd.DataFrame], Any], **options: Any) -> Callable[[Desk], Any]:
    return lambda desk: tf.from_frame(spoil(desk.tasks().df), "reload", **options)


FRAMES: list[Bad] = [
    # whose rows?
    bad(
        "the ids are gone",
        _plan(lambda df: df.reset_index(drop=True)),
        WRONG,
        "no task ids",
        "'id'",
        "reset_index()",
        "set_index('id')",
    ),
    bad("another column became the index", _plan(lambda df: df.set_index("identifier")), WRONG, "no task ids", "'id'"),
    bad(
        "ids as column and index that differ",
        _plan(lambda df: df.assign(id=list(df.index[::-1]))),
        WRONG,
        "the column 'id' and the index 'id' differ",
        "row 0",
        "drop the other",
    ),
    bad("an index with the ids twice", _plan(_two_indexes), WRONG, "two levels 'id'", "drop or rename"),
    bad(
        "an id twice",
        _plan(lambda df: pd.concat([df, df.head(1)])),
        "problem",
        "tsk_",
        "2 rows have this id",
        "keep one",
    ),
    bad(
        "a null id", _plan(_index(lambda ids: [None, *ids[1:]])), "problem", "no task id", "fill it in, or drop the row"
    ),
    bad(
        "an unknown id",
        _plan(_index(lambda ids: ["tsk_of_nobody", *ids[1:]])),
        "problem",
        "tsk_of_nobody",
        "no task of this load",
        "never creates",
    ),
    bad("an id with a typo", _plan(_index(lambda ids: [ids[0][:-1] + "!", *ids[1:]])), "problem", "Did you mean 'tsk_"),
    bad("ids that are numbers", _plan(_index(lambda ids: [*range(len(ids))])), "problem", "0", "no task of this load"),
    bad(
        "an id that is half a character",
        _plan(_index(lambda ids: ["tsk_\ud83d", *ids[1:]])),
        "problem",
        "no task of this load",
    ),
    bad(
        "a task that was added",
        _plan(lambda df: pd.concat([df, df.head(1).set_axis(pd.Index(["new"], name="id"))])),
        "problem",
        "new",
        "never creates",
    ),
    bad(
        "an older load",
        _plan(lambda df: df.assign(version=df["version"] - 1)),
        "problem",
        "stale",
        "version",
        "the load of",
        "edit a fresh one",
    ),
    bad(
        "a version of a newer load",
        _plan(lambda df: df.assign(version=df["version"] + 1)),
        "problem",
        "stale",
        "newer load",
    ),
    bad(
        "a version that is none",
        _plan(lambda df: df.assign(version="x")),
        "problem",
        "stale",
        "version 'x'",
        "put its version back",
    ),
    # what is handed in
    bad("a list", _plan(lambda df: df.to_dict("records")), WRONG, "DataFrame", "list", "tasks.plan(df)"),
    bad("a Series", _plan(lambda df: df["title"]), WRONG, "DataFrame", "Series"),
    bad("tasks.df = None", _assign(None), tf.FrameError, "tasks.df takes a DataFrame", "NoneType"),
    bad("columns of several levels", _plan(_levels), WRONG, "columns have several levels", "flatten"),
    bad(
        "a column twice",
        _plan(lambda df: pd.concat([df, df[["title"]]], axis=1)),
        WRONG,
        "column 'title' is there twice",
        "drop or rename",
    ),
    bad(
        "a column in the index too",
        _plan(lambda df: df.set_index("status", append=True, drop=False)),
        WRONG,
        "column 'status' is there twice",
    ),
    # what is named beside it
    bad("columns= with a typo", _plan(lambda df: df, columns=["titel"]), WRONG, "columns=", "'titel'", "'title'"),
    bad("columns= of one text", _plan(lambda df: df, columns="title"), WRONG, "columns=", "list", "['title']"),
    bad("columns= that can't be edited", _plan(lambda df: df, columns=["dueAt"]), WRONG, "columns=", "dueAt"),
    bad(
        "columns= of a number", _plan(lambda df: df, columns=5), WRONG, "columns= takes a list of names", "columns=[5]"
    ),
    bad(
        "columns= of a list in a list",
        _plan(lambda df: df, columns=[["title"]]),
        WRONG,
        "columns= takes a list of names",
        "[['title']]",
    ),
    bad("ids= of a number", _plan(lambda df: df, ids=5), WRONG, "ids= takes a list of task ids", "ids=[5]"),
    bad("ids= of nobody", _plan(lambda df: df, ids=["tsk_gone"]), WRONG, "ids=", "'tsk_gone'", "no task of this load"),
    bad("ids= of one text", _plan(lambda df: df, ids="tsk_1"), WRONG, "ids=", "list", "['tsk_1']"),
    bad(
        "a column with a typo",
        _plan(lambda df: df.drop(columns="title").rename(columns={"status": "stauts"})),
        "note",
        "stauts",
        "'status'",
    ),
    # baselines from elsewhere
    bad(
        "a baseline that is a dict",
        _from(lambda df: df.to_dict()),
        tf.FrameError,
        "from_frame takes a DataFrame",
        "dict",
    ),
    bad("a baseline without ids", _from(lambda df: df.reset_index(drop=True)), tf.FrameError, "no task ids", "'id'"),
    bad("a baseline with an id twice", _from(lambda df: pd.concat([df, df.head(1)])), tf.FrameError, "doubled", "tsk_"),
    bad(
        "a baseline with a null id",
        _from(_index(lambda ids: [None, *ids[1:]])),
        tf.FrameError,
        "missing",
        "each task has one id",
    ),
    bad(
        "a baseline with text for a version",
        _from(lambda df: df.assign(version="one")),
        tf.FrameError,
        "task tsk_",
        "column version",
        "'one'",
        "whole number",
    ),
    bad(
        "a baseline with null for a title",
        _from(lambda df: df.assign(title=None)),
        tf.FrameError,
        "column title",
        "null",
        "fill it in, or leave the column out",
    ),
    bad(
        "a baseline of yesterday",
        _from(lambda df: df, loaded_at="yesterday"),
        tf.FrameError,
        "loaded_at=",
        "datetime with its time zone",
        "'yesterday'",
    ),
    bad(
        "a baseline of a time without its zone",
        _from(lambda df: df, loaded_at=datetime(2026, 1, 1)),
        tf.FrameError,
        "loaded_at=",
        "time zone",
    ),
    bad(
        "a baseline of a service with a typo",
        lambda _: tf.from_frame(pd.DataFrame(), "relaod"),
        tf.SettingsError,
        "'relaod'",
        "'reload'",
    ),
]
