"""Gradients of the batches of a step: on cores of a CPU, one thread a batch, or on a GPU, one batch after the other.

In: the two ways, each with `fill`. Not in: the network and its loss (model.py), what is done with gradients
(optimizer.py).
Invariant: after `fill` every weight holds the mean gradient of the batches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import torch
from torch import Tensor

from recipes.abacus import config
from recipes.abacus.data import Batch
from recipes.abacus.model import Abacus


class Gradients(Protocol):
    """One way to get them."""

    batching: config.Batching

    def fill(self, group: Sequence[Batch]) -> Tensor:
        """Put the mean gradient of the batches into the weights and return the mean loss."""

    def map(self, work: Callable[..., Any], *values: Any) -> Any:
        """Do independent work as this device does it best."""


class OnCores:
    """One thread with one core a batch.

    Two cores that share every operation wait for each other at every operation, and ten times as long when a neighbour
    is busy on one of them; two threads with a batch each meet once a step.
    """

    batching = config.ON_CPU

    def __init__(self, model: Abacus, threads: int, compiles: bool) -> None:
        """Start the threads."""
        self.weights = list(model.parameters())
        self.loss = torch.compile(model.loss, dynamic=False) if compiles else model.loss
        self.seen: set[tuple[int, ...]] = set()
        self.pool = ThreadPoolExecutor(threads, initializer=_one_core)
        self.map = self.pool.map

    def fill(self, group: Sequence[Batch]) -> Tensor:
        """Put the mean gradient of the batches into the weights and return the mean loss."""
        for batch in group:
            if batch[0].shape not in self.seen:  # one thread compiles, before others run the same shape
                self.seen.add(batch[0].shape)
                self.pool.submit(self._one, batch).result()
        results = list(self.pool.map(self._one, group))
        for weight, parts in zip(self.weights, zip(*(gradients for _, gradients in results), strict=True), strict=True):
            weight.grad = sum(parts[1:], start=parts[0]) / len(group)
        return torch.stack([loss for loss, _ in results]).mean()

    def _one(self, batch: Batch) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the loss and the gradients of one batch."""
        with torch.autocast("cpu", torch.bfloat16):
            loss = self.loss(torch.from_numpy(batch[0]), torch.from_numpy(batch[1]))
        return loss.detach(), torch.autograd.grad(loss, self.weights)


def _one_core() -> None:
    """Settle a thread: it computes on one core and may compile every shape of batch."""
    torch.set_num_threads(1)
    torch._dynamo.config.recompile_limit = 2 * len(config.WIDTHS)


class OnGpu:
    """Both passes of each shape are recorded once as a CUDA graph and replayed.

    A network this small is a thousand kernels of some microseconds a pass; launched one by one from Python the device
    would wait for most of the time.
    """

    batching = config.ON_GPU

    def __init__(self, model: Abacus, records: bool = True) -> None:
        """Give every weight a gradient that stays where it is. records: False launches kernels one by one."""
        self.model, self.records = model, records
        self.weights = list(model.parameters())
        for weight in self.weights:
            weight.grad = torch.zeros_like(weight)
        self.gradients = [weight.grad for weight in self.weights if weight.grad is not None]
        self.graphs: dict[tuple[int, ...], tuple[torch.cuda.CUDAGraph, Tensor, Tensor, Tensor]] = {}
        self.map = map

    def fill(self, group: Sequence[Batch]) -> Tensor:
        """Put the mean gradient of the batches into the weights and return the mean loss."""
        for batch in group:
            if self.records and batch[0].shape not in self.graphs:
                self.graphs[batch[0].shape] = self._recorded(batch)
        torch._foreach_zero_(self.gradients)
        loss = torch.stack([self._one(batch) for batch in group]).mean()
        torch._foreach_div_(self.gradients, float(len(group)))
        return loss

    def _one(self, batch: Batch) -> Tensor:
        """Add the gradients of one batch to the weights' and return its loss."""
        if not self.records:
            return self._added(*(torch.from_numpy(part).cuda() for part in batch[:2]))
        graph, ids, weights, loss = self.graphs[batch[0].shape]
        ids.copy_(torch.from_numpy(batch[0]))
        weights.copy_(torch.from_numpy(batch[1]))
        graph.replay()
        return loss.clone()

    def _added(self, ids: Tensor, weights: Tensor) -> Tensor:
        with torch.autocast("cuda", torch.bfloat16):
            loss = self.model.loss(ids, weights)
        torch._foreach_add_(self.gradients, list(torch.autograd.grad(loss, self.weights)))
        return loss.detach()

    def _recorded(self, batch: Batch) -> tuple[torch.cuda.CUDAGraph, Tensor, Tensor, Tensor]:
        """Return the graph of a shape, its inputs and its loss; gradients are spoilt on the way."""
        ids, weights = (torch.from_numpy(part).cuda() for part in batch[:2])
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(2):
                self._added(ids, weights)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            loss = self._added(ids, weights)
        return graph, ids, weights, loss
