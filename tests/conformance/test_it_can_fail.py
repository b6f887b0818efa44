"""Each promise of the suite can be broken: services and sandboxes with a mistake in them do not pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from hypothesis.errors import HypothesisException
from kits import KoreKit, PragmatiksKit, ReloadKit

from taskframe.catalogue import EMPTY
from taskframe.errors import TaskframeError
from taskframe.schema import Schema
from taskframe.services.base import Call
from taskframe.services.kore import Kore
from taskframe.services.pragmatiks import Pragmatiks
from taskframe.services.reload import Reload
from taskframe.testing import ServiceConformance, Stage

BREAKS = (AssertionError, TaskframeError, HypothesisException, KeyError, ValueError)


def fails(suite: type[ServiceConformance], service: type[Any], name: str) -> str:
    """The test of this name, with this service in place of the right one: it must fail; how it did."""

    class Broken(suite):  # type: ignore[misc, valid-type]
        def make_service(self) -> Any:
            return service()

    kit: Any = Broken()
    test = getattr(kit, name)
    with kit.open_stage() as stage, pytest.raises(BREAKS) as caught:
        test(**({"stage": stage} if "stage" in signature(test).parameters else {}))
    return str(caught.value)


class DropsAColumn(Reload):
    """Says that it sends the title, and doesn't."""

    def calls(self, edit: Any, catalogue: Any) -> Sequence[Call]:
        return [
            replace(call, json={k: v for k, v in call.json.items() if k != "title"})
            for call in super().calls(edit, catalogue)
        ]


class SendsTheWholeTask(Reload):
    """Sends every editable column, edited or not."""

    def calls(self, edit: Any, catalogue: Any) -> Sequence[Call]:
        columns = (column.name for column in self.schema(EMPTY).editable)
        return [
            replace(call, json={name: edit.base[name] for name in columns} | call.json)
            for call in super().calls(edit, catalogue)
        ]


class ConflictsAreFine(Reload):
    """Takes a refused version for a success."""

    def judge(self, call: Any, reply: Any) -> Any:
        verdict = super().judge(call, reply)
        return replace(verdict, kind="ok", data=None) if reply.status == 409 else verdict


class TakesAnyVersion(Reload):
    """Reads the task again and takes the newest version, whoever wrote it; so it overwrites."""

    def calls(self, edit: Any, catalogue: Any) -> Sequence[Call]:
        return [
            replace(call, json={**call.json, "version": edit.base["version"] + 1})
            for call in super().calls(edit, catalogue)
        ]


class ForgetsAPage(Reload):
    """Loses the last task of a list, and finds nothing wrong with that."""

    def listing(self, filters: Any) -> Any:
        return _Forgetful(super().listing(filters))


class _Forgetful:
    def __init__(self, listing: Any) -> None:
        self._listing = listing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listing, name)

    def receive(self, call: Any, verdict: Any) -> Any:
        tasks, calls = self._listing.receive(call, verdict)
        return tasks[:-1], calls


class NeverCut(Pragmatiks):
    """Does not look whether a list is whole."""

    def listing(self, filters: Any) -> Any:
        listing = super().listing(filters)
        listing.gaps = lambda: ()
        return listing


class MisreadsPriorities(Reload):
    """Reads what is urgent as high."""

    def columns(self, tasks: Any, known: Any = EMPTY) -> Any:
        columns, catalogue = super().columns(tasks, known)
        return {**columns, "priority": ["high" if p == "urgent" else p for p in columns["priority"]]}, catalogue


class IgnoresFilters(Reload):
    """Takes any filter, and loads everything."""

    def listing(self, filters: Any) -> Any:
        return super().listing({})


class RawIds(Pragmatiks):
    """Puts ids into paths as they are."""

    def calls(self, edit: Any, catalogue: Any) -> Sequence[Call]:
        return [replace(call, path=f"/agents/tasks/{edit.id}") for call in super().calls(edit, catalogue)]


class NoDoubt(Pragmatiks):
    """Thinks that a 500 says that nothing was written."""

    def judge(self, call: Any, reply: Any) -> Any:
        return replace(super().judge(call, reply), in_doubt=False)


class Talkative(Reload):
    """Puts its token into each call."""

    def calls(self, edit: Any, catalogue: Any) -> Sequence[Call]:
        return [replace(call, params=(("token", _Tokens.last),)) for call in super().calls(edit, catalogue)]

    def sign(self, settings: Any, token: Any, now: float, nonce: str) -> Any:
        _Tokens.last = settings.token.get_secret_value()
        return super().sign(settings, token, now, nonce)


class _Tokens:
    last = ""


class Breaks(Reload):
    """Can't cope with a reply that is no JSON."""

    def judge(self, call: Any, reply: Any) -> Any:
        reply.body.decode()
        return super().judge(call, reply)


class NoSource(Reload):
    """Does not say where its facts are from."""

    def schema(self, catalogue: Any) -> Schema:
        return Schema(tuple(replace(column, source="") for column in super().schema(catalogue)))


class ForgetsNames(Kore):
    """Knows only the names that the last load showed."""

    def columns(self, tasks: Any, known: Any = EMPTY) -> Any:
        return super().columns(tasks)


class NeverThrottled(Reload):
    """Does not hear that it is too fast."""

    def judge(self, call: Any, reply: Any) -> Any:
        verdict = super().judge(call, reply)
        return replace(verdict, kind="retry", after=None) if reply.status == 429 else verdict


BROKEN: list[tuple[type[ServiceConformance], type[Any], str, str]] = [
    (ReloadKit, DropsAColumn, "test_every_column_can_be_edited", "title"),
    (ReloadKit, DropsAColumn, "test_what_is_applied_is_held", ""),
    (ReloadKit, SendsTheWholeTask, "test_every_column_can_be_edited", "too"),
    (ReloadKit, ConflictsAreFine, "test_a_failing_status_is_never_a_success", "409 is not ok"),
    (ReloadKit, ConflictsAreFine, "test_a_colleagues_edit_is_a_conflict_and_stays", ""),
    (ReloadKit, TakesAnyVersion, "test_a_colleagues_edit_is_a_conflict_and_stays", ""),
    (ReloadKit, ForgetsAPage, "test_a_load_is_what_the_server_holds", ""),
    (PragmatiksKit, NeverCut, "test_a_list_that_lacks_a_task_is_no_whole_list", "said to be whole"),
    (ReloadKit, MisreadsPriorities, "test_a_load_is_what_the_server_holds", "the server holds 'urgent'"),
    (ReloadKit, MisreadsPriorities, "test_columns_and_rows_agree", "in the column"),
    (ReloadKit, IgnoresFilters, "test_filters_narrow", ""),
    (PragmatiksKit, RawIds, "test_ids_are_percent_encoded", "is no encoded path"),
    (PragmatiksKit, NoDoubt, "test_a_write_that_may_have_happened_is_in_doubt", "500 to a write"),
    (ReloadKit, Talkative, "test_no_secret_is_in_a_call", ""),
    (ReloadKit, Breaks, "test_any_bytes_are_judged_or_make_no_sense", ""),
    (ReloadKit, NoSource, "test_the_schema_makes_sense", "say where that is documented"),
    (KoreKit, ForgetsNames, "test_what_names_stand_for_is_kept", ""),
    (ReloadKit, NeverThrottled, "test_the_usual_statuses_mean_what_they_mean", "throttled"),
    (ReloadKit, NeverThrottled, "test_a_pause_that_is_asked_for_is_kept", ""),
]


@pytest.mark.parametrize(
    ("suite", "service", "name", "words"), BROKEN, ids=[f"{service.__name__}-{name}" for _, service, name, _ in BROKEN]
)
def test_a_broken_service_fails(suite: type[ServiceConformance], service: type[Any], name: str, words: str) -> None:
    """The mistake is found, and named."""
    assert words in fails(suite, service, name)


def test_a_module_that_sends_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that imports an HTTP client."""
    (tmp_path / "sending.py").write_text(
        "import httpx\nfrom taskframe.services.reload import Reload\nclass Sending(Reload): ...\n", "utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import sending  # type: ignore[import-not-found]

    class Kit(ReloadKit):
        def make_service(self) -> Any:
            return sending.Sending()

    with pytest.raises(AssertionError, match="sending imports httpx"):
        Kit().test_it_does_no_io()


@pytest.mark.parametrize("spoil", ["told", "lost", "overwritten", "calls", "twice"])
def test_the_oracle_sees_what_is_false(spoil: str) -> None:
    """Of a true run, each falsified telling, each write left out and each edit overwritten is noticed."""
    kit = ReloadKit()
    with kit.open_stage() as stage:
        tasks = stage.load()
        tasks.df["title"] = [f"ours {n}" for n in range(len(tasks))]
        stage.faults.storm(0.3, seed=3)
        oracle = kit._run(stage, tasks)
    assert oracle.complaints() == []
    at = next(n for n, r in enumerate(oracle.records) if r.actor == "caller" and "title" in (r.after or ()))
    write = oracle.records[at]
    theirs = replace(write, actor="other", method="", after={"title": "theirs"})
    records = list(oracle.records)
    spoils: dict[str, Callable[[], Any]] = {
        "told": lambda: replace(oracle, told=[replace(oracle.told[0], kind="skipped"), *oracle.told[1:]]),
        "lost": lambda: replace(oracle, records=records[:at] + records[at + 1 :]),
        "overwritten": lambda: replace(oracle, records=[*records[:at], theirs, *records[at:]]),
        "calls": lambda: replace(oracle, calls=oracle.calls - 1),
        "twice": lambda: replace(oracle, records=[*records[: at + 1], write, *records[at + 1 :]]),
    }
    assert spoils[spoil]().complaints()


def test_a_service_that_knows_its_limit_too_high_is_refused() -> None:
    """The limits test counts refusals: with a rate of more than the service allows it fails."""

    class Hasty(Stage):
        def connect(self, **options: Any) -> Any:
            return super().connect(**{**options, "rate": ()})

    kit = ReloadKit()
    with Hasty(kit.make_service(), tasks=80) as stage, pytest.raises(AssertionError, match="were refused"):
        kit.test_a_limit_is_kept_to(stage)
