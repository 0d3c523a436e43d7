"""Laws of tasks: generated and labelled."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgereason.errors import ConfigError, RecordError
from edgereason.evals.families import FAMILIES
from edgereason.evals.tasks import Item, load_task


@pytest.mark.parametrize("name", [*FAMILIES, "chain:hard"])
def test_item_is_the_same_however_many_are_asked_for(name: str) -> None:
    """Item i depends on the task, split, seed and i alone."""
    few, many = load_task(name, n=3), load_task(name, n=6)

    assert few.items == many.items[:3]
    assert few.fingerprint == many.fingerprint
    assert len({item.id for item in many.items}) == 6


def test_seed_and_split_change_the_items_and_the_fingerprint() -> None:
    """No item of one seed or split stands for one of another."""
    tasks = [load_task("chain", n=5), load_task("chain", n=5, seed=1), load_task("chain", n=5, split="tune")]

    assert len({task.fingerprint for task in tasks}) == 3
    assert len({item.id for task in tasks for item in task.items}) == 15
    assert len({tuple(item.question for item in task.items) for task in tasks}) == 3


def test_band_is_kept() -> None:
    """A task of one band has items of that band, with the family's labels and answer."""
    for item in load_task("sorting:hard", n=8).items:
        assert (item.family, item.band) == ("sorting", "hard")
        assert item.template
        assert item.target
        assert item.params


def test_families_joined_take_turns() -> None:
    """A mixture has each family equally often, each item as it is in its own task."""
    mixed, chain = load_task("chain+sorting", n=4), load_task("chain", n=2)

    assert [item.family for item in mixed.items] == ["chain", "sorting", "chain", "sorting"]
    assert mixed.items[::2] == chain.items


@pytest.mark.parametrize(
    ("spec", "split", "hint"),
    [
        ("chian", "test", "'chain'"),
        ("chain:hrad", "test", "'hard'"),
        ("chain:", "test", "hard"),
        ("chain+stori", "test", "'story'"),
        ("chain", "tset", "'test'"),
        ("", "test", "chain"),
    ],
)
def test_unknown_names_get_a_suggestion(spec: str, split: str, hint: str) -> None:
    """A misspelt task, band or split is an error that names the nearest one."""
    with pytest.raises(ConfigError) as caught:
        load_task(spec, split=split)
    assert hint in caught.value.hint


@pytest.mark.parametrize("n", [0, -1])
def test_no_items_is_refused(n: int) -> None:
    """A task has at least one item."""
    with pytest.raises(ConfigError, match=str(n)):
        load_task("chain", n=n)


# ---------------------------------------------------------------- labelled files


def file_of(folder: Path, *lines: object) -> str:
    """A file of JSON lines (texts as they are)."""
    path = folder / "task.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "line",
    [
        {"question": "2 + 2?", "answer": "4"},
        {"input": "2 + 2?", "target": 4},
        {"problem": "2 + 2?", "answer": 4.0},
        {"question": "2 + 2?", "answer": "Two and two are <<2+2=4>>4.\n#### 4"},
    ],
)
def test_usual_field_names_and_answers_are_read(tmp_path: Path, line: dict[str, object]) -> None:
    """Question and answer are found under their usual names; numbers and GSM8K's final answers are read."""
    (item,) = load_task(file_of(tmp_path, line)).items

    assert (item.question, item.target, item.id) == ("2 + 2?", "4", "task:1")


def test_fractions_stay_as_written(tmp_path: Path) -> None:
    """Only whole numbers lose their fraction."""
    (item,) = load_task(file_of(tmp_path, {"input": "?", "target": 2.5})).items

    assert item.target == "2.5"


def test_labels_choices_and_other_fields_are_kept(tmp_path: Path) -> None:
    """Known labels become the item's; everything else stays in `params`."""
    line = {"id": 7, "question": "?", "answer": "a", "choices": ["a", "b"], "family": "f", "input": "x", "level": 3}
    (item,) = load_task(file_of(tmp_path, line)).items

    assert (item.id, item.choices, item.family, item.band) == ("7", ("a", "b"), "f", "")
    assert item.params == {"input": "x", "level": 3}


@pytest.mark.parametrize("written", ["blue", "Blue", "(B)", "b"])
def test_answer_among_choices_is_the_option(tmp_path: Path, written: str) -> None:
    """The target is the option as given, however the file writes it."""
    (item,) = load_task(file_of(tmp_path, {"question": "?", "answer": written, "choices": ["red", "blue"]})).items

    assert item.target == "blue"


def test_blank_lines_byte_order_mark_and_n(tmp_path: Path) -> None:
    """Blank lines and a byte order mark are no lines; the first n items are taken; ids follow the line numbers."""
    lines = ["", {"question": "1?", "answer": "1"}, " ", {"question": "2?", "answer": "2"}]
    path = file_of(tmp_path, *lines)
    Path(path).write_bytes(b"\xef\xbb\xbf" + Path(path).read_bytes())

    assert [item.id for item in load_task(path).items] == ["task:2", "task:4"]
    assert [item.id for item in load_task(path, n=1).items] == ["task:2"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON"),
        ("[1]", "list"),
        ({"answer": "4"}, "'question'"),
        ({"question": "?"}, "'target'"),
        ({"question": "?", "answer": None}, "None"),
        ({"question": "?", "answer": True}, "True"),
        ('{"question": "?", "answer": NaN}', "nan"),
        ({"question": " ", "answer": "4"}, "blank"),
        ({"question": "?", "answer": "some thought ####"}, "blank"),
        ({"question": "?", "answer": "4", "choices": "ab"}, "choices"),
        ({"question": "?", "answer": "4", "choices": ["4"]}, "at least two"),
        ({"question": "?", "answer": "4", "choices": ["5", "6"]}, "none of the choices"),
        ({"question": "?", "answer": "4", "id": "first"}, "used before"),
        ('{"a":' * 100_000, "not JSON"),
    ],
)
def test_malformed_line_is_named(tmp_path: Path, line: object, said: str) -> None:
    """Each malformed line is an error with its number and its reason."""
    path = file_of(tmp_path, {"question": "?", "answer": "4", "id": "first"}, "", line)

    with pytest.raises(RecordError, match=said) as caught:
        load_task(path)
    assert "line 3" in str(caught.value)
    assert caught.value.hint


def test_text_that_is_not_utf8_is_named_by_its_line(tmp_path: Path) -> None:
    """A byte that is no UTF-8 is an error with the number of its line."""
    (tmp_path / "t.jsonl").write_bytes(b'{"question": "?", "answer": "4"}\n{"question": "\xff"}\n')

    with pytest.raises(RecordError, match="line 2: byte 0xff"):
        load_task(str(tmp_path / "t.jsonl"))


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """A task without questions is none."""
    (tmp_path / "t.jsonl").write_bytes(content)

    with pytest.raises(RecordError, match="no questions"):
        load_task(str(tmp_path / "t.jsonl"))


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    """What cannot be read is an error with the system's reason."""
    for path in (tmp_path / "missing.jsonl", tmp_path):
        with pytest.raises(RecordError, match="Cannot read"):
            load_task(str(path))


def test_fingerprint_follows_the_content(tmp_path: Path) -> None:
    """Another content is another task."""
    first = load_task(file_of(tmp_path, {"question": "?", "answer": "4"})).fingerprint
    second = load_task(file_of(tmp_path, {"question": "?", "answer": "5"})).fingerprint

    assert first != second


@pytest.mark.parametrize(
    ("name", "n", "first"),
    [
        ("gsm8k/test.jsonl", 1319, "18"),
        ("word_problems/singleop.jsonl", 562, "14"),
        ("word_problems/addsub.jsonl", 395, "43"),
    ],
)
def test_real_test_sets_are_read_whole(test_data: Path, name: str, n: int, first: str) -> None:
    """GSM8K's and MAWPS's files load, every item."""
    task = load_task(str(test_data / name))

    assert (len(task.items), task.items[0].target) == (n, first)


def test_an_answer_is_judged_by_canonical_form_or_by_the_items_own_scorer() -> None:
    """Only a full score is right; no answer never is."""
    plain = Item(id="a", question="?", target="1000")
    assert [True, False, False, False] == [plain.is_right(answer) for answer in ("1,000", "999", "", None)]
    own = Item(id="b", question="?", target="x", scorer=lambda answer: {"y": 1.0, "z": 0.9}.get(answer, 0.0))
    assert [True, False, False, False] == [own.is_right(answer) for answer in ("y", "z", "x", None)]
