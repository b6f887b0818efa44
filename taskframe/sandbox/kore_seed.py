"""How the company's stories become Kore's tasks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from taskframe.sandbox.base import timestamp
from taskframe.sandbox.kore_account import CUSTOM, OPTIONS, Account, make_id
from taskframe.sandbox.stories import DAY, NOW, TEAMS, Story, stories
from taskframe.sandbox.words import WORDS

_STATUS_OF = {"new": 0, "queued": 0, "ready": 0, "doing": 1, "stuck": 2, "review": 1, "done": 3, "dropped": 4}
_PRIORITY_OF = (3, 3, 2, 1, 0)
_USERS = 14

Task = dict[str, Any]


def seeded(n: int, seed: int, account: Account) -> Iterator[Task]:
    """`n` tasks as they are held, oldest first."""
    rng = random.Random(f"{seed}:kore:tasks")
    customers = [{"_id": make_id("u", rng, 8), "name": name} for name in WORDS["company"]]
    templates = {team: make_id("ttm", rng) for team in TEAMS}
    cases: list[str] = []
    for i, story in enumerate(stories(n, seed, users=_USERS)):
        if not cases or rng.random() < 0.8:
            cases.append(make_id("ci", rng))
        case = len(cases) - 1 if rng.random() < 0.9 else rng.randrange(len(cases))
        team = TEAMS[story.team]
        number = f"{i + 1:06}"
        yield _told(story, account, rng) | {
            "_id": make_id("ti", rng),
            "caseId": cases[case],
            "caseRefId": f"CS{case + 1:06}",
            "taskTmp": team.title(),
            "userInfo": customers[rng.randrange(len(customers))],
            "refId": f"TS{number}",
            "isCustTsk": rng.random() < 0.1,
            "tags": rng.sample(("vip", "renewal", "at risk", "übergabe"), k=1 + (rng.random() < 0.2))
            if rng.random() < 0.25
            else [],
            **({"caseTmp": templates[team]} if rng.random() < 0.1 else {}),
            **({"language": rng.choice(("english", "german"))} if rng.random() < 0.2 else {}),
        }


def _told(story: Story, account: Account, rng: random.Random) -> Task:
    creator = account.author(account.people[story.creator + (_USERS if story.by_agent else 0)]["_id"])
    whose = story.user if story.agent is None else _USERS + story.agent
    status = _STATUS_OF[story.stage]
    channel = rng.choice(("chat", "email", "rtm", None))
    team = TEAMS[story.team]
    task = blank(account) | {
        "name": story.title,
        "lname": story.title.lower(),
        "status": account.statuses[status]["_id"],
        "priority": account.priorities[_PRIORITY_OF[story.urgency]]["_id"],
        "source": channel or "rtm",
        "channel": [channel] if channel else [],
        "queues": [f"{team.title()}Queue1"] if rng.random() < 0.3 else [],
        "assigneeType": "unassigned" if whose is None else "agents",
        "currAssignee": None if whose is None else account.people[whose]["_id"],
        "createdBy": creator,
        "updatedBy": account.author(account.people[rng.randrange(_USERS)]["_id"]) if story.edits else creator,
        "timestampValue": round(story.created * 1000),
        "createdAt": timestamp(story.created),
        "updatedAt": timestamp(story.updated),
        "fields": _values(story, account, rng),
    }
    if story.description is not None:
        task["desc"] = story.description
    if story.due is not None:
        task["dueDate"] = round(story.due * 1000)
        task["isBreached"] = story.due < NOW and status < 3
        task["ETA"] = timestamp(story.due - DAY) if rng.random() < 0.4 else ""
    return task


def _values(story: Story, account: Account, rng: random.Random) -> list[list[Any]]:
    """Every field, and for about half of the custom ones a value."""
    day = timestamp(story.created + 30 * DAY)[:10]
    values = {
        "Customer Tier": rng.choice(OPTIONS["Customer Tier"]),
        "Effort (h)": rng.choice((0.5, 1, 2, 3.25, 8, 40)),
        "Contract no.": f"{rng.randrange(10**9):012}" if rng.random() < 0.9 else f"{rng.getrandbits(112):034}",
        "Follow-up on": day,
        "Région": rng.choice(("Île-de-France", "Bayern", "Łódź", "関西", "N/A")),
        "Labels": rng.sample(OPTIONS["Labels"], k=rng.randint(1, 3)),
    }
    held: list[list[Any]] = []
    for field in account.fields:
        name = field["displayName"]
        held.append([field["_id"], values[name]] if name in CUSTOM and rng.random() < 0.5 else [field["_id"]])
    return held


def blank(account: Account) -> Task:
    """What every task has alike."""
    lists = ("tags", "sessIds", "convIds", "participants", "attachments", "feedback", "activityIds", "commentIds")
    return {key: [] for key in (*lists, "resolutionCmts", "queues", "channel")} | {
        "accountId": account.id,
        "iId": account.stream,
        "orgId": account.org,
        "source": "rtm",
        "conversationType": "TASK",
        "fields": [[f["_id"]] for f in account.fields],
        "assigneeType": "unassigned",
        "isCustTsk": False,
        "isActive": True,
        "isBreached": False,
        "currAssignee": None,
        "ETA": "",
    }
