"""`edgereason probe` on the bundled model: collected, fitted, judged on others, used by `ask`, on both engines."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="the extra [fit] is not installed")

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[bytes]"]
TASKS = ("chain", "extremes", "counting")
SMALL = ("--samples", "4", "--waits", "0", "--think-tokens", "64", "-q")
LIMIT_S = 280.0


@pytest.fixture(scope="module")
def folder(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records to fit on and others, and a probe of the former in `profiles/mine`."""
    made = tmp_path_factory.mktemp("probe")

    def run(*arguments: str) -> bytes:
        """Standard output of a command that may take its time."""
        process = start("probe", *arguments, stdout=subprocess.PIPE)
        printed, _ = process.communicate(timeout=LIMIT_S)
        assert 0 == process.returncode
        return printed  # type: ignore[no-any-return]

    for name, split, n in (("fitted", "tune", "44"), ("others", "test", "40")):
        run("collect", *TASKS, "-n", n, "--split", split, *SMALL, "--out", str(made / f"{name}.jsonl"))
    printed = run("train", str(made / "fitted.jsonl"), "-o", str(made / "profiles" / "mine"), "--force", "--json")
    assert 132 == json.loads(printed)["questions"]
    return made


def test_a_probe_is_found_and_used(edgereason: Run, folder: Path) -> None:
    """Its curve is in the result, it is the source of the difficulty, and nothing is noted against it."""
    profiles = str(folder / "profiles")
    found = json.loads(edgereason("ask", "Compute 8 + 5.", "--profiles", profiles, "--json").stdout)
    difficulty = found["difficulty"]
    assert "probe 'mine'" in difficulty["source"]
    assert 0 == difficulty["think_tokens"][0]
    assert 64 == difficulty["think_tokens"][-1]
    assert len(difficulty["right"]) == len(difficulty["finished"]) == len(difficulty["think_tokens"])
    assert found["plan"]["profile"] == max(difficulty["probabilities"], key=difficulty["probabilities"].get)
    assert not [note for note in found["notes"] if "probe" in note]


def test_a_probe_of_one_file_serves_the_other(edgereason: Run, folder: Path) -> None:
    """The other engine's file has the same states, as near as its weights are rounded."""
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    options = ("--engine", "llama-cpp", "--profiles", str(folder / "profiles"), "--json")
    found = json.loads(edgereason("ask", "Compute 8 + 5.", *options).stdout)
    assert "probe 'mine'" in found["difficulty"]["source"]


def test_show_prints_the_card(edgereason: Run, folder: Path) -> None:
    """As text and as JSON, the same that lies in the folder."""
    probe = folder / "profiles" / "mine"
    assert (probe / "card.md").read_text() == edgereason("probe", "show", str(probe)).stdout
    card = json.loads(edgereason("probe", "show", str(probe), "--json").stdout)
    assert {"templates": 5, "families": 3} == card["folds"]
    assert card["provenance"]["model"]["name"] == "abacus"
    assert {"votes and tokens", "and the probe"} == card["confidence"]["reliability"].keys()
    assert (probe / "card.svg").read_text().startswith("<svg")


def test_eval_judges_on_other_questions_alone(edgereason: Run, folder: Path) -> None:
    """Those that were fitted on are refused by name."""
    probe = str(folder / "profiles" / "mine")
    picture = folder / "reliability.svg"
    found = edgereason("probe", "eval", probe, str(folder / "others.jsonl"), "--json", "--svg", str(picture))
    assert 0 == found.returncode, found.stderr
    judged = json.loads(found.stdout)
    assert (120, 1.0) == (judged["questions"], judged["states_agree"])
    assert {"chain", "counting", "extremes"} == judged["auroc"]["long"]["families"].keys()
    direct = judged["confidence"]["reliability"]["votes and tokens"]["answers without thought"]
    assert (120, True) == (direct["situations"], direct["brier"] < direct["brier_of_level"])
    assert picture.read_text().startswith("<svg")
    assert "AUROC within families" in edgereason("probe", "eval", probe, str(folder / "others.jsonl")).stdout

    refused = edgereason("probe", "eval", probe, str(folder / "fitted.jsonl"))
    assert (1, True) == (refused.returncode, "132 of 132 questions were fitted on" in refused.stderr)


def test_a_damaged_probe_is_refused(edgereason: Run, folder: Path, tmp_path: Path) -> None:
    """By every command that would use it, with what to do."""
    shutil.copytree(folder / "profiles", tmp_path / "profiles")
    path = tmp_path / "profiles" / "mine" / "probe.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
    for arguments in (
        ("ask", "1 + 1 = ?", "--profiles", str(tmp_path / "profiles")),
        ("probe", "show", str(tmp_path / "profiles" / "mine")),
    ):
        found = edgereason(*arguments)
        assert (1, True, True) == (found.returncode, "damaged" in found.stderr, "hint:" in found.stderr)


def test_other_states_leave_the_prior_and_a_note(edgereason: Run, folder: Path, tmp_path: Path) -> None:
    """A probe of the lineage whose states are others', as after more training."""
    from dataclasses import replace

    from edgereason.probing.artifact import read_card, read_probe, write_probe

    probe = read_probe(folder / "profiles" / "mine")
    source = {**probe.provenance, "model": {**probe.provenance["model"], "file": "another"}}
    turned = replace(probe, provenance=source, arrays={**probe.arrays, "states": -probe.arrays["states"]})
    write_probe(turned, *read_card(folder / "profiles" / "mine"), tmp_path / "mine")
    found = json.loads(edgereason("ask", "1 + 1 = ?", "--profiles", str(tmp_path), "--json").stdout)
    assert "confidence of the direct answer" in found["difficulty"]["source"]
    assert any("is not used" in note and "other weights" in note for note in found["notes"])


def test_a_killed_fit_leaves_nothing(start: Start, folder: Path, tmp_path: Path) -> None:
    """Neither a folder nor part of one."""
    out = tmp_path / "probes" / "mine"
    process = start("probe", "train", str(folder / "fitted.jsonl"), "-o", str(out), "--force")
    time.sleep(3)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert not out.exists()
    assert [] == list(tmp_path.rglob("*"))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b'{"kind": "header"}\n', "damaged or not a record"), (None, "too few for a probe")],
)
def test_what_cannot_be_fitted_on_is_said(
    edgereason: Run, folder: Path, tmp_path: Path, content: bytes | None, message: str
) -> None:
    """Empty, foreign, or short of the least number."""
    records = tmp_path / "r.jsonl"
    lines = (folder / "fitted.jsonl").read_bytes().splitlines(keepends=True)
    records.write_bytes(b"".join(lines[:60]) if content is None else content)
    found = edgereason("probe", "train", str(records), "-o", str(tmp_path / "p"))
    assert (1, True) == (found.returncode, message in found.stderr), found.stderr
    assert not (tmp_path / "p").exists()


def test_the_same_records_twice_are_refused(edgereason: Run, folder: Path, tmp_path: Path) -> None:
    """A question counts once."""
    records = str(folder / "fitted.jsonl")
    found = edgereason("probe", "train", records, records, "-o", str(tmp_path / "p"))
    assert (1, True) == (found.returncode, "is in another file too" in found.stderr)


def test_budgets_are_found_and_a_probe_is_fitted_for_them(edgereason: Run, folder: Path, tmp_path: Path) -> None:
    """Grid, profiles, labels: the files are profiles that `ask` takes, with the table beside them, again and again."""
    out = tmp_path / "budgets"
    for _ in range(2):  # what a search wrote, another may replace
        found = edgereason("probe", "tune", str(folder / "fitted.jsonl"), "-o", str(out), "--json")
        assert 0 == found.returncode, found.stderr
    table = json.loads(found.stdout)
    assert {"easy.toml", "normal.toml", "hard.toml", "search"} == {path.name for path in out.iterdir()}
    assert table == json.loads((out / "search" / "table.json").read_text())
    assert "abacus" in (out / "search" / "table.md").read_text()
    assert ["fitted.jsonl"] == table["provenance"]["settings"]["records"]
    least = table["best_single"]["right"] - 0.005
    assert table["found"]["right"] >= least - 1e-6
    assert table["found"]["tokens"] <= table["cheapest_single"]["tokens"]

    hard = table["profiles"]["hard"]
    asked = json.loads(edgereason("ask", "1 + 1 = ?", "--profiles", str(out), "--profile", "hard", "--json").stdout)
    assert hard["rows"] == sum(group["count"] for group in asked["plan"]["rows"])

    (out / "mine.txt").write_text("keep me")
    refused = edgereason("probe", "tune", str(folder / "fitted.jsonl"), "-o", str(out))
    assert (1, True) == (refused.returncode, "holds other things (mine.txt)" in refused.stderr)
    assert (out / "mine.txt").exists()
