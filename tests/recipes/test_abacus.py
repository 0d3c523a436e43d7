"""Laws of the bundled model's recipe; skipped where torch is not installed."""

from __future__ import annotations

import dataclasses
import json
from random import Random

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from edgereason.evals.families import draw, draw_many  # noqa: E402
from recipes.abacus import config, looks, own, tokenizer, train  # noqa: E402
from recipes.abacus.complete import Draw, by_engine, by_torch  # noqa: E402
from recipes.abacus.data import (  # noqa: E402
    Course,
    Writer,
    batches,
    draw_item,
    parsed,
    pool_batches,
    spoiled,
    stage_at,
)
from recipes.abacus.evaluate import (  # noqa: E402
    Judge,
    boxed,
    difference_of,
    load_model,
    majority,
    mean_of,
)
from recipes.abacus.gradients import OnCores, OnGpu  # noqa: E402
from recipes.abacus.model import Abacus  # noqa: E402
from recipes.abacus.optimizer import Optimizer  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def writer():
    """The pieces, encoded by the bundled tokenizer."""
    return Writer(tokenizer.load())


def drawn_model(std, sizes=None):
    """A network whose matrices are all drawn, so that every part of it does something."""
    torch.manual_seed(1)
    model = Abacus(sizes)
    for weight in model.parameters():
        if weight.dim() == 2:
            torch.nn.init.normal_(weight, std=std)
    return model


@pytest.mark.parametrize("text", ["12+7=19\nWait", "é🤖\x00\t \r\n x²", "", " a  b ", "\ufffd\u200b"])
def test_any_text_survives_the_tokenizer(writer, text):
    """Decoding what was encoded gives the text back."""
    assert writer.tokenizer.decode(writer.ids(text), skip_special_tokens=False) == text


def test_every_byte_is_a_token(writer):
    """All 256 byte signs are in the vocabulary, and it is full."""
    from tokenizers import pre_tokenizers

    assert all(writer.tokenizer.token_to_id(sign) is not None for sign in pre_tokenizers.ByteLevel.alphabet())
    assert writer.tokenizer.get_vocab_size() == config.Sizes().vocabulary


def test_pieces_encode_as_the_whole_does(writer):
    """Text cut at the boundaries that a runtime forces gives the same ids as the whole text."""
    for index in range(200):
        ids, _ = draw_item(writer, 7, index, config.STAGES[-1])
        whole = writer.ids(writer.tokenizer.decode(ids, skip_special_tokens=False))
        steps = writer.tokenizer.token_to_id(tokenizer.THINK)
        assert whole[: ids.index(steps)] == ids[: ids.index(steps)]
    for left, right in (("19-3", "\n</think>\n\n"), ("(2+3)", "\nWait"), ("\n</think>\n\n", "\\boxed{"), ("5", "}")):
        assert writer.ids(left) + writer.ids(right) == writer.ids(left + right)


@pytest.mark.parametrize("number", range(len(config.STAGES)))
def test_examples_of_every_stage_are_whole(writer, number):
    """Ids and weights match, the end is trained on, prompts by their own weight, and all fits the context."""
    stage = config.STAGES[number]
    for k in range(1000 * number, 1000 * number + 150):
        ids, weights = draw_item(writer, 0, k, stage)
        assert len(ids) == len(weights) <= config.Sizes().context
        assert ids[-1] == writer.end[0]
        assert weights[-1] > 0
        assert weights[0] == config.PROMPT_WEIGHT
        assert draw_item(writer, 0, k, stage) == (ids, weights)


def test_stages_follow_each_other_over_a_run():
    """Each begins where it says, the last one ends in a decay, and before the behaviours nothing is spoilt."""
    assert [stage_at(stage.start) for stage in config.STAGES] == list(config.STAGES)
    assert config.STAGES[0] == stage_at(config.STAGES[1].start - 1e-9)
    assert [stage.decays for stage in config.STAGES] == [*[False] * (len(config.STAGES) - 1), True]
    assert not any({"slip", "check"} & set(stage.behaviours) for stage in config.STAGES[:3])


def test_ways_are_drawn_from_their_stage_on(writer):
    """Before it, thoughts are the plain steps; from it on, many are worked otherwise."""
    only = {"behaviours": {"plain": 1.0}, "chat": 0.0, "families": {"chain": 1.0}, "levels": (0, 0, 0, 0, 0, 1, 0, 0)}
    plain, drawn = (dataclasses.replace(config.STAGES[number], **only) for number in (1, 2))
    others = 0
    for index in range(40):
        steps = "\n".join(draw("chain", index, split="train", seed=0, level=6).steps)
        plainly, otherwise = (
            writer.tokenizer.decode(draw_item(writer, 0, index, stage)[0], skip_special_tokens=False)
            for stage in (plain, drawn)
        )
        assert steps in plainly
        others += steps not in otherwise
    assert others > 10


def test_workers_give_the_pools_in_order(writer):
    """Two processes make them, and what comes is what one would have made, from a pool on."""
    batching = config.Batching(batch_tokens=2048, batches=2, workers=2, pool_items=64)
    course = Course(seed=3, pools=6, batching=batching)
    found = [(ids.sum(), pool) for ids, _, pool in batches(course, 1)]
    alone = [
        (ids.sum(), pool) for k in range(1, 6) for ids, _, pool in pool_batches(writer, 3, k, stage_at(k / 6), batching)
    ]
    assert alone == found


def test_without_slips_nothing_wrong_is_planted(writer):
    """Where slips are planted some thoughts hold wrong lines without loss; without, only Wait carries none."""
    honest = Writer(writer.tokenizer, plants_slips=False)
    unlearnt = {True: set(), False: set()}
    for index in range(300):
        for made in (writer, honest):
            ids, weights = draw_item(made, 0, index, config.STAGES[-1])
            opened = tokenizer.THINK in (text := made.tokenizer.decode(ids, skip_special_tokens=False))
            start = ids.index(made.open[0]) if opened else len(ids)
            dropped = [i for i, w in zip(ids[start:], weights[start:], strict=True) if w == 0 and "</think>" in text]
            unlearnt[made is writer] |= set(made.tokenizer.decode(dropped, skip_special_tokens=False).split("\n"))
    assert any(line[:1].isdigit() for line in unlearnt[True])
    assert not any(line[:1].isdigit() for line in unlearnt[False])


def passes_over(index, *, first="", second=""):
    """Passes over problem `index`: its own steps, ended by what is given."""
    steps = looks.problem_of(index).steps
    first, second = ("\n".join([*steps[:-1], end]) if end else "" for end in (first or steps[-1], second))
    return looks.Passes(index, first, second)


@pytest.mark.parametrize(
    ("first", "second", "third_share", "shows_second", "sign"),
    [
        ("", "", 0.0, False, "="),
        ("77", "", 1.0, False, "/"),
        ("77", "78", 0.0, False, "/"),
        ("77", "78", 1.0, True, "/"),
        ("", "78", 1.0, True, "/"),
        ("77", "77", 1.0, False, "/"),
    ],
)
def test_a_second_look_learns_what_the_model_did_not_write(
    writer, monkeypatch, first, second, third_share, shows_second, sign
):
    """The model's own passes carry no loss, all that follows does; passes are compared, and a third settles it."""
    monkeypatch.setattr("recipes.abacus.data.THIRD_SHARE", third_share)
    stage = dataclasses.replace(config.SECOND_LOOKS, behaviours={"look": 1.0}, chat=0.0)
    for index in (3, 4, 5):
        problem, passes = looks.problem_of(index), passes_over(index, first=first, second=second)
        made = Writer(writer.tokenizer, looks=looks.Looks((passes,), (passes,)))
        ids, weights = draw_item(made, 0, index, stage)
        own = passes.first + "\nWait\n" + (passes.second + "\n" if shows_second else "")
        head = writer.prompt(problem.question) + writer.open + [
            token for line in own.splitlines() for token in writer.ids(line) + writer.line_break
        ]  # fmt: skip
        assert ids[: len(head)] == head
        asked = len(writer.prompt(problem.question)) + len(writer.open)
        assert not any(weights[asked : len(head) - 1])
        assert set(weights[len(head) :]) == {1.0}
        learnt = writer.tokenizer.decode(ids[len(head) :], skip_special_tokens=False)
        lines = learnt.split("\n</think>")[0].split("\n")
        ends = [text.split("\n")[-1] for text in (passes.first, passes.second if shows_second else problem.answer)]
        place = lines.index(sign.join(ends))
        assert shows_second == (place == 0)
        assert (len(lines) > place + 1) == (sign == "/")
        assert sign == "=" or lines[-1] == problem.answer
        assert learnt.endswith(f"\\boxed{{{problem.answer}}}{tokenizer.END}")


def test_passes_are_sorted_by_how_they_ended(tmp_path):
    """Both right, or the second not compared and the first right: agreed; anything else was missed."""
    lines = [
        passes_over(1),
        passes_over(2, first="77"),
        passes_over(3, second="77"),
        passes_over(4, first="7", second="7"),
    ]
    (tmp_path / "own.jsonl").write_text("".join(json.dumps(dataclasses.asdict(line)) + "\n" for line in lines))
    found = looks.load([tmp_path / "own.jsonl"])
    assert found == looks.Looks((lines[0],), tuple(lines[1:]))
    drawn = [found.pick(Random(seed)) in found.missed for seed in range(400)]
    assert sum(drawn) == pytest.approx(400 * config.MISSED_SHARE, abs=40)


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        ("2+3\n5\n5=5", "2+3\n5"),
        ("2+3\n6\n5/6\n2+3\n5", "2+3\n6"),
        ("2+3\n5", ""),
        ("5=5", ""),
    ],
)
def test_a_second_pass_ends_where_it_is_compared(look, expected):
    """What follows the comparison, or was never compared, is not the second pass."""
    assert own.second_pass("3+2\n5", look) == expected


def test_batches_have_few_shapes_and_padding_without_weight(writer):
    """Padding carries no weight, a batch stays within its size, and no item is lost."""
    padding = writer.tokenizer.token_to_id(tokenizer.END_OF_TEXT)
    count = 0
    for ids, weights, pool in pool_batches(writer, 0, 0, config.STAGES[0]):
        assert ids.shape == weights.shape
        assert ids.shape[1] in config.WIDTHS
        assert ids.shape[0] == max(1, config.ON_CPU.batch_tokens // ids.shape[1])
        assert not weights[ids == padding].any()
        assert pool == 1
        count += int((ids[:, 0] != padding).sum())
    assert count == config.ON_CPU.pool_items


def test_a_spoiled_line_differs_in_one_digit():
    """One digit is wrong and the line still reads as numbers."""
    line = "101-48+42"
    for seed in range(50):
        wrong = spoiled(Random(seed), line)
        if wrong is not None:
            assert sum(a != b for a, b in zip(wrong, line, strict=True)) == 1
            assert "".join(map(str, parsed(wrong))) == wrong


@pytest.mark.parametrize("line", ["yes", "no", "b,d,a", "Ann > Bob > Carl"])
def test_a_line_without_digits_is_spoiled_too(line):
    """Parts change places, or yes becomes no; nothing is added or lost."""
    wrong = {spoiled(Random(seed), line) for seed in range(20)} - {None}
    assert wrong
    assert line not in wrong
    if "," in line or ">" in line:
        assert {tuple(sorted(text)) for text in wrong} == {tuple(sorted(line))}


def test_generation_with_a_cache_equals_whole_passes():
    """Greedy decoding of a ragged batch equals taking the argmax of whole passes, row by row."""
    model = drawn_model(0.2, config.Sizes(layers=2, hidden=64, heads=2, inner=96))
    prompts = [[5, 6, 7, 8], [9, 10], [11, 12, 13, 14, 15, 16]]
    outputs = model.generate(prompts, end=1021, most=6)
    for prompt, output in zip(prompts, outputs, strict=True):
        ids = list(prompt)
        for token in output:
            state = model.hidden(torch.tensor([ids]))[0, -1]
            assert int((model.embedding.weight @ state).argmax()) == token
            ids.append(token)


@pytest.fixture
def small_steps(monkeypatch):
    """Steps of one small batch on one thread."""
    monkeypatch.setattr(OnCores, "batching", config.Batching(batch_tokens=1024, batches=1, workers=1, pool_items=32))


ONE_BATCH = config.Batching(batch_tokens=1024, batches=1, workers=1)


@pytest.mark.parametrize("rates", [(config.MUON_RATE, 0.0), (0.0, config.ADAM_RATE)], ids=["muon", "adam"])
def test_steps_lower_the_loss(writer, rates):
    """Of the batch that they are taken on, by either rule alone."""
    group = [next(pool_batches(writer, 0, 0, config.STAGES[0], ONE_BATCH))]
    model = drawn_model(0.05)
    gradients, optimizer = OnCores(model, 1, compiles=False), Optimizer(model, config.MOMENTUM, config.WEIGHT_DECAY)
    losses = []
    for _ in range(8):
        losses.append(float(gradients.fill(group)))
        optimizer.step(*rates, gradients.map)
    assert losses[-1] < 0.9 * losses[0]


def test_a_step_takes_the_mean_gradient_of_its_batches(writer):
    """Two batches side by side, against each alone."""
    stream = pool_batches(writer, 0, 0, config.STAGES[0], ONE_BATCH)
    group = [next(stream), next(stream)]
    model = drawn_model(0.1)
    gradients, found = OnCores(model, 2, compiles=False), []
    for batches_of_step in (group[:1], group[1:], group):
        gradients.fill(batches_of_step)
        found.append([weight.grad.clone() for weight in model.parameters()])
    for first, second, mean in zip(*found, strict=True):
        assert torch.allclose((first + second) / 2, mean, rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("small_steps")
def test_a_run_begins_with_weights_at_a_stage(tmp_path, monkeypatch):
    """With the pools and rates of that stage, and a fresh optimizer."""
    monkeypatch.setattr(config, "RUNS", tmp_path)
    train.Run(tmp_path / "before", seed=0).save()
    weights = str(tmp_path / "before" / "weights.safetensors")
    train.main(["--from-weights", weights, "--stage", "4", "--pools", "10", "--eager"])
    progress = json.loads((tmp_path / "main" / "progress.json").read_text())

    assert (10, 10) == (progress["pool"], progress["pools"])
    assert 0 < progress["steps"] < 2 * OnCores.batching.pool_items  # of two pools
    assert not (tmp_path / "main" / "stage-3").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pools", "0"], "at least 1"),
        (["--stage", "4"], "--from-weights"),
        (["--from-weights", "w", "--stage", "5"], "invalid choice: 5"),
        (["--pools", "7"], "a run of 10"),
        (["--seed", "9"], "of seed 0"),
        (["--looks", "own.jsonl"], "a run of other looks: none"),
        (["--looks", "own.jsonl", "--run", "other"], "--looks goes with --from-weights"),
        (["--looks", "own.jsonl", "--from-weights", "w", "--stage", "4"], "no --stage"),
    ],
)
def test_what_a_run_cannot_begin_with_is_said(arguments, message, tmp_path, monkeypatch, capsys):
    """Nothing that was asked for is silently left out, and the run that is there stays as it is."""
    monkeypatch.setattr(config, "RUNS", tmp_path)
    train.Run(tmp_path / "main", seed=0, pools=10).save()
    before = (tmp_path / "main" / "progress.json").read_bytes()
    with pytest.raises(SystemExit):
        train.main([*arguments, "--eager"])
    assert message in capsys.readouterr().err
    assert before == (tmp_path / "main" / "progress.json").read_bytes()


@pytest.mark.usefixtures("small_steps")
def test_a_run_resumes_where_it_stopped(tmp_path):
    """A second stretch goes on from the saved state."""
    run = train.Run(tmp_path / "run", seed=0)
    train.train(run, OnCores(run.model, 1, compiles=False), seconds=6)
    assert run.progress["steps"] > 0
    again = train.Run(tmp_path / "run", seed=0)
    again.load(tmp_path / "run")
    assert again.progress == run.progress
    assert again.progress["tokens"] > 0
    for mine, theirs in zip(run.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert log[-1]["step"] == run.progress["steps"]


@pytest.mark.usefixtures("small_steps")
def test_a_run_ends_with_its_pools_and_can_be_branched_off(tmp_path, monkeypatch):
    """The state at the start of every stage is kept; another course begins there and leaves the first run alone."""
    monkeypatch.setattr(config, "RUNS", tmp_path)
    train.main(["--pools", "10", "--minutes", "0.001", "--eager"])
    train.main(["--eager"])
    whole = json.loads((tmp_path / "main" / "progress.json").read_text())
    before = json.loads((tmp_path / "main" / "stage-3" / "progress.json").read_text())
    train.main(["--from-state", str(tmp_path / "main" / "stage-3"), "--run", "honest", "--no-slips", "--eager"])
    honest = json.loads((tmp_path / "honest" / "progress.json").read_text())

    assert (10, 10, 5) == (whole["pool"], whole["pools"], before["pool"])
    assert (10, 10) == (honest["pool"], honest["pools"])
    assert before["steps"] < honest["steps"]
    assert whole == json.loads((tmp_path / "main" / "progress.json").read_text())


@pytest.mark.usefixtures("small_steps")
def test_a_run_of_second_looks_trains_on_the_passes_it_was_given(tmp_path, monkeypatch):
    """It begins with weights, goes through its one stage with what workers read from the file, and resumes as such."""
    monkeypatch.setattr(config, "RUNS", tmp_path)
    train.Run(tmp_path / "main", seed=0, pools=10).save()
    (tmp_path / "own.jsonl").write_text(
        "".join(json.dumps(dataclasses.asdict(passes_over(k, first="77" if k % 2 else ""))) + "\n" for k in range(8))
    )
    weights, passes = str(tmp_path / "main" / "weights.safetensors"), str(tmp_path / "own.jsonl")
    train.main(
        [
            "--from-weights",
            weights,
            "--looks",
            passes,
            "--run",
            "looks",
            "--pools",
            "4",
            "--minutes",
            "0.001",
            "--eager",
        ]
    )
    train.main(["--run", "looks", "--eager"])
    progress = json.loads((tmp_path / "looks" / "progress.json").read_text())

    assert (4, 4, [passes]) == (progress["pool"], progress["pools"], progress["looks"])
    assert train.rate_factor({"steps": 1000, "pool": 2, "pools": 4}, (config.SECOND_LOOKS,)) == pytest.approx(
        config.SECOND_LOOKS.rate / 2
    )


def test_a_run_of_second_looks_wants_its_files(tmp_path, monkeypatch, capsys):
    """A file that is not there is said at once; workers would be waited for in vain."""
    monkeypatch.setattr(config, "RUNS", tmp_path)
    train.Run(tmp_path / "main", seed=0, pools=10).save()
    weights, passes = str(tmp_path / "main" / "weights.safetensors"), str(tmp_path / "own.jsonl")
    with pytest.raises(SystemExit):
        train.main(["--from-weights", weights, "--looks", passes, "--run", "looks", "--eager"])
    assert f"no such file: {passes}" in capsys.readouterr().err
    assert not (tmp_path / "looks").exists()


@pytest.mark.usefixtures("small_steps")
def test_the_smoke_run_trains_exports_and_answers(tmp_path, monkeypatch):
    """The short version from nothing to a file that the engine runs, in a folder of its own; seconds of it here."""
    pytest.importorskip("onnxruntime_genai")
    pytest.importorskip("transformers")
    from recipes.abacus.complete import Draw
    from recipes.abacus.evaluate import drawn, judge_of
    from recipes.abacus.export import export

    monkeypatch.setattr(config, "RUNS", tmp_path)
    monkeypatch.setattr(config, "SMOKE_SECONDS", 5.0)
    train.main(["--smoke"])
    export(tmp_path / "smoke", tmp_path / "model")
    problems = drawn("easy", 4, "tune", 0)
    outputs = judge_of(tmp_path / "model" / "model.onnx").thoughts(problems, Draw(most=8))

    assert json.loads((tmp_path / "smoke" / "progress.json").read_text())["tokens"] > 0
    assert all(1 <= len(ids) <= 8 for ids in outputs)


def test_the_rates_come_down_in_a_line():
    """Over the last stage: to half in the middle of it and to nothing at its end."""
    start, rate = config.STAGES[-1].start, config.STAGES[-1].rate
    pools = [1000 * share for share in (start - 0.01, start, (1 + start) / 2, 1)]
    factors = [train.rate_factor({"steps": 1000, "pool": pool, "pools": 1000}) for pool in pools]
    assert factors == pytest.approx([rate, rate, rate / 2, 0.0])


def test_export_gives_files_that_agree(tmp_path):
    """A fresh model's ONNX has the promised shape and its GGUF the promised tokenizer."""
    pytest.importorskip("onnxruntime_genai")
    pytest.importorskip("transformers")
    gguf = pytest.importorskip("gguf")
    onnx = pytest.importorskip("onnx")
    from recipes.abacus.export import export

    run = train.Run(tmp_path / "run", seed=0)
    run.save()
    export(tmp_path / "run", tmp_path / "model")
    graph = onnx.load(tmp_path / "model" / "model.onnx").graph
    assert "hidden_states" in {output.name for output in graph.output}
    assert "past_key_values.0.key" in {value.name for value in graph.input}
    assert "GroupQueryAttention" in {node.op_type for node in graph.node}
    assert not list((tmp_path / "model").glob("*.data"))
    fields = gguf.GGUFReader(tmp_path / "model" / "model-q8_0.gguf").fields
    assert fields["tokenizer.ggml.pre"].contents() == "qwen2"
    assert len(fields["tokenizer.ggml.tokens"].contents()) == config.Sizes().vocabulary
    assert load_model(tmp_path / "model" / "weights.safetensors").sizes == config.Sizes()
    vocabulary = json.loads((tmp_path / "model" / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    assert vocabulary == tokenizer.load().get_vocab(with_added_tokens=False)


def test_the_template_switches_thinking():
    """Thinking off appends an empty thought; undefined or on leaves it to the model; earlier thoughts are dropped."""
    jinja2 = pytest.importorskip("jinja2")
    template = jinja2.Template(tokenizer.TEMPLATE)
    messages = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "A"},
        {"role": "assistant", "content": "<think>\n1\n</think>\n\n\\boxed{1}"},
        {"role": "user", "content": "B"},
    ]
    base = (
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\n\\boxed{1}<|im_end|>\n"
        "<|im_start|>user\nB<|im_end|>\n"
    )
    opened = base + "<|im_start|>assistant\n"
    assert template.render(messages=messages) == base
    assert template.render(messages=messages, add_generation_prompt=True) == opened
    assert template.render(messages=messages, add_generation_prompt=True, enable_thinking=True) == opened
    closed = template.render(messages=messages, add_generation_prompt=True, enable_thinking=False)
    assert closed == opened + "<think>\n\n</think>\n\n"


def test_intervals_and_boxes():
    """Intervals hold the mean and narrow with n, a paired difference has the sign of the gain, the last box counts."""
    few, many = mean_of([1.0] * 9 + [0.0]), mean_of([1.0] * 900 + [0.0] * 100)
    assert few["low"] < few["mean"] < few["high"]
    assert few["low"] < many["low"] < 0.9 < many["high"] < few["high"]
    gain = difference_of([0.0] * 60 + [1.0] * 40, [0.0] * 30 + [1.0] * 70)
    assert (gain["mean"], gain["n"]) == (0.3, 100)
    assert 0 < gain["low"] < 0.3 < gain["high"]
    assert boxed("\\boxed{1} \\boxed{-35}") == "-35"
    assert boxed("none") is None
    assert majority(["4", None, "5", "5"]) == "5"
    assert majority([None]) is None


def test_both_ways_of_completing_agree(tmp_path):
    """The torch network and the engine on its unquantized export give the same greedy completions."""
    pytest.importorskip("onnxruntime_genai")
    pytest.importorskip("transformers")
    from edgereason.engine import open_engine
    from recipes.abacus.export import write_checkpoint, write_onnx

    model = drawn_model(0.1)
    write_checkpoint(model.state_for_export(), tmp_path / "checkpoint")
    write_onnx(tmp_path / "checkpoint", tmp_path, "fp32")
    engine = open_engine("onnx", tmp_path / "model.onnx", threads=1)
    prompts = [[5, 6, 7, 8], [9, 10], [11, 12, 13, 14, 15, 16]]
    draw = Draw(most=12)
    assert by_torch(model, end=2045)(prompts, draw) == by_engine(engine, end=2045, width=2)(prompts, draw)


def test_a_second_look_goes_on_where_the_thought_closed(writer):
    """The close and what follows it are cut off, and Wait stands on a line of its own."""
    seen = []

    def complete(prompts, draw):
        seen.extend(prompts)
        return [writer.ids("2+2\n4") + writer.close + writer.ids("\\boxed{4}") + writer.end for _ in prompts]

    judge = Judge(complete, writer)
    first = writer.open + writer.ids("2+3\n5") + writer.close + writer.ids("\\boxed{5}") + writer.end
    problem = next(iter(draw_many("chain", 1)))
    assert judge.second_look([problem], [first], Draw()) == ["4"]
    text = writer.tokenizer.decode(seen[0], skip_special_tokens=False)
    assert text.endswith("<think>\n2+3\n5\nWait\n")


def test_a_second_look_without_room_is_closed_by_force(writer):
    """It is cut so that close, box and answer still fit the context, and its answer counts."""
    seen = []

    def complete(prompts, draw):
        seen.append((prompts, draw))
        is_forced = len(seen) == 2
        return [writer.ids("5}") + writer.end if is_forced else writer.ids("2+3\n") * 300 for _ in prompts]

    problem = next(iter(draw_many("chain", 1)))
    answers = Judge(complete, writer).second_look([problem], [writer.open + writer.close], Draw())
    ((closed,), draw) = seen[1]
    assert answers == ["5"]
    assert closed[-len(writer.close + writer.box) :] == writer.close + writer.box
    assert len(closed) + draw.most == config.Sizes().context


@pytest.mark.gpu
def test_gradients_on_a_gpu_are_those_of_the_cores(writer):
    """Recorded as graphs or not, and after a shape was recorded in between."""
    if not torch.cuda.is_available():
        pytest.skip("torch has no GPU here")
    model = drawn_model(0.1)
    stream = pool_batches(writer, 0, 0, config.STAGES[0], ONE_BATCH)
    group = [next(stream) for _ in range(4)]
    OnCores(model, 1, compiles=False).fill(group)
    expected = [weight.grad.clone() for weight in model.parameters()]
    model.cuda()
    for records in (True, False):
        ways = OnGpu(model, records)
        for _ in range(2):
            ways.fill(group)
        for weight, gradient in zip(model.parameters(), expected, strict=True):
            assert torch.nn.functional.cosine_similarity(weight.grad.cpu().ravel(), gradient.ravel(), dim=0) > 0.99
