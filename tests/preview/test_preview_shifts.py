"""How the work shifts between assignees, in the HTML preview of a plan."""

from __future__ import annotations

import re

import taskframe as tf


def _rows(html: str) -> dict[str, tuple[int, int]]:
    section = html.partition("of the whole load")[2].partition("</table>")[0]
    cells = re.findall(
        r'<th scope="row" class="tf-name">(.*?)</th><td[^>]*>([\d,]+)</td><td[^>]*>([\d,]+)</td>', section
    )
    return {name: (int(before.replace(",", "")), int(after.replace(",", ""))) for name, before, after in cells}


def test_each_person_whose_work_changes_has_a_bar(conn: tf.Connection) -> None:
    """Counted over the whole load, before and after; who keeps as many is not there; people go by name."""
    tasks = conn.load()
    before = tasks.df["assigneeUserId"].value_counts()
    first, second = before.index[:2]
    conn.people = {first: "Ada", second: "<b>Grace</b>"}
    tasks.reassign(first, {second: 1})
    html = tasks.plan()._repr_html_()
    rows = _rows(html)
    assert len(rows) == 2
    assert rows[next(n for n in rows if n.startswith("Ada"))] == (before[first], 0)
    assert rows[next(n for n in rows if "Grace" in n)] == (before[second], before[first] + before[second])
    assert "<b>Grace</b>" not in html
    assert html.count('class="tf-bar ') == 4


def test_nobody_counts_too_and_many_are_cut(conn: tf.Connection) -> None:
    """Work that is taken from everybody: a dozen bars, and how many more there are."""
    tasks = conn.load()
    tasks.df["assigneeUserId"] = None
    rows = _rows(tasks.plan()._repr_html_())
    assert len(rows) == 12
    assert rows["nobody"][1] == len(tasks)


def test_without_a_change_of_assignees_or_without_the_load_there_is_none(conn: tf.Connection, tmp_path: object) -> None:
    """A plan from a file does not hold the whole load."""
    tasks = conn.load()
    tasks.df["title"] += "!"
    assert "of the whole load" not in tasks.plan()._repr_html_()
    tasks.df["assigneeUserId"] = "u_new"
    plan = tasks.plan()
    assert "of the whole load" in plan._repr_html_()
    plan.save(f"{tmp_path}/a.plan")
    assert "of the whole load" not in tf.open_plan(f"{tmp_path}/a.plan", conn)._repr_html_()
