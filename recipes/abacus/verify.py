"""Compares the exported files with the full-precision weights: the same greedy answers, the same hidden states?

    python -m recipes.abacus.verify [FOLDER] [--count 200] [--llama]

In: minimal greedy loops over onnxruntime and llama.cpp, one row each. Not in: the engines of the package.
Invariant: all three run the same prompt ids.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch

from edgereason.evals.families import FAMILIES, draw_many
from recipes.abacus import config, tokenizer
from recipes.abacus.config import Sizes
from recipes.abacus.data import Writer
from recipes.abacus.evaluate import boxed, load_model

MOST_TOKENS = 320
Greedy = Callable[[list[int]], tuple[list[int], np.ndarray]]  # prompt ids to new ids and the prompt's last hidden state


def onnx_greedy(path: Path, end: int) -> Greedy:
    """Return greedy decoding of an ONNX file."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    sizes = Sizes()

    def run(prompt: list[int]) -> tuple[list[int], np.ndarray]:
        past = {
            f"past_key_values.{n}.{kind}": np.zeros((1, sizes.heads, 0, sizes.head_size), np.float32)
            for n in range(sizes.layers)
            for kind in ("key", "value")
        }
        step, new, first = prompt, [], None
        while len(new) < MOST_TOKENS and len(prompt) + len(new) < sizes.context:
            length = len(prompt) + len(new)
            feed = {"input_ids": np.array([step]), "attention_mask": np.ones((1, length), np.int64), **past}
            outputs = dict(zip([o.name for o in session.get_outputs()], session.run(None, feed), strict=True))
            first = outputs["hidden_states"][0, -1] if first is None else first
            token = int(outputs["logits"][0, -1].argmax())
            new.append(token)
            if token == end:
                break
            past = {name.replace("present", "past_key_values"): v for name, v in outputs.items() if "present" in name}
            step = [token]
        assert first is not None
        return new, first

    return run


def llama_greedy(path: Path, end: int) -> tuple[Greedy, Callable[[str], list[int]]]:
    """Return greedy decoding of a GGUF file through llama.cpp, and its tokenizer."""
    import llama_cpp

    model = llama_cpp.Llama(
        str(path), n_ctx=Sizes().context, n_threads=1, n_threads_batch=1, embedding=True, pooling_type=0, verbose=False
    )
    batch = llama_cpp.llama_batch_init(Sizes().context, 0, 1)
    memory = llama_cpp.llama_get_memory(model.ctx)

    def run(prompt: list[int]) -> tuple[list[int], np.ndarray]:
        llama_cpp.llama_memory_clear(memory, True)
        step, new, first, place = prompt, [], None, 0
        while len(new) < MOST_TOKENS and place + len(step) <= Sizes().context:
            batch.n_tokens = len(step)
            for k, token in enumerate(step):
                batch.token[k], batch.pos[k], batch.n_seq_id[k] = token, place + k, 1
                batch.seq_id[k][0], batch.logits[k] = 0, 1
            if llama_cpp.llama_decode(model.ctx, batch):
                raise RuntimeError("llama_decode failed")
            place += len(step)
            last = len(step) - 1
            if first is None:
                vector = llama_cpp.llama_get_embeddings_ith(model.ctx, last)
                first = np.ctypeslib.as_array(vector, (Sizes().hidden,)).copy()
            logits = llama_cpp.llama_get_logits_ith(model.ctx, last)
            token = int(np.ctypeslib.as_array(logits, (Sizes().vocabulary,)).argmax())
            new.append(token)
            if token == end:
                break
            step = [token]
        assert first is not None
        return new, first

    return run, lambda text: list(model.tokenize(text.encode(), add_bos=False, special=True))


def compare(folder: Path, count: int, band: str, with_llama: bool) -> dict[str, Any]:
    """Return how often each file's greedy answer and text equal full precision's, and the hidden states' cosine."""
    writer = Writer(tokenizer.load(folder))
    end = writer.end[0]
    model = load_model(folder / "weights.safetensors")
    problems = [p for family in FAMILIES for p in draw_many(family, -(-count // len(FAMILIES)), band=band)][:count]
    prompts = [writer.prompt(problem.question) for problem in problems]
    reference = [row for k in range(0, count, 50) for row in model.generate(prompts[k : k + 50], end, MOST_TOKENS)]
    states = [model.hidden(torch.tensor([prompt]))[0, -1].detach().numpy() for prompt in prompts]
    files: dict[str, Greedy] = {"model.onnx": onnx_greedy(folder / "model.onnx", end)}
    report: dict[str, Any] = {"n": count, "band": band}
    if with_llama:
        files["model-q8_0.gguf"], split = llama_greedy(folder / "model-q8_0.gguf", end)
        texts = [writer.tokenizer.decode(prompt, skip_special_tokens=False) for prompt in prompts]
        report["gguf_tokenizer_agrees"] = float(np.mean([split(t) == p for t, p in zip(texts, prompts, strict=True)]))
    answer_of = [boxed(writer.tokenizer.decode(row, skip_special_tokens=False)) for row in reference]
    report["right"] = {"full": share(answer_of, [p.answer for p in problems])}
    for name, greedy in files.items():
        outputs = [greedy(prompt) for prompt in prompts]
        answers = [boxed(writer.tokenizer.decode(ids, skip_special_tokens=False)) for ids, _ in outputs]
        cosines = [cosine(a, b) for (_, a), b in zip(outputs, states, strict=True)]
        report["right"][name] = share(answers, [p.answer for p in problems])
        report[name] = {
            "same_answer": share(answers, answer_of),
            "same_tokens": share([ids for ids, _ in outputs], reference),
            "hidden_cosine_mean": round(float(np.mean(cosines)), 5),
            "hidden_cosine_min": round(float(np.min(cosines)), 5),
        }
    return report


def share(mine: list[Any], theirs: list[Any]) -> float:
    """Return how many are equal, as a share."""
    return round(sum(a == b for a, b in zip(mine, theirs, strict=True)) / len(mine), 4)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Return the cosine between two vectors."""
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def main() -> None:
    """Print the comparison as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=config.MODEL_FOLDER)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--band", default="easy")
    parser.add_argument("--llama", action="store_true", help="also the GGUF, through llama-cpp-python")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(json.dumps(compare(options.folder, options.count, options.band, options.llama)))


if __name__ == "__main__":
    main()
