"""Writes the files of models/abacus from trained weights: ONNX, GGUF, weights, configuration.

    python -m recipes.abacus.export [RUN_FOLDER]

In: the two exporters and what lies beside them. Not in: figures (verify.py, card.py).
Invariants: model.onnx is one file, has a `hidden_states` output and key/value inputs; the GGUF holds the same weights
as Q8_0 with the same tokenizer and chat template.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import onnx
import torch
from safetensors.torch import load_file, save_file

from recipes.abacus import config, tokenizer
from recipes.abacus.config import Sizes

ONNX_PRECISION = "int8"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TRANSFORMERS_OFFLINE": "1"}


def hf_config(sizes: Sizes) -> dict[str, Any]:
    """Return config.json of the checkpoint."""
    vocabulary = tokenizer.load().get_vocab()
    return {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "bos_token_id": vocabulary[tokenizer.END_OF_TEXT],
        "eos_token_id": vocabulary[tokenizer.END],
        "head_dim": sizes.head_size,
        "hidden_act": "silu",
        "hidden_size": sizes.hidden,
        "intermediate_size": sizes.inner,
        "max_position_embeddings": sizes.context,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": sizes.heads,
        "num_hidden_layers": sizes.layers,
        "num_key_value_heads": sizes.heads,
        "pad_token_id": vocabulary[tokenizer.END_OF_TEXT],
        "rms_norm_eps": sizes.norm_epsilon,
        "rope_theta": sizes.rope_theta,
        "tie_word_embeddings": True,
        "torch_dtype": "float32",
        "vocab_size": sizes.vocabulary,
    }


def write_checkpoint(state: dict[str, torch.Tensor], folder: Path) -> None:
    """Write a folder that Hugging Face tools read."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(hf_config(Sizes()), indent=1) + "\n", encoding="utf-8")
    for name in TOKENIZER_FILES:
        shutil.copy(config.TOKENIZER_FOLDER / name, folder / name)


def write_onnx(checkpoint: Path, folder: Path, precision: str) -> None:
    """Build the ONNX with onnxruntime-genai's builder and put it in one file."""
    with tempfile.TemporaryDirectory() as scratch:
        built = Path(scratch) / "built"
        command = [
            sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", str(checkpoint), "-o", str(built),
            "-p", precision, "-e", "cpu", "-c", str(Path(scratch) / "cache"), "--extra_options",
            "include_hidden_states=true",
        ]  # fmt: skip
        if precision != "fp32":
            command += ["accuracy_level=4", "block_size=32", "shared_embeddings=false"]
        done = subprocess.run(command, env={**os.environ, **OFFLINE}, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        onnx.save(onnx.load(built / "model.onnx"), folder / "model.onnx")
        shutil.copy(built / "genai_config.json", folder / "genai_config.json")


def permuted(weight: np.ndarray, heads: int) -> np.ndarray:
    """Return q or k rows in llama.cpp's rotary order: the halves of each head interleaved."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def write_gguf(state: dict[str, torch.Tensor], path: Path) -> None:
    """Write the GGUF: matrices as Q8_0, norms as float32."""
    sizes = Sizes()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("abacus")
    writer.add_context_length(sizes.context)
    writer.add_embedding_length(sizes.hidden)
    writer.add_block_count(sizes.layers)
    writer.add_feed_forward_length(sizes.inner)
    writer.add_head_count(sizes.heads)
    writer.add_head_count_kv(sizes.heads)
    writer.add_key_length(sizes.head_size)
    writer.add_value_length(sizes.head_size)
    writer.add_rope_dimension_count(sizes.head_size)
    writer.add_rope_freq_base(sizes.rope_theta)
    writer.add_layer_norm_rms_eps(sizes.norm_epsilon)
    writer.add_vocab_size(sizes.vocabulary)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    _add_tokenizer(writer)
    for name, tensor in state.items():
        values = tensor.float().numpy()
        if "q_proj" in name or "k_proj" in name:
            values = permuted(values, sizes.heads)
        kind = gguf.GGMLQuantizationType.Q8_0 if values.ndim == 2 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(_gguf_name(name), gguf.quants.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _gguf_name(name: str) -> str:
    """Return the tensor's name in llama.cpp."""
    for theirs, ours in (
        ("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("model.layers.", "blk."),
        ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"), ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"), ("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm"),
    ):  # fmt: skip
        name = name.replace(theirs, ours)
    return name


def _add_tokenizer(writer: gguf.GGUFWriter) -> None:
    """Write vocabulary, merges, kinds and template."""
    content = json.loads((config.TOKENIZER_FOLDER / "tokenizer.json").read_text(encoding="utf-8"))
    texts = {index: text for text, index in content["model"]["vocab"].items()}
    kinds = dict.fromkeys(texts, gguf.TokenType.NORMAL)
    for added in content["added_tokens"]:
        texts[added["id"]] = added["content"]
        kinds[added["id"]] = gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
    order = range(len(texts))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([texts[k] for k in order])
    writer.add_token_types([kinds[k] for k in order])
    writer.add_token_merges([" ".join(pair) for pair in content["model"]["merges"]])
    vocabulary = {text: index for index, text in texts.items()}
    writer.add_eos_token_id(vocabulary[tokenizer.END])
    writer.add_pad_token_id(vocabulary[tokenizer.END_OF_TEXT])
    writer.add_add_bos_token(False)
    writer.add_chat_template(tokenizer.TEMPLATE)


def export(run: Path, folder: Path, precision: str = ONNX_PRECISION) -> None:
    """Write every model file from a run's weights."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in TOKENIZER_FILES:
        shutil.copy(config.TOKENIZER_FOLDER / name, folder / name)
    state = load_file(run / "weights.safetensors")
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = Path(scratch) / "checkpoint"
        write_checkpoint(state, checkpoint)
        shutil.copy(checkpoint / "config.json", folder / "config.json")
        write_onnx(checkpoint, folder, precision)
    write_gguf(state, folder / "model-q8_0.gguf")
    halves = {name: tensor.half() for name, tensor in state.items()}
    save_file(halves, folder / "weights.safetensors", metadata={"format": "pt"})
    (folder / "weights.safetensors").chmod(0o644)


def main() -> None:
    """Read the command line and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, nargs="?", default=config.RUNS / "main")
    parser.add_argument("--precision", default=ONNX_PRECISION, choices=("int4", "int8", "fp32"))
    parser.add_argument("--into", type=Path, default=config.MODEL_FOLDER)
    options = parser.parse_args()
    export(options.run, options.into, options.precision)


if __name__ == "__main__":
    main()
