"""Where ids are among others: as pandas finds them, by numbers that stand for them where Arrow keeps them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from taskframe.changes.places import _words, among, places_of


def index_of(ids: list[str]) -> pd.Index:
    return pd.Index(ids, dtype="str")


LONG = 1_200
MADE: dict[str, Callable[[int], str]] = {
    "eight bytes": lambda n: f"{n:08}",
    "no whole number of eights": lambda n: f"tsk_{n:05}",
    "letters of two bytes": lambda n: f"é{n:06}",
    "the longest": lambda n: f"{n:064}",
    "longer": lambda n: f"{n:065}",
    "two lengths": lambda n: f"{n:03}",
    "empty": lambda n: str(n) if n else "",
}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
@pytest.mark.parametrize("known_count", [1, 999, 1_000, LONG])
@pytest.mark.parametrize("wanted_count", [0, 1, 1_000, 1_100])
def test_places_of_ids_whole_sliced_and_in_parts(
    make: Callable[[int], str], known_count: int, wanted_count: int
) -> None:
    known = index_of([make(n) for n in range(known_count)])
    rng = np.random.default_rng(3)
    wanted = index_of([make(n) for n in rng.permutation(1_300)[:wanted_count].tolist()])
    half = wanted_count // 3
    forms = [wanted, wanted[half:], wanted[:half], wanted[half:].append(wanted[:half]), wanted.append(wanted)]
    forms += [wanted.append(index_of([make(n) for n in range(5_000, 5_003)])), wanted.astype("object")]
    for form in forms:
        assert places_of(form, known).tolist() == known.get_indexer(form).tolist()
    for other in (known[1:], known[: known_count // 2].append(known[known_count // 2 :])):
        assert places_of(wanted, other).tolist() == other.get_indexer(wanted).tolist()


def test_a_null_among_the_ids_is_no_id() -> None:
    known = index_of([f"{n:08}" for n in range(LONG)])
    wanted = known.append(pd.Index([None], dtype="str"))
    assert places_of(wanted, known).tolist() == [*range(LONG), -1]


def test_ids_of_other_lengths_than_ours_are_strangers() -> None:
    """Also where it takes as many words to keep them, and one ends with a letter of code 0."""
    known = index_of([f"{n:07}" for n in range(LONG)])
    for length, end in [(12, ""), (7, "\0"), (6, ""), (6, "\0")]:
        index = index_of([f"{n:0{length}}{end}" for n in range(LONG)])
        assert places_of(index, known).tolist() == known.get_indexer(index).tolist()


def _twins() -> tuple[str, str]:
    """Two texts of 16 letters with one number: what the weights make of the one, they make of the other."""
    from taskframe.changes.places import _WEIGHTS

    first, second = (int(weight) for weight in _WEIGHTS[:2])
    inverse = pow(second, -1, 2**64)
    base = np.frombuffer(b"aaaaaaaaaaaaaaaa", dtype=np.uint64)
    for step in range(1, 2**22):
        left = int(base[0]) + step
        right = (int(base[1]) - step * first * inverse) % 2**64
        letters = left.to_bytes(8, "little") + right.to_bytes(8, "little")
        if max(letters) < 128:
            return "a" * 16, letters.decode()
    raise AssertionError("none of 4 million")


def test_ids_with_the_number_of_others_are_told_apart() -> None:
    """Among the known, and between known and wanted."""
    one, other = _twins()
    rest = [f"{n:016}" for n in range(LONG)]
    known, wanted = index_of([*rest, one]), index_of([other, *rest])
    assert places_of(wanted, known).tolist() == [-1, *range(LONG)]
    assert places_of(wanted, index_of([one, *rest])).tolist() == [-1, *range(1, LONG + 1)]
    both = index_of([one, *rest, other])
    assert places_of(both[::-1], both).tolist() == [*range(LONG + 2)][::-1]


@pytest.mark.parametrize("count", [1_000, LONG])
@pytest.mark.parametrize("length", [1, 7, 8, 9, 63, 64])
def test_arrows_ids_of_one_length_are_words_of_eight_bytes(count: int, length: int) -> None:
    pytest.importorskip("pyarrow")
    ids = index_of([f"{n % 10**length:0{length}}" for n in range(count)])
    for form in (ids, index_of(["x" * length]).append(ids)[1:], ids[:400].append(ids[400:])):
        words = _words(form)
        assert words is not None
        assert words.dtype == np.uint64
        assert words.shape == (count, (length + 7) // 8)
        assert [row.tobytes().rstrip(b"\xff").decode() for row in words] == form.tolist()


@pytest.mark.parametrize("kind", ["string", "large_string"])
def test_arrow_keeps_texts_with_narrow_and_with_wide_offsets(kind: str) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    texts = [f"{n:012}" for n in range(LONG)]
    array = pyarrow.array(["x", *texts], type=getattr(pyarrow, kind)()).slice(1)
    chunks = pyarrow.chunked_array([array.slice(0, 500), array.slice(500)])
    words = _words(pd.Index(pd.arrays.ArrowStringArray(chunks, dtype=pd.StringDtype("pyarrow", na_value=np.nan))))
    assert words is not None
    assert [row.tobytes().rstrip(b"\xff").decode() for row in words] == texts


def test_a_part_without_ids_and_a_null_that_has_letters() -> None:
    """Arrow may leave under a null what stood there before."""
    pyarrow = pytest.importorskip("pyarrow")
    array = pyarrow.array([f"{n:08}" for n in range(LONG)], type=pyarrow.large_string())
    there = pyarrow.py_buffer(b"\xfe" + b"\xff" * (LONG // 8))
    nulled = pyarrow.Array.from_buffers(array.type, LONG, [there, *array.buffers()[1:]])
    dtype = pd.StringDtype("pyarrow", na_value=np.nan)
    known = index_of([f"{n:08}" for n in range(LONG)])
    for chunks, places in [([array, array.slice(0, 0)], [*range(LONG)]), ([nulled], [-1, *range(1, LONG)])]:
        wanted = pd.Index(pd.arrays.ArrowStringArray(pyarrow.chunked_array(chunks), dtype=dtype))
        assert places_of(wanted, known).tolist() == places


def test_ids_that_are_no_words_of_one_length() -> None:
    """Too few to be worth it, of several lengths in one part or from part to part, too long, empty, null, objects."""
    ids = index_of([f"{n:08}" for n in range(LONG)])
    odd = [
        ids[:999],
        ids.append(index_of(["1"])),
        ids.append(index_of([f"{n:09}" for n in range(LONG)])),
        index_of([f"{n:065}" for n in range(LONG)]),
        index_of([""] * LONG),
        ids.append(pd.Index([None], dtype="str")),
        ids.astype("object"),
    ]
    assert [_words(form) for form in odd] == [None] * len(odd)


@pytest.mark.parametrize("count", [0, 1, 3, 11, 12, 13, 1_000, 2_000])
def test_wanted_ids_are_found_whether_they_are_few_or_many(count: int) -> None:
    """As pandas finds them; in any form that ids are wanted in."""
    texts = [f"tsk_{n}" for n in range(LONG)]
    rng = np.random.default_rng(5)
    wanted = [f"tsk_{n}" for n in rng.permutation(2_000)[:count].tolist()]
    for ids in (index_of(texts), index_of(texts)[::-1], index_of(texts).astype("object")):
        expected = ids.isin(wanted).tolist()
        for form in (
            wanted,
            [*wanted, *wanted],
            set(wanted),
            [*wanted, 7, None, np.nan],
            np.array(wanted, dtype=object),
        ):
            mask = among(ids, form)
            assert (mask.dtype, mask.tolist()) == (bool, expected)


def test_a_missing_id_is_never_wanted() -> None:
    ids = index_of(["a", "b"]).append(pd.Index([None], dtype="str"))
    assert among(ids, ["b", None, np.nan]).tolist() == [False, True, False]
    many = ids.append(index_of([f"{n}" for n in range(LONG)]))
    assert among(many, ["b", None, np.nan]).tolist()[:4] == [False, True, False, False]
    assert among(ids[:0], ["a"]).tolist() == []
