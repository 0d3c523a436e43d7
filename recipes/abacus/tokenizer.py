"""Makes the tokenizer: byte-level BPE of 2,048 tokens, digits one by one, learnt from generated text.

In: training text, special tokens, chat template. Not in: weights.
Invariants: all 256 bytes are tokens, so any text survives the round trip; no merge crosses a line break, so text
encoded in pieces that are cut at line breaks, markers or digits gives the same ids as text encoded at once.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from random import Random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from edgereason.evals.families import draw
from recipes.abacus.config import TOKENIZER_FOLDER, Sizes

END_OF_TEXT, START, END, THINK, CLOSE = "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"
LEARNT_FROM = ("chain", "story", "series", "extremes", "sorting", "counting", "clock", "units")
MARKERS = (END_OF_TEXT, START, END, THINK, CLOSE)
# The split of Qwen2, which llama.cpp knows by the name "qwen2": every digit is a piece of its own.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEMPLATE = """\
{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- elif message.role == 'assistant' %}
        {%- set content = message.content %}
        {%- if '</think>' in content %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {{- '<|im_start|>assistant\\n' + content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""
# Words for families still to come, and for everyday questions, so that the vocabulary need not change with them.
STOCK = """
You are a helpful assistant. Answer with a number only. Think step
by step and answer briefly. You solve small problems. yes no true false
At half past nine the train leaves and arrives at quarter to eleven in the morning. How many minutes does the trip take?
The film starts at 14:35 and lasts 95 minutes. When does it end? What time is it after 3 hours and 20 minutes? seconds
Convert 3 meters to centimeters. How many grams are in 4 kilograms? kilometers liters milliliters inches feet
Ann > Bob > Carl Dan > Eva > Finn > Gus > Hana
Ann is taller than Bob and shorter than Carl. Who is the tallest? Who is the shortest? older youngest faster slower
Start with the word and repeat the following steps. Reverse the list, remove the first letter, swap the last two, double
the value, subtract one, add three, then multiply by two, divide by four. What is the result? letters vowels list string
weeks months heavier
If every dog is an animal and Rex is a dog, is Rex an animal? all some none every each other between before after above
below left right first second third fourth fifth last next middle half quarter percent price cheaper expensive discount
Hello, what can you do? Thank you. Please explain why this answer is correct. the of and to in is that it was for on
with
"""


def training_text() -> list[str]:
    """Return generated questions, steps and answers, with the stock of words."""
    lines = [part for _ in range(400) for part in STOCK.strip().split("\n")]
    lines += ["user", "assistant", "system", "Wait"] * 3000
    for family in LEARNT_FROM:
        for index in range(24_000 if family == "story" else 2_400):
            problem = draw(family, index, split="tune", seed=999)
            lines.append(problem.question)
            lines.append("\n".join(problem.steps) + "\n\n")
            lines.append("\n\n\\boxed{" + problem.answer + "}")
    Random(0).shuffle(lines)
    return lines


def train() -> Tokenizer:
    """Return the trained tokenizer, ids of the markers last."""
    tokenizer = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    split = pre_tokenizers.Split(Regex(SPLIT), "isolated")
    lines_apart = pre_tokenizers.Split(Regex(r"[\r\n]+"), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([lines_apart, split, byte_level])
    trainer = trainers.BpeTrainer(
        vocab_size=Sizes().vocabulary - len(MARKERS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
        special_tokens=[],
    )
    tokenizer.train_from_iterator(training_text(), trainer)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in MARKERS[:3]])
    tokenizer.add_tokens([AddedToken(text, normalized=False, special=False) for text in MARKERS[3:]])
    return tokenizer


def write(folder: Path) -> None:
    """Write tokenizer.json, tokenizer_config.json and chat_template.jinja."""
    tokenizer = train()
    if tokenizer.get_vocab_size() != Sizes().vocabulary:
        raise SystemExit(f"vocabulary has {tokenizer.get_vocab_size()} tokens, not {Sizes().vocabulary}")
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    added = {
        str(tokenizer.token_to_id(text)): {
            "content": text, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False,
            "special": text in MARKERS[:3],
        }
        for text in MARKERS
    }  # fmt: skip
    settings = {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": added,
        "bos_token": None,
        "chat_template": TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "eos_token": END,
        "model_max_length": Sizes().context,
        "pad_token": END_OF_TEXT,
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": None,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")


def load(folder: Path = TOKENIZER_FOLDER) -> Tokenizer:
    """Return the tokenizer of a folder, made first where it is missing."""
    if not (folder / "tokenizer.json").exists():
        write(folder)
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else TOKENIZER_FOLDER)
