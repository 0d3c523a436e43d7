"""Fetching models through huggingface_hub from a server that speaks the hub's protocol: whole, verified, resumed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("huggingface_hub")

REPO = "maker/tiny-GGUF"
NAME = f"hf:{REPO}"
BIG = random.Random(0).randbytes(3_000_000)
_FIND = """
import json, sys
from edgereason.errors import EdgeReasonError
from edgereason.hub import find, parse_name, transfer

transfer.WAITS_S = (0.01, 0.01, 0.01)  # instead of seconds
options = json.loads(sys.argv[2])
seen = []
try:
    label, path = find(parse_name(sys.argv[1]), [".onnx", ".gguf"], on_progress=seen.append, **options)
    progress = [[step.file, step.done_bytes, step.total_bytes] for step in seen]
    print(json.dumps({"label": label, "path": str(path), "progress": progress}))
except EdgeReasonError as error:
    print(json.dumps({"error": type(error).__name__, "said": str(error), "hint": error.hint}))
"""


class Found:
    """What a process of its own made of a name."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        assert (0, "") == (done.returncode, done.stderr), done.stderr
        self.values: dict[str, Any] = json.loads(done.stdout)

    def __getattr__(self, name: str) -> Any:
        assert name in self.values, self.values
        return self.values[name]

    @property
    def content(self) -> bytes:
        """Of the file that was found."""
        return Path(self.path).read_bytes()


Find = Callable[..., Found]


@pytest.fixture
def environment(hub: Any, tmp_path: Path) -> dict[str, str]:
    """What the hub's library reads, and nothing of the caller's."""
    return {"HOME": str(tmp_path), "HF_ENDPOINT": hub.address, "PATH": os.defpath, "LANG": "C.UTF-8"}


@pytest.fixture
def find(environment: dict[str, str]) -> Find:
    """Finds a name in a process of its own; `env` adds variables, other options go to `find`."""

    def run(name: str = NAME, env: dict[str, str] | None = None, **options: Any) -> Found:
        command = [sys.executable, "-W", "error", "-c", _FIND, name, json.dumps(options)]
        return Found(
            subprocess.run(
                command, env={**environment, **(env or {})}, capture_output=True, text=True, timeout=60, check=False
            )
        )

    return run


def blobs(folder: Path) -> list[str]:
    """Names in the cache's folder of contents."""
    return sorted(path.name for path in folder.glob("**/blobs/*"))


# ---------------------------------------------------------------- fetching


def test_a_model_is_fetched_once(hub: Any, find: Find, tmp_path: Path) -> None:
    """The right bytes, in the hub's own cache; the second time nothing is asked for."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG, "README.md": b"# tiny"}
    first = find()
    asked = len(hub.seen)
    second = find(f"{NAME}:q8_0")

    assert ("Q8_0", BIG) == (first.label, first.content)
    assert first.path == second.path
    assert asked == len(hub.seen)
    assert str(tmp_path / ".cache" / "huggingface" / "hub" / "models--maker--tiny-GGUF") in first.path


def test_progress_counts_the_models_bytes(hub: Any, find: Find) -> None:
    """From little to all of them, never back."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG}
    steps = find().progress

    assert ["tiny-Q8_0.gguf", len(BIG), len(BIG)] == steps[-1]
    assert sorted(done for _, done, _ in steps) == [done for _, done, _ in steps]
    assert len(steps) > 3


def test_other_tools_find_what_was_fetched(hub: Any, find: Find, environment: dict[str, str]) -> None:
    """The library's own download takes it from the cache, with no connection."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG, "config.json": b"{}"}
    path = find().path
    code = f"import huggingface_hub as h; print(h.hf_hub_download({REPO!r}, 'tiny-Q8_0.gguf', local_files_only=True))"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert path == done.stdout.strip()


@pytest.mark.parametrize("resets", [False, True])
def test_a_fetch_goes_on_after_cuts(hub: Any, find: Find, resets: bool) -> None:
    """Each time from where it stopped, not from the beginning; the bytes are right."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG}
    hub.cuts, hub.resets = [1_000_000, 800_000, 0, 900_000], resets
    found = find()

    assert found.content == BIG
    ranges = [headers["range"] for _, path, headers in hub.seen if path.startswith("/store/") and "range" in headers]
    assert len(ranges) >= 3
    if not resets:  # a reset may drop what was under way
        assert ["bytes=1000000-", "bytes=1800000-", "bytes=1800000-", "bytes=2700000-"] == ranges


def test_a_fetch_goes_on_in_a_later_process(hub: Any, find: Find, tmp_path: Path) -> None:
    """What a process that gave up, or died, left behind is not fetched again, and not taken for the model."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG}
    hub.cuts = [2_000_000, 0, 0, 0, 0]
    failed = find()
    (partial,) = blobs(tmp_path)
    missing = find(offline=True)
    hub.seen.clear()
    found = find()

    assert ("DownloadError", True) == (failed.error, "goes on where it stopped" in failed.hint)
    assert partial.endswith(".incomplete")
    assert "ModelNotFoundError" == missing.error
    assert found.content == BIG
    assert ["bytes=2000000-"] == [headers["range"] for _, path, headers in hub.seen if path.startswith("/store/")]


def test_a_server_that_cannot_go_on_is_asked_from_the_beginning(hub: Any, find: Find) -> None:
    """Some proxies ignore ranges: what they send is the whole file, and must not be appended."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG}
    hub.cuts, hub.has_ranges = [1_000_000], False

    assert find().content == BIG


def test_a_busy_server_is_asked_again(hub: Any, find: Find) -> None:
    """An overload passes; an answer that says no does not."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG}
    hub.busy = [503, 429]
    assert find().content == BIG
    hub.repos["maker/other"] = {"other.gguf": BIG[1:]}
    hub.busy = [403]
    refused = find("hf:maker/other")

    assert "DownloadError" == refused.error
    assert [] == hub.busy


@pytest.mark.parametrize("path", ["tiny-Q8_0.gguf", "config.json"])
def test_a_wrong_checksum_is_refused(hub: Any, find: Find, tmp_path: Path, path: str) -> None:
    """Of a large file or a small one: an error, nothing left behind, and the right bytes the next time."""
    files = {"config.json": b'{"a": 1}', "tokenizer.json": b"{}", "model.onnx": BIG}
    hub.repos[REPO] = files if path == "config.json" else {path: BIG}
    whole = hub.repos[REPO][path]
    hub.swapped[path] = whole[:-1] + bytes([whole[-1] ^ 1])
    refused = find()

    assert ("DownloadError", True) == (refused.error, f"{path!r} of {REPO!r} has the checksum" in refused.said)
    assert [] == [name for name in blobs(tmp_path) if name.endswith(".incomplete")]
    assert "ModelNotFoundError" == find(offline=True).error
    hub.swapped.clear()
    assert find().content == BIG


def test_a_spoilt_beginning_is_found_by_the_checksum(hub: Any, find: Find, tmp_path: Path) -> None:
    """Bytes that changed on disk between two processes are fetched again, not trusted."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG}
    hub.cuts = [2_000_000, 0, 0, 0, 0]
    find()
    (partial,) = tmp_path.glob("**/*.incomplete")
    partial.write_bytes(bytes(1000) + partial.read_bytes()[1000:])

    assert "has the checksum" in find().said
    assert find().content == BIG


def test_too_many_bytes_are_refused(hub: Any, find: Find, tmp_path: Path) -> None:
    """A file that does not end where the hub says it does."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG}
    hub.swapped["tiny-Q8_0.gguf"] = BIG + b"more"

    assert "is longer than the hub says" in find().said
    assert [0] == [path.stat().st_size for path in tmp_path.glob("**/blobs/*")]


def test_a_file_that_ends_early_is_not_the_model(hub: Any, find: Find) -> None:
    """Whole as an answer, and shorter than the hub lists it."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG}
    hub.claimed["tiny-Q8_0.gguf"] = len(BIG) + 1

    assert f"ends before {len(BIG) + 1:,} bytes" in find().said
    assert "ModelNotFoundError" == find(offline=True).error


def test_a_model_that_does_not_fit_the_disk_is_not_begun(hub: Any, find: Find) -> None:
    """The message says how much is missing, and where."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG}
    hub.claimed["tiny-Q8_0.gguf"] = 10**18
    refused = find()

    assert f"{REPO!r} needs 1,000,000,000,000,000,000 bytes more" in refused.said
    assert "HF_HUB_CACHE" in refused.hint
    assert not any("/store/" in path for path in hub.sent())


@pytest.mark.parametrize("path", ["../tiny.gguf", "/etc/tiny.gguf", "a/../../tiny.gguf"])
def test_a_listing_that_leads_elsewhere_is_refused(hub: Any, find: Find, path: str) -> None:
    """No file is written outside of the cache."""
    hub.repos[REPO] = {path: BIG}

    assert "which is no path" in find().said


def test_a_newer_version_is_fetched_when_asked_for(hub: Any, find: Find) -> None:
    """And not before: a model that is there is used as it is."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG}
    find()
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG[::-1]}

    assert find().content == BIG
    assert find(refresh=True).content == BIG[::-1]
    assert find(offline=True).content == BIG[::-1]


def test_two_processes_fetch_one_file_once(hub: Any, environment: dict[str, str]) -> None:
    """The second waits for the first."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG}
    command = [sys.executable, "-c", _FIND, NAME, "{}"]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    paths = {json.loads(process.communicate(timeout=60)[0])["path"] for process in both}

    assert 1 == len(paths)
    assert BIG == Path(paths.pop()).read_bytes()
    assert 1 == len([path for path in hub.sent() if path.startswith("/store/")])


# ---------------------------------------------------------------- which files


def test_the_quant_may_be_named_in_any_case_or_the_file(hub: Any, find: Find) -> None:
    """Only what is meant is fetched."""
    hub.repos[REPO] = {f"tiny-{quant}.gguf": BIG + quant.encode() for quant in ("Q8_0", "Q4_K_M", "Q2_K")}
    hub.repos[REPO]["mmproj-Q8_0.gguf"] = BIG

    assert ("Q8_0", BIG + b"Q8_0") == ((found := find(f"{NAME}:q8_0")).label, found.content)
    assert BIG + b"Q2_K" == find(f"{NAME}:tiny-Q2_K.gguf").content
    assert {"tiny-Q8_0.gguf", "tiny-Q2_K.gguf"} == {path.rpartition("/")[2] for path in hub.sent() if "/store/" in path}
    assert BIG + b"Q4_K_M" == find(refresh=True).content  # the usual one where none is named


def test_an_unknown_quant_lists_what_there_is(hub: Any, find: Find) -> None:
    """Nothing is fetched for it."""
    hub.repos[REPO] = {f"tiny-{quant}.gguf": BIG for quant in ("Q8_0", "Q2_K")}
    unknown, unnamed = find(f"{NAME}:Q9"), find()

    assert (2 * ["ModelNotFoundError"]) == [unknown.error, unnamed.error]
    assert f"{REPO!r} has no models 'Q9'" == unknown.said
    assert "holds several models" in unnamed.said
    assert all("There are: Q2_K, Q8_0." in each.hint for each in (unknown, unnamed))
    assert not any("/store/" in path for path in hub.sent())


def test_a_split_model_is_fetched_whole(hub: Any, find: Find) -> None:
    """All its parts side by side, the first to be loaded."""
    parts = {f"big/m-Q8_0-0000{number}-of-00003.gguf": BIG[:: number + 1] for number in (1, 2, 3)}
    hub.repos[REPO] = {**parts, "big/other-Q2_K.gguf": BIG}
    found = Path(find(f"{NAME}:Q8_0").path)

    assert "m-Q8_0-00001-of-00003.gguf" == found.name
    assert parts == {f"big/{path.name}": path.read_bytes() for path in found.parent.iterdir()}


def test_a_split_model_without_all_its_parts_is_none(hub: Any, find: Find, tmp_path: Path) -> None:
    """Neither on the hub nor in the cache."""
    parts = {f"m-Q8_0-0000{number}-of-00003.gguf": BIG[:: number + 1] for number in (1, 2, 3)}
    hub.repos[REPO] = dict(list(parts.items())[:2])
    assert "holds no model" in find().said
    hub.repos[REPO] = parts
    found = Path(find().path)
    found.with_name("m-Q8_0-00002-of-00003.gguf").unlink()

    assert "ModelNotFoundError" == find(offline=True).error
    assert parts["m-Q8_0-00001-of-00003.gguf"] == find().content


def test_an_onnx_model_comes_with_its_tokenizer_and_weights(hub: Any, find: Find) -> None:
    """What its folder needs, also from the folder above, and nothing else."""
    needed = {
        "tokenizer.json": b"{}", "tokenizer_config.json": b"{ }", "config.json": b"{  }",
        "onnx/model_q4.onnx": BIG[:5000], "onnx/model_q4.onnx_data": BIG,
    }  # fmt: skip
    hub.repos["maker/export"] = {**needed, "onnx/model.onnx": BIG[:6000], "model.safetensors": BIG, "README.md": b"#"}
    found = find("hf:maker/export:Q4")
    root = Path(found.path).parents[1]

    assert "q4" == found.label
    assert needed == {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_an_onnx_model_is_there_when_all_of_it_is(hub: Any, find: Find) -> None:
    """The weights come last, so that a fetch that was cut leaves no model."""
    hub.repos["maker/export"] = {"model.onnx": BIG, "tokenizer.json": b"{}", "model.onnx.data": BIG[::-1]}
    hub.cuts = [10**9, 10, 0, 0, 0, 0]
    assert "DownloadError" == find("hf:maker/export").error
    assert "ModelNotFoundError" == find("hf:maker/export", offline=True).error
    find("hf:maker/export")

    order = [path.rpartition("/")[2] for path in hub.sent() if "resolve" in path]
    assert ["tokenizer.json", "model.onnx.data", "model.onnx"] == list(dict.fromkeys(order))


# ---------------------------------------------------------------- variables, caches, refusals


@pytest.mark.parametrize(("variable", "inside"), [("HF_HOME", "hub"), ("HF_HUB_CACHE", "")])
def test_the_cache_is_where_the_variables_say(hub: Any, find: Find, tmp_path: Path, variable: str, inside: str) -> None:
    """Those of the hub's library."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG}
    found = find(env={variable: str(tmp_path / "elsewhere")})

    assert (tmp_path / "elsewhere" / inside / "models--maker--tiny-GGUF") in Path(found.path).parents


def test_a_token_opens_a_closed_repository_and_goes_no_further(hub: Any, find: Find) -> None:
    """HF_TOKEN reaches the hub, and never the store that the hub hands large files to."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG}
    hub.closed.add(REPO)
    refused = find()
    assert ("ModelNotFoundError", True) == (refused.error, "HF_TOKEN" in refused.hint)
    assert find(env={"HF_TOKEN": "secret"}).content == BIG

    tokens = {"/store/" in path: headers.get("authorization") for _, path, headers in hub.seen}
    assert {False: "Bearer secret", True: None} == tokens


def test_a_gated_repository_says_what_to_do(hub: Any, find: Find) -> None:
    """Another case than one that is not there."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG}
    hub.gated.add(REPO)
    refused = find()

    assert "is not open to everybody" in refused.said
    assert "accept its terms" in refused.hint


def test_a_repository_that_is_not_there_is_named(find: Find) -> None:
    """With what to check."""
    assert "the hub has no model 'maker/nothing'" in find("hf:maker/nothing").said


def test_a_hub_that_cannot_be_reached_is_an_error(find: Find) -> None:
    """And no traceback of the network library's."""
    refused = find(env={"HF_ENDPOINT": "http://127.0.0.1:9"})

    assert ("DownloadError", True) == (refused.error, "could not be fetched" in refused.said)
    assert "Check the connection" in refused.hint


def test_a_model_in_llama_cpps_cache_is_used(hub: Any, find: Find, tmp_path: Path) -> None:
    """In its old form, one folder of flat names, and in its new one, the hub's; nothing is asked for."""
    (tmp_path / "maker_tiny-GGUF_tiny-Q8_0.gguf").write_bytes(b"old")
    (tmp_path / "maker_tiny-GGUF_tiny-Q2_K.gguf.downloadInProgress").write_bytes(b"half")
    snapshot = tmp_path / "models--maker--tiny-GGUF"
    (snapshot / "refs").mkdir(parents=True)
    (snapshot / "refs" / "main").write_text("abc")
    (snapshot / "snapshots" / "abc").mkdir(parents=True)
    (snapshot / "snapshots" / "abc" / "tiny-Q4_0.gguf").write_bytes(b"new")
    env = {"LLAMA_CACHE": str(tmp_path)}

    assert b"old" == find(f"{NAME}:Q8_0", env).content
    assert b"new" == find(f"{NAME}:Q4_0", env).content
    assert b"old" == find(f"{NAME}:tiny-Q8_0.gguf", env, offline=True).content
    assert "Q4_0" in find(f"{NAME}:Q2_K", env, offline=True).hint
    assert [] == hub.seen


def test_llama_cpps_usual_cache_is_among_the_users_caches(find: Find, tmp_path: Path) -> None:
    """Where LLAMA_CACHE names none."""
    folder = tmp_path / "xdg" / "llama.cpp"
    folder.mkdir(parents=True)
    (folder / "maker_tiny-GGUF_tiny-Q8_0.gguf").write_bytes(b"old")

    assert b"old" == find(NAME, {"XDG_CACHE_HOME": str(tmp_path / "xdg")}).content


@pytest.mark.parametrize("how", ["option", "variable"])
def test_offline_nothing_is_asked_for(hub: Any, find: Find, how: str) -> None:
    """Neither for what is there nor for what is not."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG}
    find()
    hub.seen.clear()
    env, options = ({"HF_HUB_OFFLINE": "1"}, {}) if how == "variable" else ({}, {"offline": True})

    assert find(NAME, env, **options).content == BIG
    missing = find(f"{NAME}:Q2_K", env, **options)
    assert ("ModelNotFoundError", "There is: Q8_0.") == (missing.error, missing.hint)
    assert "models get hf:maker/other" in find("hf:maker/other", env, **options).hint
    assert "ConfigError" == find(NAME, env, **options, refresh=True).error
    assert [] == hub.seen


def test_nothing_about_the_user_is_sent(hub: Any, find: Find) -> None:
    """Only the listing and the files are asked for, by a client that names itself, the library and Python."""
    hub.repos[REPO] = {"tiny-Q8_0.gguf": BIG}
    find(env={"CI": "1"})

    assert {"/api/models/maker/tiny-GGUF"} == {path for path in hub.sent() if "/api/" in path}
    agents = {headers["user-agent"] for _, _, headers in hub.seen}
    facts = {fact.strip().partition("/")[0] for agent in agents for fact in agent.split(";")}
    assert {"unknown", "hf_hub", "python"} == facts


def test_a_missing_library_names_the_extra(environment: dict[str, str], tmp_path: Path) -> None:
    """Whoever has not installed huggingface_hub is told how to."""
    (tmp_path / "huggingface_hub.py").write_text("raise ModuleNotFoundError(\"No module named 'huggingface_hub'\")")
    env = {**environment, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", _FIND, NAME, "{}"], env=env, capture_output=True, text=True, check=True
    )
    refused = json.loads(done.stdout)

    assert "ExtraMissingError" == refused["error"]
    assert "pip install 'edgereason[hub]'" in refused["hint"]
