"""How people are shown: never half a name, never two that look alike."""

from __future__ import annotations

from typing import Any

import pytest
from preview_makers import HOSTILE, changes, frame, plan, report, tasks

from taskframe.preview.cells import shown
from taskframe.preview.html import frame_html, plan_html, report_html
from taskframe.preview.persons import Persons
from taskframe.preview.text import frame_text, plan_text, report_text
from taskframe.preview.width import width
from taskframe.problem import Problem

BJORN, ADA, NOBODY = (
    "u-10b4294f-3599-e80b-0266-89c5510299a4",
    "u-6d5e3746-ce89-8103-2db2-fbb6857d10f9",
    "u-2d8f0cc7-74a1-0d6c-1e34-3c2f6e2a9b55",
)
NAMES = {BJORN: "Björn Lindqvist", ADA: "Ada Okafor"}


@pytest.fixture
def view() -> Any:
    cells: list[Any] = [(BJORN, ADA), (BJORN, None), (BJORN, NOBODY), (NOBODY, ADA)]
    return plan(
        changes(4, assigneeUserId=cells),
        names=NAMES,
        unseen={"assigneeUserId": {ADA: 2, NOBODY: 1}},
        problems=[Problem("type", "tsk_9", "assigneeUserId", BJORN, "no")],
    )


def test_people_have_names() -> None:
    """A person is shown by name and id, in lists too; one without a name by the whole id."""
    persons = Persons({"usr_1": "Anna Kim", "usr_3": ""})
    assert shown("usr_1", persons) == "Anna Kim (usr_1)"
    assert shown("usr_2", persons) == "usr_2"
    assert shown("usr_3", persons) == "usr_3"
    assert shown(["usr_1", "usr_2"], persons) == '["Anna Kim (usr_1)", "usr_2"]'


@pytest.mark.parametrize(
    ("who", "short"),
    [
        (BJORN, "u-10b4294f…"),
        ("usr_47ie0lgbh34gath89al8", "usr_47ie0lgb…"),
        ("user:⟨8f0cc774a10d6c1e343c⟩", "user:⟨8f0cc77…"),
        ("10b4294f-3599-e80b-0266-89c5510299a4", "10b4294f…"),
        ("anna.kim@example.com", "anna.kim@example.com"),
        ("bot", "bot"),
    ],
)
def test_a_long_id_is_cut_to_what_can_be_recognized(who: str, short: str) -> None:
    """What stands before a separator, and eight characters; ids that are not long stay whole."""
    assert shown(who, Persons({who: "Anna Kim"})) == f"Anna Kim ({short})"


def test_ids_that_begin_alike_keep_what_tells_them_apart() -> None:
    """Two people of one name are never one person in a preview, whatever their ids have in common."""
    ids = [f"u-10b4294f-3599-e80b-{n:04d}-89c5510299a4" for n in (1, 2, 13, 14)]
    ids += ["u-10b4294f-3599-e80b-0001-89c5510299a4-copy", "u-10b4294f-3599-e80b"]
    persons = Persons(dict.fromkeys(ids, "Anna Kim"))
    labels = [shown(who, persons) for who in ids]
    assert len(set(labels)) == len(ids)
    assert labels[2] == "Anna Kim (u-10b4294f-3599-e80b-0013…)"
    assert [persons.id_of(label) for label in labels] == ids


@pytest.mark.parametrize("columns", [1, 5, 14, 15, 20, 28, 29, 60])
def test_a_name_is_cut_only_where_the_column_is_narrower(columns: int) -> None:
    """The id goes first; what is cut is the end of the name, never its middle."""
    persons = Persons(NAMES)
    label = shown(BJORN, persons)
    fitted = persons.fit(label, columns)
    assert width(fitted) <= columns
    if columns >= width(label):
        assert fitted == label
    elif columns >= len("Björn Lindqvist"):
        assert fitted == "Björn Lindqvist"
    else:
        assert fitted == "Björn Lindqvist"[: columns - 1] + "…"


@pytest.mark.parametrize("name", ["Anna Kim", "u-6d5e3746-ce89-8103-2db2-fbb6857d10f9", "∅"])
def test_where_a_name_could_be_anothers_the_id_stays(name: str) -> None:
    """Of two Anna Kims, of one who is called like another's id, and of one who is called like null."""
    persons = Persons({BJORN: name, ADA: "Anna Kim"})
    assert persons.fit(shown(BJORN, persons), 12 if len(name) < 12 else 45) == "u-10b4294f…"


def test_what_is_no_person_is_cut_as_ever() -> None:
    """Titles, and ids without a name."""
    assert Persons(NAMES).fit("Fix the login page", 8) == "Fix the…"


@pytest.mark.parametrize("columns", [80, 100, 140])
def test_a_plan_shows_whole_names_and_known_ids(view: Any, columns: int) -> None:
    """In the summary, the rows, the problems and among those never seen before."""
    text = plan_text(view, width=columns)
    assert "Björn Lindqvist" in text
    assert "Lindq…" not in text
    assert "Björn Lindqvist (u-10b4294f…) → ∅  cleared" in text or columns < 100
    assert "assigneeUserId = Björn Lindqvist (u-10b4294f…)" in " ".join(text.split())
    for line in text.splitlines():
        assert width(line) <= columns
        assert not ("Björn" in line and "Björn Lindqvist" not in line)


def test_in_html_the_whole_id_can_be_pointed_at(view: Any) -> None:
    """The cell shows the name and the short id; its title is the id as it is."""
    page = plan_html(view)
    assert f'<span title="{BJORN}">Björn Lindqvist (u-10b4294f…)</span>' in page
    assert f'<span title="{ADA}">Ada Okafor (u-6d5e3746…)</span>' in page
    assert NOBODY in page


def test_frames_and_reports_show_them_in_the_same_way() -> None:
    """A narrow column has the name alone, HTML has room for all of it."""
    loaded = tasks(3).assign(assigneeUserId=[BJORN, ADA, None])
    assert "  Björn Lindqvist  " in frame_text(frame(loaded, names=NAMES), width=90)
    assert "Björn Lindqvist (u-10b4294f…)" in frame_html(frame(loaded, names=NAMES))
    view = report([("conflict", None)], [("tsk_0", "assigneeUserId", BJORN, ADA, None)], names=NAMES)
    assert "Björn Lindqvist" in report_text(view, width=70)
    assert "Björn Lindqvist (u-10b4294f…)  Ada Okafor (u-6d5e3746…)  ∅" in report_text(view)
    assert f'<span title="{ADA}">' in report_html(view)


def test_a_hostile_name_is_harmless_wherever_it_is_cut() -> None:
    """Names come from the service, too."""
    persons = Persons({HOSTILE: HOSTILE, BJORN: "\x1b[31mred\x1b[0m"})
    for who in (HOSTILE, BJORN):
        for columns in range(1, 120):
            fitted = persons.fit(shown(who, persons), columns)
            assert "\x1b" not in fitted
            assert "\u202e" not in fitted
            assert width(fitted) <= columns
