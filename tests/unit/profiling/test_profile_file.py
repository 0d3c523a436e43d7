"""The file of a device profile: read as written, wrong values refused by name, and refused where it does not hold."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from edgereason.errors import RecordError
from edgereason.profiling.cells import Cell
from edgereason.profiling.profile import check_fits, from_json, read_profile, to_json, why_not, write_profile

from .profiles import BOUND_TO, profile

TABLE = {Cell("decode", 1, 64): 0.5, Cell("decode", 4, 64): 1.0, Cell("prefill", 1, 0, 64): 0.25}


def body() -> dict[str, Any]:
    """A good file's content."""
    made: dict[str, Any] = json.loads(json.dumps(to_json(profile(TABLE))))
    return made


def test_a_profile_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Every field, through the file."""
    made = profile(TABLE)
    write_profile(tmp_path / "deep" / "p.json", made)

    assert made == read_profile(tmp_path / "deep" / "p.json")
    assert ["p.json"] == [path.name for path in (tmp_path / "deep").iterdir()]


@pytest.mark.parametrize(
    ("place", "value", "legal"),
    [
        (("schema",), "edgereason.device-profile/9", "edgereason.device-profile/1"),
        (("origin",), "guessed", "measured, published"),
        (("name",), "", "not empty"),
        (("is_complete",), 1, "true or false"),
        (("notes",), [1], "list of texts"),
        (("costs",), {}, "a list"),
        (("costs",), [], "decode"),
        (("settings",), [], "an object"),
        (("costs", 0, "median_s"), -1.0, "from 0 to 86400"),
        (("costs", 0, "median_s"), 0, "above 0"),
        (("costs", 0, "median_s"), True, "a number"),
        (("costs", 0, "median_s"), "1", "a number"),
        (("costs", 0, "median_s"), 1e9, "from 0 to 86400"),
        (("costs", 0, "low_s"), 0.6, "from 0 to 0.5"),
        (("costs", 0, "high_s"), 0.4, "from 0.5 to 86400"),
        (("costs", 0, "rows"), 0, "from 1 to 4096"),
        (("costs", 0, "rows"), 1.5, "a whole number"),
        (("costs", 0, "kind"), "nap", "one of decode"),
        (("costs", 0, "kind"), ["decode"], "one of decode"),
        (("costs", 0, "joules"), -1, "from 0"),
        (("costs", 0, "passes"), None, "a whole number"),
        (("costs", 1, "rows"), 1, "each cell once"),
        (("bound_to", "threads"), -1, "from 0 to 4096"),
        (("bound_to", "power_mode"), None, "a text"),
        (("model", "file"), 3, "a text"),
        (("memory", 0, "bytes_per_row"), -5, "from 0"),
        (("choices", 0, "score_s"), None, "a number"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_legal(place: tuple[Any, ...], value: object, legal: str) -> None:
    """The message holds field, value and range."""
    changed = body()
    inner = changed
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value

    with pytest.raises(RecordError) as refused:
        from_json(changed, "here")
    assert legal in str(refused.value)
    assert "here" in str(refused.value)
    is_named = str(place[-1]) in str(refused.value) or "costs" in str(refused.value)
    assert is_named


def test_every_missing_field_is_named() -> None:
    """At the top, in what it is bound to, and in each cost."""
    for place in [(), ("bound_to",), ("model",), ("costs", 0), ("memory", 0), ("choices", 0)]:
        whole: Any = body()
        for step in place:
            whole = whole[step]
        for name in [name for name in whole if name != "is_reliable"]:
            changed = copy.deepcopy(body())
            inner: Any = changed
            for step in place:
                inner = inner[step]
            del inner[name]
            with pytest.raises(RecordError, match=f"{name!r} is missing"):
                from_json(changed, "here")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '"x"', "\xff", "[" * 100_000])
def test_what_is_no_profile_is_refused(tmp_path: Path, text: str) -> None:
    """Torn, of another kind, nested without end."""
    (tmp_path / "p.json").write_bytes(text.encode("latin-1"))

    with pytest.raises(RecordError):
        read_profile(tmp_path / "p.json")


def test_a_missing_file_is_an_error_of_ours(tmp_path: Path) -> None:
    """As is a folder."""
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(RecordError, match="cannot be read"):
            read_profile(path)


def test_infinities_are_no_numbers(tmp_path: Path) -> None:
    """Though Python's JSON reader takes them."""
    text = json.dumps(body()).replace('"median_s": 0.25', '"median_s": Infinity')
    (tmp_path / "p.json").write_text(text)

    with pytest.raises(RecordError, match="a number"):
        read_profile(tmp_path / "p.json")


def test_published_figures_need_a_source() -> None:
    """A number does not travel without where it comes from."""
    with pytest.raises(RecordError, match="source"):
        from_json({**body(), "origin": "published"}, "here")
    assert "published" == from_json({**body(), "origin": "published", "sources": ["a paper"]}, "here").origin


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(BOUND_TO)])
def test_a_profile_of_something_else_is_refused_with_both_values(field: str) -> None:
    """Model, engine, version, device, settings, threads, power mode, machine: each on its own."""
    made = getattr(BOUND_TO, field)
    here = dataclasses.replace(BOUND_TO, **{field: made + 1 if isinstance(made, int) else f"{made}other"})
    reason = why_not(profile(TABLE), here)

    assert repr(made) in reason
    assert repr(getattr(here, field)) in reason
    with pytest.raises(RecordError, match="was made for"):
        check_fits(profile(TABLE), here)


def test_a_profile_holds_where_it_was_made() -> None:
    """No reason, no error."""
    check_fits(profile(TABLE), BOUND_TO)
    assert "" == why_not(profile(TABLE), BOUND_TO)


def test_a_place_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    """And leaves nothing half-written."""
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(RecordError, match="cannot be written"):
        write_profile(tmp_path / "file" / "p.json", profile(TABLE))
