"""`chat`, `doctor`, `models`, `eval` and `--version`, as a shell sees them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from edgereason import __version__

Run = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def without_onnxruntime(tmp_path: Path) -> dict[str, str]:
    """Variables under which `import onnxruntime` fails, as where it is not installed."""
    (tmp_path / "onnxruntime.py").write_text("raise ModuleNotFoundError(\"No module named 'onnxruntime'\")\n")
    return {"PYTHONPATH": str(tmp_path)}


# ---------------------------------------------------------------- engines


def test_gguf_files_answer_with_the_options_of_their_engine(edgereason: Run) -> None:
    """A file's path picks the engine; `-ngl 0`, `-c` and the others reach it."""
    pytest.importorskip("llama_cpp")
    from edgereason.loading import find_model

    weights = find_model("abacus", "llama-cpp").weights
    options = ["-ngl", "0", "-c", "4096", "--batch", "64", "--kv-type", "q8_0", "--flash-attention", "on", "--no-mmap"]
    done = edgereason("ask", "17 + 25 = ?", "-m", str(weights), *options, "--json")

    said = json.loads(done.stdout)
    assert (0, "llama-cpp") == (done.returncode, said["engine"]), done.stderr
    assert said["answer"]


def test_an_option_that_the_engine_lacks_is_refused_by_name(edgereason: Run) -> None:
    """Exit 2, with what it has."""
    done = edgereason("ask", "17 + 25 = ?", "--engine", "onnx", "--kv-type", "q8_0")

    assert 2 == done.returncode
    assert "'onnx' has no option 'kv_type'" in done.stderr


def test_memory_is_estimated_before_loading(edgereason: Run) -> None:
    """`models show --estimate`: what it takes, and that rows share the context; options go with it only."""
    done = edgereason("models", "show", "abacus", "--engine", "llama-cpp", "--estimate", "-c", "2048", "--json")
    shown = json.loads(done.stdout)
    assert 2048 == shown["context_shared_by_all_rows"]
    assert 2048 * shown["kv_bytes_per_token"] == shown["keys_values_bytes"]

    refused = edgereason("models", "show", "abacus", "-c", "2048")
    assert (2, True) == (refused.returncode, "--estimate" in refused.stderr)


# ---------------------------------------------------------------- chat


def test_a_piped_chat_answers_every_line(edgereason: Run) -> None:
    """A line in, an answer out, blank lines skipped, until /exit."""
    done = edgereason("chat", "--profile", "direct", "-q", stdin="1 + 1 = ?\n\n2 + 2 = ?\n/exit\n3 + 3 = ?\n")

    assert (0, 2) == (done.returncode, len(done.stdout.splitlines())), done.stderr


def test_a_chat_remembers_until_cleared(edgereason: Run) -> None:
    """Earlier turns are part of the prompt; after /clear the first answer comes again."""
    asked = "9 + 8 = ?"
    done = edgereason("chat", "--profile", "direct", "-v", stdin=f"{asked}\n{asked}\n/clear\n{asked}\n")
    alone = edgereason("chat", "--profile", "direct", "-q", stdin=asked)

    answers = done.stdout.splitlines()
    assert 3 == len(answers)
    assert alone.stdout.splitlines() == answers[:1] == answers[2:]


def test_a_chats_deadline_can_be_changed(edgereason: Run) -> None:
    """/deadline applies to the turns that follow; a bad one changes nothing and is explained."""
    lines = "/deadline 1ms\n1 + 1 = ?\n/deadline soon\n/deadline none\n1 + 1 = ?\n"
    done = edgereason("chat", "--profile", "direct", stdin=lines)

    assert 0 == done.returncode
    assert 1 == len(done.stdout.splitlines())
    assert "before there was any answer" in done.stderr
    assert "'soon'" in done.stderr


def test_an_unknown_chat_command_is_guessed_at(edgereason: Run) -> None:
    """/exti is no question."""
    done = edgereason("chat", stdin="/exti\n")

    assert (0, "") == (done.returncode, done.stdout)
    assert "'/exit'" in done.stderr


def test_a_chat_goes_on_after_a_bad_line(edgereason: Run) -> None:
    """What is too long or no text is refused, and the next line answered."""
    done = edgereason(
        "chat", "--profile", "direct", "-q", stdin=b"1 + \xff\n" + b"1 + " * 3000 + b"1 = ?\n" + b"1 + 1 = ?\n"
    )

    assert (0, 1) == (done.returncode, len(done.stdout.splitlines())), done.stderr
    assert "not UTF-8" in done.stderr
    assert "context" in done.stderr


# ---------------------------------------------------------------- doctor


def test_doctor_finds_a_healthy_machine(edgereason: Run) -> None:
    """Everything that the main job needs is there, the bundled model answers, exit 0."""
    done = edgereason("doctor", "--json")
    shown = json.loads(done.stdout)
    checks = {check["name"]: check for check in shown["checks"]}

    assert (0, True) == (done.returncode, shown["ok"])
    assert "CPU" in checks["onnxruntime"]["detail"]
    assert "17 + 25 = ? " in checks["bundled model"]["detail"]
    assert {"python", "processor", "memory", "cache folder", "config folder", "llama-cpp-python"} <= checks.keys()


def test_doctor_says_what_mends_a_missing_engine(edgereason: Run, without_onnxruntime: dict[str, str]) -> None:
    """Exit 1 and the command that installs one."""
    done = edgereason("doctor", env=without_onnxruntime)

    assert 1 == done.returncode
    assert "FAIL" in done.stdout
    assert "-m pip install 'edgereason[cpu]'" in done.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_doctor_sees_a_folder_that_cannot_be_written(edgereason: Run, tmp_path: Path) -> None:
    """It is not needed for the main job: said, with the command, and exit 0."""
    tmp_path.chmod(0o500)
    done = edgereason("doctor", env={"XDG_CACHE_HOME": str(tmp_path)})

    assert 0 == done.returncode
    assert "not writable" in done.stdout


def test_asking_without_an_engine_names_the_command_that_installs_one(
    edgereason: Run, without_onnxruntime: dict[str, str]
) -> None:
    """No engine: exit 1 and what to type."""
    done = edgereason("ask", "1 + 1 = ?", env=without_onnxruntime)

    assert (1, "") == (done.returncode, done.stdout)
    assert "pip install" in done.stderr
    assert "edgereason[cpu]" in done.stderr


# ---------------------------------------------------------------- models, version


def test_the_bundled_model_is_listed_and_shown(edgereason: Run) -> None:
    """`list` names it, `show` tells its files, in words and as JSON."""
    assert "abacus" in json.loads(edgereason("models", "list", "--json").stdout)
    assert edgereason("models", "list").stdout.startswith("abacus")

    shown = json.loads(edgereason("models", "show", "abacus", "--json").stdout)
    assert "tokenizer.json" in shown["files"]
    assert "model.onnx" in edgereason("models", "show", "abacus").stdout


def test_an_unknown_model_is_guessed_at(edgereason: Run) -> None:
    """`show` fails with the nearest name."""
    done = edgereason("models", "show", "abakus")

    assert 1 == done.returncode
    assert "'abacus'" in done.stderr


def test_the_version_is_the_packages(edgereason: Run) -> None:
    """One version, wherever it is asked for."""
    assert f"edgereason {__version__}\n" == edgereason("--version").stdout


# ---------------------------------------------------------------- eval


def test_an_evaluation_reports_accuracy_with_its_interval(edgereason: Run, tmp_path: Path) -> None:
    """A labelled file, two questions, a share with n, low and high."""
    task = tmp_path / "sums.jsonl"
    task.write_text('{"question": "1 + 2 = ?", "answer": "3"}\n{"question": "1 + 2 = ?", "answer": "no such answer"}\n')
    done = edgereason("eval", str(task), "--profile", "direct", "--json")

    assert 0 == done.returncode, done.stderr
    accuracy = json.loads(done.stdout)["accuracy"]
    assert 2 == accuracy["n"]
    assert 0 <= accuracy["low"] <= accuracy["share"] < accuracy["high"] <= 1


def test_an_evaluation_in_words_names_task_and_model(edgereason: Run) -> None:
    """The table for people."""
    done = edgereason("eval", "chain", "-n", "2", "--profile", "direct")

    assert 0 == done.returncode, done.stderr
    assert all(word in done.stdout for word in ("chain", "abacus", "right", "95 %"[:2]))


def test_an_unknown_task_is_guessed_at(edgereason: Run) -> None:
    """Exit 2 with the nearest."""
    done = edgereason("eval", "chian")

    assert 2 == done.returncode
    assert "'chain'" in done.stderr


def test_another_runs_records_are_not_continued(edgereason: Run, tmp_path: Path) -> None:
    """Records of other settings are refused, and stay as they were."""
    records = tmp_path / "records.jsonl"
    assert 0 == edgereason("eval", "chain", "-n", "1", "--profile", "direct", "--out", str(records)).returncode
    kept = records.read_bytes()
    done = edgereason("eval", "chain", "-n", "1", "--profile", "easy", "--out", str(records))

    assert 1 == done.returncode
    assert kept == records.read_bytes()
