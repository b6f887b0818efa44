"""The journal: every run, on disk before its first call, so that one that broke off can be gone on with, or undone."""

from taskframe.journal.book import Entry, Head, Journal, Story
from taskframe.journal.recorder import Recorder
from taskframe.journal.spending import Purse

__all__ = ["Entry", "Head", "Journal", "Purse", "Recorder", "Story"]
