"""What the seeded tasks are about: a company's backlog, service-neutral, made from the seed alone.

Each service's sandbox puts these stories in its own words. They end at a fixed moment (`NOW`), whatever the
clock says, so that the same seed gives the same tasks on any day.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from taskframe.sandbox.words import AWKWARD_TITLES, PARAGRAPHS, TEMPLATES, WORDS

NOW = 1_767_949_200.0  # 2026-01-09T09:00:00Z, a Friday morning
DAY = 86_400.0

Stage = Literal["new", "queued", "ready", "doing", "stuck", "review", "done", "dropped"]

_STAGES: dict[Stage, int] = {
    "new": 7, "queued": 21, "ready": 17, "doing": 11, "stuck": 4, "review": 6, "done": 29, "dropped": 5,
}  # fmt: skip
_URGENCY = (24, 22, 34, 15, 5)  # none, low, medium, high, urgent
TEAMS = tuple(TEMPLATES)


@dataclass(frozen=True, slots=True)
class Story:
    """One task. Moments are seconds since the epoch; `creator`, `user`, `agent` index users and agents.

    `urgency` runs from 0 (none) to 4 (urgent), `edits` is how often it was changed, `parent` an earlier story.
    """

    title: str
    description: str | None
    team: int
    stage: Stage
    urgency: int
    created: float
    started: float | None
    ended: float | None
    updated: float
    due: float | None
    creator: int
    by_agent: bool
    user: int | None
    agent: int | None
    parent: int | None
    edits: int
    archived: float | None


def stories(n: int, seed: int, *, users: int = 14, agents: int = 4) -> Iterator[Story]:
    """`n` stories, oldest first. About 12 % are nobody's and 8 % an agent's; work is spread unevenly."""
    rng = random.Random(f"{seed}:stories")
    draw = rng.random
    # More and more tasks over 14 months: the square root leans to the recent end.
    moments = sorted(round(NOW - 430 * DAY * (1 - draw() ** 0.5) - 60, 3) for _ in range(n))
    stages = rng.choices(list(_STAGES), list(_STAGES.values()), k=n)
    urgencies = rng.choices(range(5), _URGENCY, k=n)
    shares = [1 / (i + 2) ** 0.7 for i in range(users)]
    bounds = [sum(shares[: i + 1]) / sum(shares) for i in range(users)]
    for i, created in enumerate(moments):
        stage, age = stages[i], NOW - created
        if stage in ("new", "queued") and age > 200 * DAY and draw() < 0.6:
            stage = "done"  # what has lain that long was mostly done, or never would be
        started = created + age * draw() * 0.5 if stage in ("doing", "stuck", "review", "done") else None
        ended = (started or created) + (NOW - (started or created)) * draw() * 0.7
        ended = ended if stage in ("done", "dropped") else None
        edits = min(int(-5 * _log(draw())), 60) + (stage not in ("new", "queued"))
        touched = ended or started or created
        updated = touched + (NOW - touched) * draw() * (0.1 if ended else 0.9) if edits else created
        whose = draw()
        # Templates end with the team; the team is also the channel.
        team = min(int(draw() * len(TEAMS)), len(TEAMS) - 1)
        yield Story(
            title=_title(i, team, rng),
            description=_description(rng),
            team=team,
            stage=stage,
            urgency=urgencies[i],
            created=created,
            started=started,
            ended=ended,
            updated=updated,
            due=_due(created, rng) if draw() < 0.45 else None,
            creator=int(draw() * agents) if (by_agent := draw() < 0.15) else bisect_left(bounds, draw()) % users,
            by_agent=by_agent,
            user=bisect_left(bounds, draw()) % users if whose >= 0.20 else None,
            agent=int(draw() * agents) if whose < 0.08 else None,
            parent=int(i * (1 - draw() * 0.2)) if i > 20 and draw() < 0.06 else None,
            edits=edits,
            archived=ended + 60 * DAY if ended and NOW - ended > 120 * DAY and draw() < 0.3 else None,
        )


def _log(x: float) -> float:
    from math import log

    return log(x or 1e-9)


def _title(i: int, team: int, rng: random.Random) -> str:
    # The awkward ones come early, so that a small sandbox has them too, and recur in a large one.
    if i % 9 == 4 and (i // 9) % 40 < len(AWKWARD_TITLES):
        return AWKWARD_TITLES[(i // 9) % 40]
    templates = TEMPLATES[TEAMS[team]]
    template = templates[int(rng.random() * len(templates))]
    words = {key: WORDS[key][int(rng.random() * len(WORDS[key]))] for key in template.fields}
    title = template.text.format(**words)
    return title[0].upper() + title[1:]


def _description(rng: random.Random) -> str | None:
    luck = rng.random()
    if luck < 0.22:
        return None
    if luck < 0.25:
        return ""
    n = 1 if luck < 0.65 else 2 if luck < 0.9 else 3 if luck < 0.98 else 12
    return "\n\n".join(PARAGRAPHS[int(rng.random() * len(PARAGRAPHS))] for _ in range(n))


def _due(created: float, rng: random.Random) -> float:
    """Some days ahead, at the end of a working day."""
    day = (created + (2 + 40 * rng.random()) * DAY) // DAY * DAY
    return day + 17 * 3600
