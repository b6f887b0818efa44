"""What `on_conflict` makes of cells that others changed too: by itself, without a run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from taskframe.changes.edit import Edit
from taskframe.changes.merge import Conflict
from taskframe.engine.decider import Decider, OnConflict, Undecided, check_on_conflict
from taskframe.errors import SettingsError
from taskframe.problem import Problem
from taskframe.schema import Column, Schema

SCHEMA = Schema(
    (
        Column("title", "text", editable=True, min_length=1),
        Column("note", "text", editable=True, clearable=True),
        Column("status", "choice", editable=True, choices=("todo", "done")),
        Column("points", "integer", editable=True, clearable=True),
        Column("labels", "list", editable=True, unordered=True),
    )
)
BASE = {"title": "a", "note": "x", "status": "todo", "points": 1, "labels": []}
EDIT = Edit("t1", BASE, {"title": "b", "note": "y"})
TITLE = Conflict("title", "a", "b", "c")
NOTE = Conflict("note", "x", "y", "z")


def fine(_: Edit) -> Sequence[Problem]:
    return ()


def decide(
    on_conflict: OnConflict,
    *conflicts: Conflict,
    edit: Edit = EDIT,
    check: Any = fine,
    decided: dict[str, tuple[Any, Any]] | None = None,
) -> Edit:
    decider = Decider(on_conflict, SCHEMA, check)
    return asyncio.run(decider.decide(edit, conflicts, {} if decided is None else decided))


def test_a_word_leaves_the_edit_as_it_is() -> None:
    """Reported, the conflict is the end of it; overwritten, all of ours goes out."""
    assert decide("overwrite", TITLE) is EDIT
    assert decide("report", TITLE) is EDIT
    kinds: tuple[OnConflict, ...] = ("report", "overwrite", max)
    assert [Decider(kind, SCHEMA, fine).reports for kind in kinds] == [True, False, False]


@pytest.mark.parametrize(
    "slip", ["reports", "overwritex", "", None, True, ["report"], lambda a, b: a, lambda *, column: column]
)
def test_what_is_neither_a_word_nor_such_a_function_makes_no_decider(slip: Any) -> None:
    with pytest.raises(SettingsError, match="on_conflict"):
        Decider(slip, SCHEMA, fine)


@pytest.mark.parametrize(("slip", "near"), [("reprot", "'report'"), ("overwrit", "'overwrite'")])
def test_the_nearest_word_is_told(slip: Any, near: str) -> None:
    with pytest.raises(SettingsError) as error:
        check_on_conflict(slip)
    assert str(error.value).endswith(f"not {slip!r}. Did you mean {near}?")


def test_functions_of_five_are_taken_however_they_name_them() -> None:
    for function in (lambda *five: five, lambda a, b, c, d, e: a, lambda a, b, c, d, e, f=1: a, max):
        check_on_conflict(function)


def test_a_function_is_asked_cell_by_cell() -> None:
    """With id, column, base, ours and theirs; of what it gives, theirs is taken out, all else goes out."""
    asked = []

    def function(*five: Any) -> Any:
        asked.append(five)
        return "c" if five[1] == "title" else "joined"

    found = decide(function, TITLE, NOTE)
    assert asked == [("t1", "title", "a", "b", "c"), ("t1", "note", "x", "y", "z")]
    assert (found.id, found.base, found.after) == ("t1", BASE, {"note": "joined"})
    assert EDIT.after == {"title": "b", "note": "y"}


def test_cells_that_are_not_in_conflict_go_out_as_planned() -> None:
    """Also where the answer is a cell that was not in the edit any more."""
    assert decide(lambda *five: five[3], TITLE).after == {"title": "b", "note": "y"}
    assert decide(lambda *five: five[4], TITLE).after == {"note": "y"}
    assert decide(lambda *_: "joined", TITLE, edit=Edit("t1", BASE, {"note": "y"})).after == {
        "note": "y", "title": "joined",
    }  # fmt: skip
    assert decide(lambda *five: five[4], TITLE, edit=Edit("t1", BASE, {"note": "y"})).after == {"note": "y"}


def test_an_answer_is_read_like_a_cell() -> None:
    """In normal form; what the service would see no difference in is theirs."""
    points = Conflict("points", 1, 2, 3)
    assert decide(lambda *_: "4", points).after["points"] == 4
    assert "points" not in decide(lambda *_: 3.0, points, edit=Edit("t1", BASE, {"points": 2})).after
    labels = Conflict("labels", [], ["a"], ["a", "b"])
    assert decide(lambda *_: ("b", "a"), labels, edit=Edit("t1", BASE, {"labels": ["a"]})).after == {}


def test_the_values_in_question_are_known_choices() -> None:
    """Whatever the service documents: they were there. Other ones are not."""
    for at, value in enumerate(("old", "ours", "theirs")):
        conflict = Conflict("status", "old", "ours", "theirs")
        found = decide(lambda *five, at=at: five[2 + at], conflict, edit=Edit("t1", BASE, {"status": "ours"}))
        assert found.after == ({"status": value} if value != "theirs" else {})
    with pytest.raises(Undecided, match=r"^on_conflict gave a value that can't be sent: .*'other'"):
        decide(lambda *_: "other", Conflict("status", "old", "ours", "theirs"))
    with_list = Conflict("labels", None, ["a"], ["b"])  # what is no choice is none
    assert decide(lambda *_: ["c"], with_list, edit=Edit("t1", BASE, {"labels": ["a"]})).after == {"labels": ["c"]}


@pytest.mark.parametrize("answer", ["", 7, ["b"]])
def test_an_answer_that_can_not_be_sent_decides_nothing(answer: Any) -> None:
    with pytest.raises(Undecided, match=r"^on_conflict gave a value that can't be sent: "):
        decide(lambda *_: answer, TITLE)


def test_no_answer_is_no_decision() -> None:
    """A function that forgets to return; null is one only where it is one of the three values."""
    with pytest.raises(Undecided, match=r"^on_conflict gave None, which is none of the three values"):
        decide(lambda *_: None, NOTE)
    for three in ((None, "y", "z"), ("x", None, "z")):
        assert decide(lambda *_: None, Conflict("note", *three)).after == {"title": "b", "note": None}
    assert decide(lambda *_: None, Conflict("note", "x", "y", None)).after == {"title": "b"}
    assert decide(lambda *_: "w", Conflict("note", None, "y", "z")).after["note"] == "w"


@pytest.mark.parametrize("error", [ValueError("no idea"), KeyboardInterrupt("no idea"), SystemExit("no idea")])
def test_a_function_that_breaks_decides_nothing(error: BaseException) -> None:
    """Whatever it raises: it is told, by its kind and its words, and no end of the run."""

    def function(*_: Any) -> Any:
        raise error

    with pytest.raises(Undecided) as told:
        decide(function, TITLE)
    assert str(told.value) == f"on_conflict raised {type(error).__name__}: no idea"
    assert told.value.__cause__ is error


def test_a_long_complaint_is_cut() -> None:
    def function(*_: Any) -> Any:
        raise ValueError("x" * 1_000)

    with pytest.raises(Undecided) as told:
        decide(function, TITLE)
    assert len(str(told.value)) == 400


def test_the_same_question_is_asked_once() -> None:
    """Of one state of the task; of another state it is another question."""
    asked, decided = [], dict[str, tuple[Any, Any]]()

    def function(*five: Any) -> Any:
        asked.append(five[4])
        return f"{five[4]} and ours"

    for theirs, times in (("c", 1), ("c", 1), ("d", 2), ("c", 3)):
        found = decide(function, Conflict("title", "a", "b", theirs), decided=decided)
        assert found.after["title"] == f"{theirs} and ours"
        assert len(asked) == times
    assert decided == {"title": ("c", "c and ours")}


def test_theirs_that_is_null_is_a_question_too() -> None:
    """What was never asked is not taken for an answer to it."""
    found = decide(lambda *_: "w", Conflict("note", "x", "y", None))
    assert found.after == {"title": "b", "note": "w"}


def test_what_the_service_would_not_take_as_a_whole_is_no_decision() -> None:
    """The first thing that is wrong is told; of an edit with nothing left nothing is."""
    checked = []

    def check(edit: Edit) -> Sequence[Problem]:
        checked.append(dict(edit.after))
        return [Problem("service", edit.id, None, None, words) for words in ("the two disagree", "and more")]

    with pytest.raises(Undecided, match=r"^on_conflict made an edit that can't be sent: the two disagree$"):
        decide(lambda *_: "joined", TITLE, check=check)
    assert checked == [{"title": "joined", "note": "y"}]
    assert decide(lambda *five: five[4], TITLE, NOTE, check=check).after == {}
    assert len(checked) == 1


def test_one_question_at_a_time() -> None:
    """Whoever holds the turn asks; the others wait."""

    async def turns() -> list[str]:
        decider, told = Decider(lambda *five: five[4], SCHEMA, fine), []

        async def ask(name: str) -> None:
            async with decider.turn:
                told.append(f"{name} asks")
                await decider.decide(EDIT, [TITLE], {})
                told.append(f"{name} knows")

        await asyncio.gather(ask("one"), ask("two"))
        return told

    assert asyncio.run(turns()) == ["one asks", "one knows", "two asks", "two knows"]
