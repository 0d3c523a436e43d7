"""The nouns of one request, in pipeline order: frozen, slotted, keyword-only values without behaviour.

text -> Prompt -> (Prefix) -> Difficulty -> Plan -> Rollout* -> Answer -> Result

Times are seconds as floats (`*_s`); token sequences are tuples of ids; log-probabilities are natural logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Label = Literal["easy", "normal", "hard"]
Finish = Literal["eos", "forced", "pruned", "decided", "deadline", "cancelled", "context"]
LABELS: tuple[Label, ...] = ("easy", "normal", "hard")
StrategyName = Literal[
    "auto", "single", "majority", "budget-forcing", "elastic", "first-finish", "esc", "adaptive-consistency"
]
STRATEGIES: tuple[StrategyName, ...] = get_args(StrategyName)  # "auto": the controller's own choice

RowId = int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


# ---------------------------------------------------------------- prompting


@dataclass(frozen=True, slots=True, kw_only=True)
class Markers:
    """What opens and closes a thought, as token sequences; empty where the model has none.

    open_thought    appended to the prefix to make the model think (empty: the template opened it)
    direct          appended to the prefix to make the model answer without thinking
    thought_open, thought_close   what is looked for in sampled text
    close_thought   forced to end a running thought, up to where the answer begins
    answer_opener   forced after it so that the answer is parseable from its first token ("\\boxed{")
    answer_header   forced after a thought that closed by itself, where an answer has a header of its own
    extension       forced where a row wanted to close, so that it thinks on ("Wait"); after the close and with a new
                    opening where the close is more than one token, since nothing ever rewinds
    open_text, close_text   where the tags are no tokens of their own, so that letters around them change their ids:
                    what is looked for in the sampled text instead
    answer_end      text that ends an answer, and is none of it; answer_tags: all such text around an answer
    """

    open_thought: tuple[int, ...] = ()
    direct: tuple[int, ...] = ()
    thought_open: tuple[int, ...] = ()
    thought_close: tuple[int, ...] = ()
    close_thought: tuple[int, ...] = ()
    answer_header: tuple[int, ...] = ()
    answer_opener: tuple[int, ...] = ()
    extension: tuple[int, ...] = ()
    open_text: str = ""
    close_text: str = ""
    answer_end: str = ""
    answer_tags: tuple[str, ...] = ()
    end_of_turn: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What is prefilled, and the marker sequences that go with it. Nothing in `tokens` depends on a profile."""

    tokens: tuple[int, ...]
    markers: Markers
    question: str
    choices: tuple[str, ...] = ()


# ---------------------------------------------------------------- engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How tokens are drawn. Temperature 0 is greedy; top_k 0, top_p 1 and min_p 0 switch that filter off.

    A draw is a function of (`seed`, row seed, position) and of the row's own distribution, nothing else.
    """

    temperature: float = 0.7
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    seed: int = 0


GREEDY = Sampling(temperature=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """What an engine is and can do. Sizes in tokens unless named otherwise."""

    name: str  # "onnx", "llama-cpp", "fake"
    version: str
    device: str  # "cpu", "cuda:0"
    vocab_size: int
    hidden_size: int
    num_layers: int
    context: int  # most tokens of one row
    shared_context: int = 0  # most tokens of all rows together, a shared prompt counted once; 0: no such limit
    max_rows: int = 64  # parents and probes count
    abort: Literal["inside", "between", "none"] = "between"  # where a native call can be stopped
    fork: Literal["metadata", "copy"] = "copy"  # what a further row on the same prefix costs
    prefill_chunk: int = 256  # tokens of one uninterruptible prefill call
    passes_per_token: bool = True  # True: forced text of n tokens costs n passes when several rows run
    kv_bytes_per_token: int = 0
    threads: int = 0
    settings: str = ""  # what else timings and saved prefixes are bound to, in words
    notes: tuple[str, ...] = ()  # what a caller should be told: a fall-back, a guessed context


# ---------------------------------------------------------------- what compute costs


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Passes of one width, without their times.

    context: tokens of a row's own, prompt included, in the mean. beside: tokens of others in the store that all rows
    share, in the mean. further_tokens: appended beyond one a row and pass, all of them together.
    """

    rows: int
    passes: int = 1
    context: float = 0.0
    beside: float = 0.0
    further_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PassCosts:
    """Seconds of one decode pass over rows (index-aligned, rows rising), and of prefill.

    contexts, pass_at_s: the passes at several contexts, rising, as [contexts][rows]; empty where one was timed.
    beside_share: what a token of another row in the same store costs a pass, over a token of the row's own.
    pass_j, prefill_token_j, prefill_base_j: joules of the same; empty and 0 where they were not measured.
    observed: mean seconds of a pass in each of the latest requests, by rows, oldest first; not part of the table.
    """

    rows: tuple[int, ...]
    pass_s: tuple[float, ...]
    prefill_token_s: float
    prefill_base_s: float
    context: int  # at which the passes were timed
    contexts: tuple[int, ...] = ()
    pass_at_s: tuple[tuple[float, ...], ...] = ()
    beside_share: float = 0.0
    pass_j: tuple[float, ...] = ()
    prefill_token_j: float = 0.0
    prefill_base_j: float = 0.0
    provenance: dict[str, object] = field(default_factory=dict)
    observed: dict[int, tuple[float, ...]] = field(default_factory=dict)


# ---------------------------------------------------------------- difficulty, budget, plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of a question once its mandatory part is done.

    hidden: final normed state of the last prompt token, float32 [d], as a tuple-free buffer (numpy array)
    direct_logprob / direct_entropy: mean over the sampled tokens of the direct answer; None before it exists
    first_logprob / first_entropy: of the first of these tokens
    """

    hidden: object
    prompt_tokens: int
    direct_logprob: float | None = None
    direct_entropy: float | None = None
    first_logprob: float | None = None
    first_entropy: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difficulty:
    """Which profile is the cheapest good-enough one: probabilities over easy, normal and hard, and their source.

    think_tokens, right, finished: the predicted curve, as columns; a row that is closed after so many think tokens
    (the first is 0: no thought) is right with that chance, and has ended by itself with that one. Empty: none.
    """

    label: Label
    probabilities: dict[str, float]
    source: str
    in_distribution: bool | None = None  # None: the source cannot tell
    calibrated: bool = False
    think_tokens: tuple[int, ...] = ()
    right: tuple[float, ...] = ()
    finished: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What the caller allows. None is no limit of that kind."""

    deadline_s: float | None = None
    max_tokens: int | None = None  # generated tokens over all rows
    max_joules: float | None = None  # of the whole request, by the measured joules of passes
    price_per_second: float | None = None  # points of expected accuracy that a second must buy
    price_per_joule: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetProfile:
    """What to spend on a question when nothing else limits it. Read from TOML; unknown keys are errors."""

    name: str
    think_tokens: int
    answer_tokens: int
    max_rows: int
    extensions: int = 0
    temperature: float = 0.7
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RowGroup:
    """`count` rows that may think for `think_tokens` tokens each; 0 is an answer without thought."""

    count: int
    think_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is about to be run, what it should cost, and why."""

    profile: str
    rows: tuple[RowGroup, ...]
    answer_tokens: int
    sampling: Sampling
    extensions: int = 0
    rounds: int = 1
    predicted_s: float = 0.0
    bound_s: float | None = None  # if every row thinks to its limit, and closing takes what is kept for it
    closing_reserve_s: float = 0.0
    reason: str = ""
    runner_up: str = ""
    strategy: StrategyName = "auto"
    opens_answer: bool = True  # False: a thought cut at its limit is followed by an answer that the model begins itself
    is_cut_by_time: bool = False  # the time left, and nothing else, decides where rows must stop thinking
    promise: str = ""  # what is promised about the deadline, and on what it rests; empty without a deadline

    @property
    def num_rows(self) -> int:
        """How many rows start, up to the present round."""
        return sum(group.count for group in self.rows)

    @property
    def num_votes(self) -> int:
        """How many rows there will have been after the last round."""
        return self.num_rows + max(0, self.rounds - len(self.rows)) * (self.rows[-1].count if self.rows else 0)


# ---------------------------------------------------------------- rollouts, answer, result


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """One sampled chain of thought with its answer. All per-token tuples align with `tokens`."""

    row: int
    seed: int
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    entropies: tuple[float, ...]
    forced: tuple[bool, ...]
    finish: Finish
    reasoning: str
    text: str
    answer: str | None  # as written; None where no answer could be read
    canonical: str | None  # what is compared
    confidence: float  # geometric mean probability of the sampled answer tokens, uncalibrated
    reasoning_tokens: int
    is_direct: bool = False  # answered without thought
    finished_s: float = 0.0  # since the request's entry

    @property
    def completion_tokens(self) -> int:
        """Tokens generated, forced ones included."""
        return len(self.tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the votes came to."""

    text: str
    canonical: str
    confidence: float
    votes: dict[str, float]  # canonical -> weight
    rollouts: tuple[int, ...]  # indices of those that voted for it
    decided_by: str = "majority"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts of one request, all rows together."""

    prompt_tokens: int
    reasoning_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """Which model answered: `lineage` survives quantization, `file` does not."""

    name: str
    lineage: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The answer and how it was got. `answer` is None only where none existed in time; `notes` then says so."""

    answer: str | None
    text: str
    reasoning: str
    confidence: float | None  # the probability of being right, where `confidence_source` says calibrated
    deadline_s: float | None
    elapsed_s: float
    deadline_met: bool | None  # None: there was no deadline
    load_s: float
    finish: Literal["complete", "deadline", "cancelled", "abstained"]
    difficulty: Difficulty | None
    plan: Plan | None
    usage: Usage
    rollouts: tuple[Rollout, ...]
    model: ModelInfo
    engine: str
    seed: int
    shortest_feasible_s: float | None = None  # prefill and direct answer, as predicted for this prompt
    joules: float | None = None  # from the start of work on it, waiting left out; None: not measured, or handed over
    energy: str = "not measured"  # what the joules cover: a module, a GPU, the processor
    confidence_source: str = ""  # what the confidence is made of, and on how many questions it was calibrated
    notes: tuple[str, ...] = ()
    trace: Any = field(default=None, repr=False, compare=False)  # edgereason.trace.Trace: every decision, with its time


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a stream says while a request runs; `result` comes last and exactly once."""

    kind: Literal["queued", "prefilled", "answer", "plan", "token", "row", "closing", "result"]
    elapsed_s: float
    row: int | None = None
    text: str = ""  # token: the new text of that row
    rows_thinking: int = 0
    answer: str | None = None  # the best answer in hand
    votes: dict[str, float] = field(default_factory=dict)
    plan: Plan | None = None
    result: Result | None = None
