"""The people and agents of the sandbox's company: the same ones whatever the service, made from the seed."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass
from typing import Literal

_USERS = (
    ("Ada Okafor", "ada"),
    ("Björn Lindqvist", "bjorn"),
    ("Carla Mendes", "carla.mendes"),
    ("Dmitri Volkov", "dvolkov"),
    ("Élodie Marchand", "elodie"),
    ("Farid Haddad", "farid"),
    ("Grace O'Neill", "grace"),
    ("Hiroshi Tanaka", "hiroshi"),
    ("Ines García", "ines"),
    ("Jonas Weber", "jweber"),
    ("Kavya Raman", "kavya"),
    ("Liam Murphy", "liam"),
    ("Mei-Ling Chen", "meiling"),
    ("Noor van Dijk", "noor"),
)
_AGENTS = (
    ("Triage Bot", "triage-bot"),
    ("Release Captain", "release-captain"),
    ("Invoice Reader", "invoice-reader"),
    ("Docs Helper", "docs-helper"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to assign tasks to. `email` is None for an agent."""

    id: str
    kind: Literal["user", "agent"]
    name: str
    handle: str
    email: str | None


def people(seed: int) -> list[Person]:
    """14 people, then 4 agents; their ids depend on the seed, their names don't."""
    rng = random.Random(f"{seed}:people")
    users = [Person(make_id("usr", rng), "user", name, handle, f"{handle}@example.com") for name, handle in _USERS]
    return users + [Person(make_id("agt", rng), "agent", name, handle, None) for name, handle in _AGENTS]


def make_id(prefix: str, rng: random.Random) -> str:
    """An id as services make them: a prefix and 20 letters and digits."""
    return f"{prefix}_{base64.b32hexencode(rng.randbytes(13))[:20].decode().lower()}"
