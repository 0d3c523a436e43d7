"""The laws of the engine seam, as functions that try them on an engine.

`check_engine` is how a backend shows that it is one: `tests/contract` runs it on every engine here, and whoever writes
another one runs it on theirs. Not here: anything that needs to know what is inside an engine.
Invariant: a law uses the seam only (and `held_bytes`, where an engine has it), and leaves no handle open.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgereason.errors import Aborted, ClosedError, ContextLengthError, EdgeReasonError, RecordError
from edgereason.protocols import Batch, Engine, Prefix, Proposals
from edgereason.types import GREEDY, RowId, Sampling

Tokens = tuple[int, ...]
_SPREAD = Sampling(temperature=4.0, seed=7)  # hot, so that draws really differ where they may
_LONGEST_TRIED = 4096  # filling a longer context takes too long for a check


def check_engine(engine: Engine, *, tolerance: float = 1e-4) -> None:
    """Try every law on the engine; AssertionError names the first that does not hold.

    tolerance   largest difference between two log-probabilities that count as the same; hidden states may differ by as
                much relative to their largest element. Tokens must agree wherever the gap between the top two is wider.
    """
    for law in LAWS:
        try:
            with ExitStack() as stack:
                law(Trial(engine, tolerance, stack))
        except Exception as error:
            raise AssertionError(f"{law.__name__.replace('_', ' ')}: {error!r}") from error


@dataclass(frozen=True)
class Trial:
    """One law being tried: the engine, and handles that close when it is over."""

    engine: Engine
    tolerance: float
    stack: ExitStack

    def tokens(self, count: int, seed: int = 0) -> Tokens:
        """Some ids of the vocabulary."""
        draw = np.random.default_rng(seed)
        return tuple(int(token) for token in draw.integers(1, self.engine.info.vocab_size, count))

    def prefix(self, tokens: Sequence[int]) -> Prefix:
        """A prefix that closes with the trial."""
        return self.stack.enter_context(closing(self.engine.prefill(tokens)))

    def batch(self) -> Batch:
        """A batch that closes with the trial."""
        return self.stack.enter_context(closing(self.engine.batch()))

    def row(self, tokens: Sequence[int], sampling: Sampling = GREEDY, seed: int = 0) -> tuple[Batch, RowId]:
        """A batch of one row with this context, prefilled in one go."""
        batch = self.batch()
        return batch, batch.admit(self.prefix(tokens), sampling, [seed])[0]

    def same_as_single(self, batch: Batch, row: RowId, context: Sequence[int]) -> None:
        """The row says and holds what a single row with this context does."""
        require(batch.length(row) == len(context), f"row {row} has length {batch.length(row)}, not {len(context)}")
        single, alone = self.row(context)
        self.same_views(view(batch, row), view(single, alone))

    def same_views(self, one: View, other: View) -> None:
        """Equal within the tolerance, and equal tokens wherever the top two differ by more."""
        apart = np.abs(one.logprobs - other.logprobs).max()
        require(apart <= self.tolerance, f"log-probabilities differ by {apart:.2g}, more than {self.tolerance:.2g}")
        gap = one.logprobs[0] - one.logprobs[1] if len(one.logprobs) > 1 else np.inf
        require(gap <= 2 * self.tolerance or one.top == other.top, f"top tokens differ: {one.top} and {other.top}")
        self.same_hidden(one.hidden, other.hidden)

    def same_hidden(self, one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> None:
        """Equal within the tolerance, relative to the largest element."""
        apart = float(np.abs(one - other).max() / max(1.0, np.abs(one).max()))
        require(apart <= self.tolerance, f"hidden states differ by {apart:.2g}, more than {self.tolerance:.2g}")

    def few_differ(self, one: Sequence[int], other: Sequence[int]) -> None:
        """Drawn tokens agree, but for the few draws that the tolerance lets fall on the other side of a boundary."""
        different = sum(a != b for a, b in zip(one, other, strict=True))
        allowed = int(min(10 * self.tolerance, 0.34) * len(one))
        require(different <= allowed, f"{different} of {len(one)} drawn tokens differ: {one} and {other}")


@dataclass(frozen=True)
class View:
    """What a row says next, and its hidden state."""

    top: int
    logprobs: npt.NDArray[np.float64]  # of its candidates, falling
    hidden: npt.NDArray[np.float32]


def require(condition: object, message: str) -> None:
    """AssertionError with the message where the condition does not hold; also with assertions switched off."""
    if not condition:
        raise AssertionError(message)


def refuses(kind: type[EdgeReasonError], call: Callable[[], object], what: str) -> None:
    """The call raises an error of this kind and no other."""
    try:
        call()
    except kind:
        return
    except Exception as error:
        raise AssertionError(f"{what} raised {error!r}, not {kind.__name__}") from error
    raise AssertionError(f"{what} was accepted, {kind.__name__} was due")


def view(batch: Batch, row: RowId) -> View:
    """The row as it is now."""
    proposals = batch.propose()
    place = proposals.rows.index(row)
    logprobs = proposals.candidate_logprobs[place].astype(np.float64)
    return View(int(proposals.candidates[place, 0]), logprobs, batch.hidden(row))


def frozen(batch: Batch, row: RowId) -> tuple[Any, ...]:
    """Everything a row shows, exactly."""
    p = batch.propose()
    at = p.rows.index(row)
    shown = (
        p.tokens[at],
        p.logprobs[at],
        p.entropies[at],
        p.candidates[at].tobytes(),
        p.candidate_logprobs[at].tobytes(),
    )
    return (*shown, batch.length(row), batch.hidden(row).tobytes())


def decode(batch: Batch, rows: Sequence[RowId], steps: int) -> dict[RowId, list[int]]:
    """What these rows say in so many steps, other live rows going on as well."""
    said: dict[RowId, list[int]] = {row: [] for row in rows}
    for _ in range(steps):
        drawn = drawn_tokens(batch.propose())
        for row in rows:
            said[row].append(drawn[row])
        batch.commit({row: [token] for row, token in drawn.items()})
    return said


def told(batch: Batch, row: RowId, tokens: Sequence[int]) -> list[int]:
    """What a row draws at each step when it is told these tokens whatever it draws; other live rows go on freely.

    So a draw that falls on the other side of a boundary is one difference, and not the beginning of another text.
    """
    said = []
    for token in tokens:
        drawn = drawn_tokens(batch.propose())
        said.append(drawn[row])
        batch.commit({**{each: [own] for each, own in drawn.items()}, row: [token]})
    return said


def drawn_tokens(proposals: Proposals) -> dict[RowId, int]:
    """The drawn token of each row."""
    return dict(zip(proposals.rows, proposals.tokens, strict=True))


# ---------------------------------------------------------------- the laws


def proposals_are_well_formed(trial: Trial) -> None:
    """Columns align with the rows; numbers are log-probabilities and entropies of one distribution."""
    batch, prefix = trial.batch(), trial.prefix(trial.tokens(5))
    rows = (*batch.admit(prefix, _SPREAD, [1, 2]), *batch.admit(prefix, GREEDY, [3]))
    proposals = batch.propose()
    require(sorted(proposals.rows) == sorted(rows) == sorted(batch.rows), "rows of the proposals are not the live rows")
    shapes = {len(proposals.tokens), len(proposals.logprobs), len(proposals.entropies), len(proposals.candidates)}
    require(shapes == {3}, f"columns of {sorted(shapes)} entries for 3 rows")
    vocab_size = trial.engine.info.vocab_size
    require(all(0 <= token < vocab_size for token in proposals.tokens), f"tokens {proposals.tokens} out of vocabulary")
    require(all(value <= 0 for value in proposals.logprobs), "a log-probability is above 0")
    require(all(0 <= value <= np.log(vocab_size) + 1e-6 for value in proposals.entropies), "an entropy is out of range")
    logprobs = proposals.candidate_logprobs
    require((np.diff(logprobs, axis=1) <= 0).all(), "candidates do not fall")
    require((np.exp(logprobs).sum(axis=1) <= 1 + 1e-4).all(), "candidates are more likely than 1 together")
    for place, token in enumerate(proposals.tokens):
        for rank in np.flatnonzero(proposals.candidates[place] == token):
            require(abs(logprobs[place, rank] - proposals.logprobs[place]) <= 1e-5, "a token has two log-probabilities")


def proposing_twice_is_the_same(trial: Trial) -> None:
    """A proposal changes nothing."""
    batch = trial.batch()
    rows = batch.admit(trial.prefix(trial.tokens(6)), _SPREAD, range(4))
    once = [frozen(batch, row) for row in rows]
    require(once == [frozen(batch, row) for row in rows], "the second proposal differs")


def a_batch_of_n_equals_n_singles(trial: Trial) -> None:
    """Rows with different prompts, decoded together, are what each is alone."""
    contexts = [trial.tokens(length, seed=length) for length in (3, 11, 7, 1)]
    batch = trial.batch()
    rows = [batch.admit(trial.prefix(context), GREEDY, [0])[0] for context in contexts]
    for step in range(4):
        for row, context in zip(rows, contexts, strict=True):
            trial.same_as_single(batch, row, context)
        new = trial.tokens(len(rows), seed=100 + step)
        batch.commit({row: [token] for row, token in zip(rows, new, strict=True)})
        contexts = [(*context, token) for context, token in zip(contexts, new, strict=True)]


def ragged_commits_equal_singles(trial: Trial) -> None:
    """Rows that take different numbers of tokens at once are what each is alone; the unnamed stay, bit for bit."""
    contexts = {}
    batch = trial.batch()
    for length in (4, 9, 2, 6, 5):
        context = trial.tokens(length, seed=length)
        contexts[batch.admit(trial.prefix(context), _SPREAD, [length])[0]] = context
    for counts in ((1, 3, 0, 2, 0), (0, 0, 12, 0, 0), (2, 0, 2, 0, 1), (1, 1, 1, 1, 1), (5, 1, 0, 1, 9)):
        new = {row: trial.tokens(count, seed=31 * row + count) for row, count in zip(contexts, counts, strict=True)}
        before = {row: frozen(batch, row) for row in contexts if not new[row]}
        passes = batch.commit({row: tokens for row, tokens in new.items() if tokens})
        require(passes.count >= 1 and passes.rows >= 1, f"{passes} for a commit")
        contexts = {row: context + new[row] for row, context in contexts.items()}
        require(before == {row: frozen(batch, row) for row in before}, "a row that was not named has changed")
        for row, context in contexts.items():
            trial.same_as_single(batch, row, context)


def an_empty_commit_costs_nothing(trial: Trial) -> None:
    """Committing no token runs no pass and changes nothing."""
    batch, row = trial.row(trial.tokens(4), _SPREAD)
    before = frozen(batch, row)
    require(batch.commit({}).count == 0 and batch.commit({row: []}).count == 0, "a pass was run for nothing")
    require(before == frozen(batch, row), "the row has changed")
    empty = trial.batch()
    require(
        empty.rows == () and empty.propose().tokens == [] and empty.commit({}).count == 0, "an empty batch holds rows"
    )


def branch_then_commit(trial: Trial) -> None:
    """A branch continues its parent, and neither disturbs the other afterwards."""
    context = trial.tokens(6)
    batch, parent = trial.row(context)
    batch.commit({parent: trial.tokens(2, seed=1)})
    context += trial.tokens(2, seed=1)
    child = batch.branch(parent, GREEDY, 3)
    trial.same_as_single(batch, child, context)
    left, right = trial.tokens(3, seed=2), trial.tokens(1, seed=3)
    batch.commit({parent: left, child: right})
    trial.same_as_single(batch, parent, context + left)
    trial.same_as_single(batch, child, context + right)
    batch.commit({child: trial.tokens(2, seed=4)})
    trial.same_as_single(batch, parent, context + left)
    trial.same_as_single(batch, child, context + right + trial.tokens(2, seed=4))


def chunked_equals_whole(trial: Trial) -> None:
    """A prompt run in several parts, or partly committed, is the prompt run at once."""
    info = trial.engine.info
    longest = (
        info.prefill_chunk + 5 if info.prefill_chunk + 5 < min(info.context, _LONGEST_TRIED) else info.context // 2
    )
    for length, cuts in ((12, (1, 5, 11)), (longest, (longest // 2,))):
        context = trial.tokens(length, seed=length)
        for cut in cuts:
            base = trial.prefix(context[:cut])
            rest = trial.stack.enter_context(closing(trial.engine.prefill(context, base=base)))
            require(rest.tokens == context, "a prefix with a base does not hold its whole prompt")
            batch = trial.batch()
            trial.same_as_single(batch, batch.admit(rest, GREEDY, [0])[0], context)
            grown = batch.admit(base, GREEDY, [0])[0]
            batch.commit({grown: context[cut:]})
            trial.same_as_single(batch, grown, context)


def two_live_prefixes_do_not_disturb_each_other(trial: Trial) -> None:
    """Handles that live at the same time keep what they hold."""
    one, other = trial.tokens(8, seed=1), trial.tokens(5, seed=2)
    first, hidden = trial.prefix(one), trial.prefix(one).hidden
    second = trial.prefix(other)
    trial.same_hidden(first.hidden, hidden)
    batch, apart = trial.batch(), trial.batch()
    a, b = batch.admit(first, GREEDY, [0])[0], apart.admit(second, GREEDY, [0])[0]
    batch.commit({a: trial.tokens(2, seed=3)})
    trial.same_as_single(apart, b, other)
    c = batch.admit(second, GREEDY, [0])[0]
    apart.commit({b: trial.tokens(1, seed=4)})
    trial.same_as_single(batch, a, one + trial.tokens(2, seed=3))
    trial.same_as_single(batch, c, other)
    trial.same_as_single(batch, batch.admit(first, GREEDY, [1])[0], one)


def keep_leaves_survivors_alone(trial: Trial) -> None:
    """Dropping rows changes nothing about the others, now or later; the dropped are gone and their ids stay unused."""
    contexts = {}
    batch = trial.batch()
    for length in (3, 8, 5, 6, 4):
        context = trial.tokens(length, seed=length)
        contexts[batch.admit(trial.prefix(context), _SPREAD, [length])[0]] = context
    rows = list(contexts)
    for kept in (rows[1:], [rows[4], rows[2]], [rows[4]]):
        before = {row: frozen(batch, row) for row in kept}
        batch.keep(kept)
        require(sorted(batch.rows) == sorted(kept), f"rows {batch.rows} live after keeping {kept}")
        require(before == {row: frozen(batch, row) for row in kept}, "a survivor has changed")
        for row in kept:
            contexts[row] += trial.tokens(1, seed=row)
        batch.commit({row: contexts[row][-1:] for row in kept})
        for row in kept:
            trial.same_as_single(batch, row, contexts[row])
    refuses(EdgeReasonError, lambda: batch.length(rows[0]), "asking for a dropped row")
    refuses(EdgeReasonError, lambda: batch.commit({rows[0]: [1]}), "committing to a dropped row")
    trial.same_as_single(batch, rows[4], contexts[rows[4]])
    batch.keep([])
    require(batch.rows == () and batch.propose().tokens == [], "rows live after keeping none")
    again = batch.admit(trial.prefix(trial.tokens(2)), GREEDY, [0])[0]
    require(again not in rows, f"row id {again} was used twice")
    trial.same_as_single(batch, again, trial.tokens(2))


def nobody_changes_another_rows_tokens(trial: Trial) -> None:
    """What a row draws depends on its seeds and context only: not on who else is there, comes, leaves or branches."""
    prefix, steps = trial.prefix(trial.tokens(5)), 12
    alone = trial.batch()
    row = alone.admit(prefix, _SPREAD, [42])[0]
    expected = decode(alone, [row], steps)[row]
    crowd = trial.batch()
    others = crowd.admit(trial.prefix(trial.tokens(9, seed=1)), _SPREAD, [1, 2])
    row = crowd.admit(prefix, _SPREAD, [42])[0]
    said = told(crowd, row, expected[:3])
    crowd.branch(row, _SPREAD, 8)
    said += told(crowd, row, expected[3:6])
    crowd.keep([other for other in crowd.rows if other != others[0]])
    said += told(crowd, row, expected[6:9])
    crowd.admit(prefix, replace(_SPREAD, temperature=0.5), [3])
    said += told(crowd, row, expected[9:])
    trial.few_differ(said, expected)


def seeds_decide_the_draw(trial: Trial) -> None:
    """Equal seeds draw equal tokens; another seed or another row seed draws others (the temperature is high)."""
    prefix = trial.prefix(trial.tokens(5))
    batch = trial.batch()
    hot = replace(_SPREAD, temperature=1e4)
    twins = batch.admit(prefix, hot, [5, 5])
    others = (*batch.admit(prefix, hot, [6]), *batch.admit(prefix, replace(hot, seed=8), [5]))
    said = decode(batch, [*twins, *others], 8)
    require(said[twins[0]] == said[twins[1]], "twins with one seed differ")
    require(all(said[other] != said[twins[0]] for other in others), "another seed draws the same")


def greedy_needs_no_seed(trial: Trial) -> None:
    """At temperature 0 the top candidate comes, whatever the seeds."""
    batch = trial.batch()
    prefix = trial.prefix(trial.tokens(7))
    batch.admit(prefix, GREEDY, [1, 2])
    batch.admit(prefix, replace(GREEDY, seed=99), [1])
    proposals = batch.propose()
    require(len(set(proposals.tokens)) == 1, f"greedy rows drew {proposals.tokens}")
    require(proposals.tokens == proposals.candidates[:, 0].tolist(), "a greedy row did not draw its top candidate")


def hidden_states_are_the_rows_own(trial: Trial) -> None:
    """Of declared size, float32, a copy, and independent of the batch."""
    context = trial.tokens(6)
    prefix = trial.prefix(context)
    kept = prefix.hidden.copy()
    require(prefix.hidden.shape == (trial.engine.info.hidden_size,), f"hidden state of shape {prefix.hidden.shape}")
    require(prefix.hidden.dtype == np.float32, f"hidden state of type {prefix.hidden.dtype}")
    require(not np.shares_memory(prefix.hidden, prefix.hidden), "a prefix gives out its hidden state, not a copy")
    require(np.isfinite(kept).all() and np.abs(kept).max() > 0, "hidden state is not finite, or nothing but zeros")
    batch = trial.batch()
    batch.admit(trial.prefix(trial.tokens(9, seed=1)), GREEDY, [0])
    row = batch.admit(prefix, GREEDY, [0])[0]
    trial.same_hidden(batch.hidden(row), kept)
    batch.hidden(row)[:] = 0
    trial.same_hidden(batch.hidden(row), kept)
    batch.commit({row: [1]})
    require((prefix.hidden == kept).all(), "a prefix's hidden state has changed")
    longer = trial.prefix((*context, 1))
    trial.same_hidden(batch.hidden(row), longer.hidden)
    require(np.abs(longer.hidden - kept).max() > 0, "hidden states of different contexts are equal")


def a_saved_prefix_is_the_prefix(trial: Trial) -> None:
    """Saving and loading gives the same prompt state; a damaged file is refused."""
    context = trial.tokens(7)
    prefix = trial.prefix(context)
    folder = Path(trial.stack.enter_context(tempfile.TemporaryDirectory()))
    prefix.save(folder / "saved")
    loaded = trial.stack.enter_context(closing(trial.engine.load_prefix(folder / "saved")))
    require(loaded.tokens == context and (loaded.hidden == prefix.hidden).all(), "tokens or hidden state differ")
    batch = trial.batch()
    rows = [batch.admit(p, _SPREAD, [4])[0] for p in (prefix, loaded)]
    require(frozen(batch, rows[0]) == frozen(batch, rows[1]), "the loaded prefix says something else")
    batch.commit({row: trial.tokens(3, seed=1) for row in rows})
    trial.same_as_single(batch, rows[1], context + trial.tokens(3, seed=1))
    whole = (folder / "saved").read_bytes()
    for name, content in (("cut", whole[: len(whole) // 2]), ("empty", b""), ("other", b"no prefix")):
        (folder / name).write_bytes(content)
        refuses(RecordError, lambda name=name: trial.engine.load_prefix(folder / name), f"loading a file ({name})")  # type: ignore[misc]
    refuses(RecordError, lambda: trial.engine.load_prefix(folder / "none"), "loading a file that is not there")


def an_abort_closes_only_its_handle(trial: Trial) -> None:
    """A stopped prefill or commit raises Aborted; that batch is closed, everything else goes on."""
    context = trial.tokens(6)
    prefix = trial.prefix(context)
    batch, other = trial.batch(), trial.batch()
    row, spared = batch.admit(prefix, GREEDY, [0])[0], other.admit(prefix, GREEDY, [0])[0]
    refuses(Aborted, lambda: trial.engine.prefill(trial.tokens(9), lambda: True), "an aborted prefill")
    refuses(Aborted, lambda: trial.engine.prefill((*context, 1), lambda: True, base=prefix), "an aborted prefill")
    refuses(Aborted, lambda: batch.commit({row: [1, 2]}, lambda: True), "an aborted commit")
    refuses(ClosedError, lambda: batch.propose(), "proposing after an aborted commit")
    require(prefix.tokens == context, "the prefix has changed")
    trial.same_hidden(prefix.hidden, trial.prefix(context).hidden)
    other.commit({spared: [2]})
    trial.same_as_single(other, spared, (*context, 2))
    answers = iter([False] * 1 + [True] * 99)
    late, third = trial.batch(), [1, 2, 3]
    rows = late.admit(prefix, GREEDY, [0, 1])
    if trial.engine.info.abort != "none":
        try:
            late.commit({rows[0]: third, rows[1]: third}, lambda: next(answers))
        except Aborted:
            refuses(ClosedError, lambda: late.rows, "asking an aborted batch for its rows")
    trial.same_as_single(other, spared, (*context, 2))


def an_overflow_changes_nothing(trial: Trial) -> None:
    """What does not fit the context raises ContextLengthError, before anything has changed."""
    context = trial.tokens(4)
    batch = trial.batch()
    rows = batch.admit(trial.prefix(context), _SPREAD, [1, 2])
    before = [frozen(batch, row) for row in rows]
    most = trial.engine.info.context
    over = [1] * (most - len(context) + 1)
    refuses(ContextLengthError, lambda: batch.commit({rows[0]: [1], rows[1]: over}), "a commit beyond the context")
    refuses(ContextLengthError, lambda: trial.engine.prefill([1] * (most + 1)), "a prompt beyond the context")
    require(before == [frozen(batch, row) for row in rows], "a refused commit has changed a row")


def a_context_can_be_filled(trial: Trial) -> None:
    """A row may take the last place of its context, and others go on beside a full row."""
    info = trial.engine.info
    if info.context > _LONGEST_TRIED or info.shared_context:
        return
    batch, contexts = trial.batch(), {}
    for length in (3, info.context - 8, 4):
        tokens = trial.tokens(length, seed=length)
        contexts[batch.admit(trial.prefix(tokens), GREEDY, [0])[0]] = tokens
    _, full, _ = contexts
    for counts in ((4, 1, 1), (4, 1, 1), (4, 1, 1), (1, 3, 1), (5, 1, 1), (1, 1, 1), (1, 0, 1), (2, 0, 2)):
        new = {row: trial.tokens(count, seed=row + count) for row, count in zip(contexts, counts, strict=True) if count}
        batch.commit(new)
        contexts = {row: context + new.get(row, ()) for row, context in contexts.items()}
    refuses(ContextLengthError, lambda: batch.commit({row: [1] for row in contexts}), "a commit to a full row")
    require(batch.length(full) == info.context, "the row is not full")
    for row, context in contexts.items():
        trial.same_as_single(batch, row, context)


def nonsense_is_refused(trial: Trial) -> None:
    """Ids outside the vocabulary, unknown rows, empty prompts, too many rows: errors, and nothing has changed."""
    engine, info = trial.engine, trial.engine.info
    batch, row = trial.row(trial.tokens(4), _SPREAD)
    before = frozen(batch, row)
    for bad in (-1, info.vocab_size):
        refuses(EdgeReasonError, lambda bad=bad: batch.commit({row: [1, bad]}), f"committing the id {bad}")  # type: ignore[misc]
        refuses(EdgeReasonError, lambda bad=bad: engine.prefill([bad]), f"prefilling the id {bad}")  # type: ignore[misc]
    prefix = trial.prefix(trial.tokens(3))
    refuses(EdgeReasonError, lambda: engine.prefill([]), "prefilling nothing")
    refuses(EdgeReasonError, lambda: engine.prefill(trial.tokens(3), base=prefix), "a base as long as the prompt")
    refuses(EdgeReasonError, lambda: engine.prefill(trial.tokens(9, seed=5), base=prefix), "a base of another prompt")
    refuses(EdgeReasonError, lambda: batch.commit({row + 1: [1]}), "committing to an unknown row")
    refuses(EdgeReasonError, lambda: batch.branch(row + 1, GREEDY, 0), "branching an unknown row")
    refuses(EdgeReasonError, lambda: batch.keep([row + 1]), "keeping an unknown row")
    refuses(EdgeReasonError, lambda: batch.admit(prefix, GREEDY, range(info.max_rows)), "admitting too many rows")
    refuses(EdgeReasonError, lambda: batch.admit(prefix, Sampling(temperature=-1.0), [0]), "a negative temperature")
    refuses(
        EdgeReasonError, lambda: batch.admit(prefix, Sampling(top_p=float("nan")), [0]), "a top-p that is no number"
    )
    require(batch.rows == (row,) and before == frozen(batch, row), "a refused call has changed the batch")


def closed_handles_free_their_memory_and_refuse(trial: Trial) -> None:
    """After close every call raises ClosedError; rows outlive their prefix; what was held is given back."""
    held = _held_bytes(trial.engine)
    context = trial.tokens(6)
    prefix, batch = trial.prefix(context), trial.batch()
    row = batch.admit(prefix, GREEDY, [0])[0]
    require(held is None or _held_bytes(trial.engine) != held, "held_bytes does not count open handles")
    prefix.close()
    prefix.close()
    batch.commit({row: [1]})
    trial.same_as_single(batch, row, (*context, 1))
    calls: dict[str, Callable[[], object]] = {
        "tokens": lambda: prefix.tokens,
        "hidden": lambda: prefix.hidden,
        "save": lambda: prefix.save(Path("unused")),
        "admit": lambda: batch.admit(prefix, GREEDY, [0]),
        "base": lambda: trial.engine.prefill([*context, 1], base=prefix),
    }
    for name, call in calls.items():
        refuses(ClosedError, call, f"using a closed prefix ({name})")
    batch.close()
    batch.close()
    calls = {
        "rows": lambda: batch.rows,
        "propose": batch.propose,
        "keep": lambda: batch.keep([]),
        "commit": lambda: batch.commit({}),
        "length": lambda: batch.length(row),
        "hidden": lambda: batch.hidden(row),
        "branch": lambda: batch.branch(row, GREEDY, 0),
        "admit": lambda: batch.admit(prefix, GREEDY, [0]),
    }
    for name, call in calls.items():
        refuses(ClosedError, call, f"using a closed batch ({name})")
    trial.stack.close()
    require(_held_bytes(trial.engine) == held, f"{_held_bytes(trial.engine)} bytes held after closing, {held} before")


def _held_bytes(engine: Engine) -> int | None:
    """Bytes of keys and values in open handles, where the engine tells."""
    held = getattr(engine, "held_bytes", None)
    return None if held is None else int(held)


LAWS: tuple[Callable[[Trial], None], ...] = (
    proposals_are_well_formed,
    proposing_twice_is_the_same,
    a_batch_of_n_equals_n_singles,
    ragged_commits_equal_singles,
    an_empty_commit_costs_nothing,
    branch_then_commit,
    chunked_equals_whole,
    two_live_prefixes_do_not_disturb_each_other,
    keep_leaves_survivors_alone,
    nobody_changes_another_rows_tokens,
    seeds_decide_the_draw,
    greedy_needs_no_seed,
    hidden_states_are_the_rows_own,
    a_saved_prefix_is_the_prefix,
    an_abort_closes_only_its_handle,
    an_overflow_changes_nothing,
    a_context_can_be_filled,
    nonsense_is_refused,
    closed_handles_free_their_memory_and_refuse,
)
