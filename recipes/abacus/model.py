"""The network in plain torch: a small llama with tied embeddings, and a simple batched generator to judge it.

In: forward pass, loss, naming for checkpoints in the manner of Hugging Face. Not in: data, optimizer, export.
Invariant: `state_for_export` has the names and the rotary layout of LlamaForCausalLM.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from recipes.abacus.config import Sizes

Cache = list[tuple[Tensor, Tensor]]
LONGEST_PLAIN = 640


class Block(nn.Module):
    """Attention and feed-forward, each behind a norm."""

    def __init__(self, sizes: Sizes) -> None:
        """Make the weights."""
        super().__init__()
        self.sizes = sizes
        width = sizes.heads * sizes.head_size
        self.attention_norm = nn.RMSNorm(sizes.hidden, eps=sizes.norm_epsilon)
        self.qkv = nn.Linear(sizes.hidden, 3 * width, bias=False)
        self.out = nn.Linear(width, sizes.hidden, bias=False)
        self.inner_norm = nn.RMSNorm(sizes.hidden, eps=sizes.norm_epsilon)
        self.gate_up = nn.Linear(sizes.hidden, 2 * sizes.inner, bias=False)
        self.down = nn.Linear(sizes.inner, sizes.hidden, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Return the block's output for whole sequences."""
        rows, length, _ = x.shape
        q, k, v = self.heads(x, cos, sin)
        x = x + self.out(attend(q, k, v).transpose(1, 2).reshape(rows, length, -1))
        return x + self.feed(x)

    def heads(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return rotated queries, rotated keys, and values: rows, heads, positions, head size."""
        rows, length, _ = x.shape
        qkv = self.qkv(self.attention_norm(x)).view(rows, length, 3, self.sizes.heads, self.sizes.head_size)
        q, k, v = (part.transpose(1, 2) for part in qkv.unbind(2))
        return rotate(q, cos, sin), rotate(k, cos, sin), v

    def feed(self, x: Tensor) -> Tensor:
        """Return the gated feed-forward."""
        gate, up = self.gate_up(self.inner_norm(x)).chunk(2, dim=-1)
        return self.down(F.silu(gate) * up)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the halves of each head by its position."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1).to(x.dtype)


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Return causal attention: fused on a GPU; on a CPU plain products while short, else the fused kernel in float32.

    On a CPU the fused kernel's backward pass in bfloat16 cost two to four times the plain products at 80 to 150 places;
    compiled, the plain products gave 1.23 times the tokens a second at 256 places and 1.41 times at 448.
    """
    if q.is_cuda:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    length = q.shape[2]
    if length > LONGEST_PLAIN or not torch.is_grad_enabled():
        with torch.autocast("cpu", enabled=False):
            return F.scaled_dot_product_attention(q.float(), k.float(), v.float(), is_causal=True)
    bias = torch.full((length, length), float("-inf"), dtype=q.dtype).triu(1)
    scores = torch.baddbmm(bias, q.flatten(0, 1) * q.shape[3] ** -0.5, k.flatten(0, 1).mT)
    return torch.bmm(scores.softmax(-1).to(v.dtype), v.flatten(0, 1)).view(v.shape)


class Abacus(nn.Module):
    """Token ids in, logits out."""

    cos: Tensor
    sin: Tensor

    def __init__(self, sizes: Sizes | None = None) -> None:
        """Make the weights, residual outputs at zero."""
        super().__init__()
        self.sizes = sizes = sizes or Sizes()
        self.embedding = nn.Embedding(sizes.vocabulary, sizes.hidden)
        self.blocks = nn.ModuleList(Block(sizes) for _ in range(sizes.layers))
        self.norm = nn.RMSNorm(sizes.hidden, eps=sizes.norm_epsilon)
        rates = sizes.rope_theta ** (-torch.arange(0, sizes.head_size, 2).float() / sizes.head_size)
        angles = torch.outer(torch.arange(sizes.context).float(), rates)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=0.02 if "embedding" in name else sizes.hidden**-0.5)
            if name.endswith(("out.weight", "down.weight")):
                nn.init.zeros_(weight)

    def hidden(self, ids: Tensor) -> Tensor:
        """Return the final normed hidden states."""
        x = self.embedding(ids)
        length = ids.shape[1]
        for block in self.blocks:
            x = block(x, self.cos[:length], self.sin[:length])
        return self.norm(x)

    def loss(self, ids: Tensor, weights: Tensor) -> Tensor:
        """Return the weighted mean loss of the targets. Shapes follow from those of `ids` alone, so it compiles."""
        targets, weights = ids[:, 1:].reshape(-1), weights[:, 1:].reshape(-1)
        logits = F.linear(self.hidden(ids[:, :-1]).reshape(-1, self.sizes.hidden), self.embedding.weight)
        losses = F.cross_entropy(logits.float(), targets, reduction="none")
        return (losses * weights).sum() / weights.sum()

    @torch.no_grad()
    def generate(
        self, prompts: list[list[int]], end: int, most: int = 320, temperature: float = 0.0, seed: int = 0
    ) -> list[list[int]]:
        """Return a continuation of each prompt up to its end token, all rows in one batch with a cache."""
        rows, longest = len(prompts), max(map(len, prompts))
        device = self.embedding.weight.device
        capacity = min(longest + most, self.sizes.context)
        ids = torch.zeros(rows, longest, dtype=torch.long)
        for row, prompt in enumerate(prompts):
            ids[row, : len(prompt)] = torch.tensor(prompt)
        place = torch.tensor([len(prompt) for prompt in prompts], device=device)
        cache: Cache = []
        x = self.embedding(ids.to(device))
        for block in self.blocks:
            q, k, v = block.heads(x, self.cos[:longest], self.sin[:longest])
            space = torch.zeros(rows, self.sizes.heads, capacity - longest, self.sizes.head_size, device=device)
            cache.append((torch.cat((k, space), 2), torch.cat((v, space), 2)))
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + block.out(mixed.transpose(1, 2).reshape(rows, longest, -1))
            x = x + block.feed(x)
        state = self.norm(x)[torch.arange(rows, device=device), place - 1]
        generator = torch.Generator(device).manual_seed(seed)
        done = torch.zeros(rows, dtype=torch.bool, device=device)
        out: list[Tensor] = []
        while len(out) < min(most, capacity - longest):
            token = _sample(F.linear(state, self.embedding.weight), temperature, generator)
            token[done] = end
            out.append(token)
            done |= token == end
            if bool(done.all()):
                break
            state = self._step(token, place, cache)
            place = place + 1
        columns = torch.stack(out, 1).tolist()
        return [row[: row.index(end) + 1] if end in row else row for row in columns]

    def _step(self, token: Tensor, place: Tensor, cache: Cache) -> Tensor:
        """Feed one token a row at its own place and return the final hidden states."""
        rows = torch.arange(len(token), device=token.device)
        x = self.embedding(token)[:, None]
        cos, sin = self.cos[place][:, None, None], self.sin[place][:, None, None]
        mask = (torch.arange(cache[0][0].shape[2], device=token.device)[None] <= place[:, None])[:, None, None]
        for block, (keys, values) in zip(self.blocks, cache, strict=True):
            q, k, v = block.heads(x, cos, sin)
            keys[rows, :, place] = k[:, :, 0]
            values[rows, :, place] = v[:, :, 0]
            mixed = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
            x = x + block.out(mixed.transpose(1, 2).reshape(len(token), 1, -1))
            x = x + block.feed(x)
        return self.norm(x)[:, 0]

    def state_for_export(self) -> dict[str, Tensor]:
        """Return the weights under the names of LlamaForCausalLM."""
        state = {"model.embed_tokens.weight": self.embedding.weight, "model.norm.weight": self.norm.weight}
        for number, block in enumerate(self.blocks):
            base = f"model.layers.{number}."
            q, k, v = block.qkv.weight.chunk(3)
            gate, up = block.gate_up.weight.chunk(2)
            for name, weight in (
                ("self_attn.q_proj", q), ("self_attn.k_proj", k), ("self_attn.v_proj", v),
                ("self_attn.o_proj", block.out.weight), ("mlp.gate_proj", gate), ("mlp.up_proj", up),
                ("mlp.down_proj", block.down.weight), ("input_layernorm", block.attention_norm.weight),
                ("post_attention_layernorm", block.inner_norm.weight),
            ):  # fmt: skip
                state[f"{base}{name}.weight"] = weight
        return {name: weight.detach().float().contiguous().clone() for name, weight in state.items()}

    def load_exported(self, state: dict[str, Tensor]) -> None:
        """Take weights under the names of LlamaForCausalLM."""
        with torch.no_grad():
            self.embedding.weight.copy_(state["model.embed_tokens.weight"])
            self.norm.weight.copy_(state["model.norm.weight"])
            for number, block in enumerate(self.blocks):
                base = f"model.layers.{number}."
                attention = [state[f"{base}self_attn.{part}_proj.weight"] for part in "qkv"]
                block.qkv.weight.copy_(torch.cat(attention))
                block.out.weight.copy_(state[base + "self_attn.o_proj.weight"])
                block.gate_up.weight.copy_(
                    torch.cat([state[base + "mlp.gate_proj.weight"], state[base + "mlp.up_proj.weight"]])
                )
                block.down.weight.copy_(state[base + "mlp.down_proj.weight"])
                block.attention_norm.weight.copy_(state[base + "input_layernorm.weight"])
                block.inner_norm.weight.copy_(state[base + "post_attention_layernorm.weight"])


def _sample(logits: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    """Return the largest, or a draw at a temperature."""
    if temperature == 0:
        return logits.argmax(-1)
    return torch.multinomial((logits.float() / temperature).softmax(-1), 1, generator=generator).squeeze(1)
