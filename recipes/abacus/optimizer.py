"""Muon for the matrices inside the network, Adam for everything else.

In: one optimizer with both rules. Not in: the rates over time (train.py).
Muon: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/ - the momentum of a matrix is made nearly
orthogonal by five Newton-Schulz steps. Here equal shapes are stacked and done at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

Run = Callable[..., Any]  # like `map`


class Muon:
    """Muon for stacks of equally shaped matrices."""

    def __init__(self, matrices: list[nn.Parameter], momentum: float, decay: float) -> None:
        """Group the matrices by shape."""
        groups: dict[torch.Size, list[nn.Parameter]] = defaultdict(list)
        for matrix in matrices:
            groups[matrix.shape].append(matrix)
        self.groups = list(groups.values())
        self.momenta = [torch.zeros(len(group), *group[0].shape, device=group[0].device) for group in self.groups]
        self.momentum, self.decay = momentum, decay

    def step(self, rate: float, run: Run = map) -> None:
        """Take one step, shape by shape through `run`."""
        list(run(lambda pair: self._update(*pair, rate), zip(self.groups, self.momenta, strict=True)))

    @torch.no_grad()
    def _update(self, group: list[nn.Parameter], momenta: Tensor, rate: float) -> None:
        """Move the matrices of one shape."""
        gradients = torch.stack([matrix.grad for matrix in group if matrix.grad is not None])
        momenta.lerp_(gradients, 1 - self.momentum)
        updates = orthogonal(gradients.lerp(momenta, self.momentum))
        scale = max(1.0, updates.shape[1] / updates.shape[2]) ** 0.5
        torch._foreach_mul_(group, 1 - rate * self.decay)
        torch._foreach_add_(group, list(updates.unbind()), alpha=-rate * scale)

    def state(self) -> list[Tensor]:
        """Return what a resumed run needs."""
        return self.momenta

    def load(self, momenta: list[Tensor]) -> None:
        """Take what `state` returned."""
        for mine, saved in zip(self.momenta, momenta, strict=True):
            mine.copy_(saved)


def orthogonal(matrices: Tensor) -> Tensor:
    """Return the nearly orthogonal factor of each matrix."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrices.bfloat16()
    is_tall = x.shape[1] > x.shape[2]
    x = x.mT if is_tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if is_tall else x).float()


class Optimizer:
    """Both rules behind one step."""

    def __init__(self, model: nn.Module, momentum: float, decay: float) -> None:
        """Give matrices inside the blocks to Muon, the rest to Adam."""
        named = list(model.named_parameters())
        inside = [weight for name, weight in named if weight.dim() == 2 and "embedding" not in name]
        outside = [weight for name, weight in named if not (weight.dim() == 2 and "embedding" not in name)]
        self.muon = Muon(inside, momentum, decay)
        self.adam = torch.optim.AdamW(outside, betas=(0.9, 0.98), eps=1e-8, weight_decay=0.0)

    def step(self, muon_rate: float, adam_rate: float, run: Run = map) -> None:
        """Take one step at these rates; `run` may spread the shapes over threads."""
        self.muon.step(muon_rate, run)
        for group in self.adam.param_groups:
            group["lr"] = adam_rate
        self.adam.step()

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs."""
        return {"muon": self.muon.state(), "adam": self.adam.state_dict()}

    def load(self, state: dict[str, Any]) -> None:
        """Take what `state` returned."""
        self.muon.load(state["muon"])
        self.adam.load_state_dict(state["adam"])
