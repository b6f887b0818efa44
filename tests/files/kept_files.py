"""Files of each version, kept so that later ones are tested to open them.

`python kept_files.py` writes those of this version: once, before its release.
"""

from __future__ import annotations

import sys
from pathlib import Path

import taskframe as tf
from taskframe.frame import TaskFrame

sys.path.insert(0, str(Path(__file__).parents[1] / "frame"))
from offline import table

KEPT = Path(__file__).parent / "kept"
EDITS = {("tsk_000", "title"): "Renamed", ("tsk_001", "priority"): "urgent", ("tsk_003", "assigneeUserId"): None}


def connected() -> tf.Connection:
    """A connection that is never used to send anything."""
    return tf.connect("reload", token="rl_sk_of_a_test", base_url="https://reload.example", progress=False)


def tasks(conn: tf.Connection) -> TaskFrame:
    """The tasks of all versions, with the same edits."""
    made = tf.from_frame(table(6), conn)
    for (task, column), value in EDITS.items():
        made.df.loc[task, column] = value
    return made


def write(folder: Path) -> None:
    """Writes a saved frame, a plan, a CSV file and a workbook."""
    folder.mkdir(parents=True, exist_ok=True)
    with connected() as conn:
        made = tasks(conn)
        made.save(folder / "kept.tasks")
        made.plan().save(folder / "kept.plan")
        made.to_csv(folder / "kept.csv")
        made.to_excel(folder / "kept.xlsx")


if __name__ == "__main__":
    write(KEPT / tf.__version__)
