"""A model folder of which one file is damaged works, or is refused with an error of ours: no other, and no crash."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BUNDLED = Path(__file__).parents[2] / "models" / "abacus"
FILES = (  # what is read of a folder, and how often damage must be noticed, at least: much of it does no harm
    ("model.onnx", 20),
    ("tokenizer.json", 20),
    ("tokenizer_config.json", 10),
    ("config.json", 5),
    ("genai_config.json", 5),
    ("chat_template.jinja", 5),
)

_DAMAGE = """
import json, random, sys
from pathlib import Path
from edgereason.engine import open_engine
from edgereason.errors import EdgeReasonError
from edgereason.loading import describe, find_model
from edgereason.prompting import load_tokenizer
from edgereason.types import GREEDY, Message

folder, name, turns = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
whole, draw, refused = (folder / name).read_bytes(), random.Random(name), []
for turn in range(turns):
    damaged = bytearray(whole)
    if turn % 3 == 0:
        del damaged[draw.randrange(len(damaged)) if turn else 0 :]
    else:
        end = min(len(damaged), 60_000)  # of an ONNX file, where the graph is
        for _ in range(draw.choice((1, 2, 8))):
            damaged[draw.randrange(end)] ^= 1 << draw.randrange(8)
    (folder / name).write_bytes(damaged)
    try:
        describe(folder)
        files = find_model(folder, "onnx")
        tokenizer = load_tokenizer(files.folder)
        tokenizer.prompt([Message(role="user", content="17 + 25 = ?")])
        engine = open_engine(files.engine, files.weights, threads=1)
        tokenizer.check_vocabulary(engine.info.vocab_size)
        batch = engine.batch()
        rows = batch.admit(engine.prefill([1, 2, 3]), GREEDY, [1])
        batch.commit({row: [4] for row in rows})
        batch.propose()
        engine.close()
    except EdgeReasonError as error:
        refused.append(type(error).__name__)
print(json.dumps(refused))
"""


@pytest.mark.parametrize(("name", "least"), FILES)
def test_a_damaged_file_is_refused_with_an_error_of_ours_or_does_no_harm(name: str, least: int, tmp_path: Path) -> None:
    """Emptied, cut off or with bits flipped, 60 times, in a process of its own."""
    for path in BUNDLED.iterdir():
        if path.suffix in (".json", ".jinja", ".onnx"):
            shutil.copy(path, tmp_path)
    command = [sys.executable, "-c", _DAMAGE, str(tmp_path), name, "60"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]

    assert least <= len(json.loads(run.stdout)) <= 60
