"""CSV files that can't be read, and rows and cells of them that can't be told: with the file, the line, the way out."""

from __future__ import annotations

from typing import Any

from bad_desk import Bad, Desk, bad

import taskframe as tf

WRONG = tf.FileError


def _csv(content: str | bytes, service: str = "reload", **options: Any) -> Any:
    return lambda desk: desk.csv(content, service, **options)


def _path(name: str) -> Any:
    return lambda desk: desk.tasks().plan_csv(desk.folder / name)


def _line_without_end(desk: Desk) -> tf.Plan:
    return desk.csv(b"id,title\n" + b"x" * (64 << 20))


def _write(**options: Any) -> Any:
    return lambda desk: desk.tasks().to_csv(desk.folder / "out.csv", **options)


CSV: list[Bad] = [
    # the file
    bad("a file that is not there", _path("gone.csv"), WRONG, "there is no file", "gone.csv", "looked in"),
    bad("a folder", _path(""), WRONG, "can't be read", "directory"),
    bad("an empty file", _csv(b""), WRONG, "edited.csv is empty", "the first line has to name the columns", "'id'"),
    bad("a picture", _csv(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), WRONG, "edited.csv, line 3", "a NUL byte"),
    bad("a workbook", _csv(b"PK\x03\x04rest"), WRONG, "edited.csv is no CSV file but an Excel workbook", "'CSV UTF-8'"),
    bad("no text", _csv(b"id,title\nx,\x81\n"), WRONG, "edited.csv, line 2", "not UTF-8 (byte 0x81)", "'CSV UTF-8'"),
    bad("UTF-32", _csv("id,title\n".encode("utf-32")), WRONG, "UTF-32", "'CSV UTF-8'"),
    bad("a NUL byte", _csv(b"id,title\nx,a\0b\n"), WRONG, "line 2", "NUL byte"),
    bad("a quote that is never closed", _csv('id,title\n{id},"x\n'), WRONG, "line 2", "never closed"),
    bad("text behind a quote", _csv('id,title\n{id},"a"b\n'), WRONG, "line 2", "closing quote", "written twice"),
    bad("a line without an end", _line_without_end, WRONG, "line 2", "more than"),
    bad("blank= in other words", _csv("id,title\n", blank="clean"), WRONG, "blank='clean'", "'leave'", "'clear'"),
    # the header
    bad(
        "a header with a column twice",
        _csv("id,title,title\n"),
        WRONG,
        "edited.csv has two columns 'title'",
        "rename or remove",
    ),
    bad(
        "no id column",
        _csv("title,status\nx,todo\n"),
        WRONG,
        "no column 'id'",
        "its columns are 'title', 'status'",
        "key='identifier'",
    ),
    bad("an id column with a typo", _csv("idd,title\n"), WRONG, "no column 'id'", "Did you mean 'idd'"),
    bad("a key that is no column of the file", _csv("id,title\n", key="identifier"), WRONG, "no column 'identifier'"),
    bad(
        "a key that is no column at all",
        _csv("id,title\n", key="identifer"),
        tf.PlanError,
        "key='identifer'",
        "'identifier'",
    ),
    bad(
        "a key that several tasks share",
        _csv("status,title\n", key="status"),
        tf.PlanError,
        "key='status'",
        "several tasks share a value",
        "key='identifier'",
    ),
    bad("a column with a typo", _csv("id,titel\n{id},x\n"), "note", "titel", "'title'"),
    # rows
    bad(
        "a row that is too long",
        _csv("id,title\n{id},a,b\n"),
        "problem",
        "2",
        "this row has 3 cells, the header 2",
        "quotes",
    ),
    bad("a row that is too short", _csv("id,title,status\n{id},a\n"), "problem", "this row has 2 cells, the header 3"),
    bad("a cell in a column without a name", _csv("id,title,\n{id},a,b\n"), "problem", "a column without a name"),
    bad("a row without an id", _csv("id,title\n,a\n"), "problem", "no task id", "fill it in, or drop the row", "2"),
    bad("an id that is not there", _csv("id,title\ntsk_gone,a\n"), "problem", "tsk_gone", "no task of this load"),
    bad("an id twice", _csv("id,title\n{id},a\n{id},b\n"), "problem", "2 rows have this id (lines 2, 3)", "keep one"),
    bad(
        "a key that no task has",
        _csv("identifier,title\nT-99999,a\n", key="identifier"),
        "problem",
        "no task of this load has the identifier 'T-99999'",
    ),
    bad(
        "a row without its key",
        _csv("identifier,title\n,a\n", key="identifier"),
        "problem",
        "no identifier",
        "fill it in, or drop the row",
    ),
    bad(
        "a key that goes with another id",
        _csv("identifier,id,title\nT-1,{id},a\n", key="identifier"),
        "problem",
        "the identifier 'T-1' is task",
        "whose row is it?",
    ),
    bad("a stale row", _csv("id,version,title\n{id},0,a\n"), "problem", "stale", "version 0"),
    bad("a version that a spreadsheet spoiled", _csv("id,version,title\n{id},####,a\n"), "problem", "stale", "'####'"),
    # cells
    bad(
        "a priority with a typo in line 3",
        _csv("id,priority\n{id2},low\n{id},hgih\n"),
        "problem",
        "priority",
        "hgih",
        "did you mean 'high'",
        "3",
    ),
    bad(
        "<clear> where nothing can be cleared",
        _csv("id,title\n{id},<clear>\n"),
        "problem",
        "<clear>",
        "title can't be cleared",
        "2",
    ),
    bad("a blank cell that clears", _csv("id,title\n{id},\n", blank="clear"), "problem", "title can't be cleared"),
    bad(
        "a title that is too long",
        _csv("id,title\n{id}," + "x" * 501 + "\n"),
        "problem",
        "at most 500 characters, this has 501",
    ),
    bad(
        "a date that can't be edited",
        _csv("id,dueAt\n{id},2031-01-01T09:00:00Z\n"),
        "problem",
        "dueAt",
        "2031-01-01T09:00:00Z",
        "2",
    ),
    bad("an escape that is none", _csv("id,title\n{id},'json:x\n"), "problem", "title", "escaped text"),
    bad(
        "nobody's name", _csv("id,assigneeUserId\n{id},Ada Nobody\n"), "problem", "nobody is known as 'Ada Nobody'", "2"
    ),
    bad(
        "Kore: a due date of a spreadsheet",
        _csv("_id,dueDate\n{id},31/01/2026\n", "kore"),
        "problem",
        "dueDate takes a time",
        "a spreadsheet seems to have rewritten",
    ),
    bad("Kore: tags that are no JSON", _csv("_id,tags\n{id},urgent\n", "kore"), "problem", "tags", "is no JSON"),
    bad(
        "Kore: a column of one's own for ids",
        _csv("task,name\n{id},x\n", "kore"),
        WRONG,
        "no column '_id'",
        "its columns are 'task', 'name'",
    ),
    bad(
        "Pragmatiks: a priority in words",
        _csv("id,priority\n{id},high\n", "pragmatiks"),
        "problem",
        "'high' is not one of 4, 3, 2, 1",
    ),
    # out
    bad("to_csv with a column with a typo", _write(columns=["titel"]), WRONG, "no column 'titel'", "'title'"),
    bad("to_csv into a folder", lambda d: d.tasks().to_csv(d.folder), WRONG, "is a folder", "name a file in it"),
    bad(
        "to_csv to nowhere",
        lambda d: d.tasks().to_csv(d.folder / "none" / "out.csv"),
        WRONG,
        "can't be written",
        "No such file or directory",
    ),
]
