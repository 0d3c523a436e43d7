"""Laws of the procedures: an interpreter of the English instructions reaches the same states."""

from __future__ import annotations

import re

import pytest

from edgereason.evals.families import LEVELS, draw, procedure

COUNT = 200
PLACES = {
    "first": 0,
    "second": 1,
    "third": 2,
    "fourth": 3,
    "fifth": 4,
    "sixth": 5,
    "seventh": 6,
    "eighth": 7,
    "last": -1,
}
I = r"([a-zA-Z0-9])"  # noqa: E741 - an item
NUMBERS = {
    r"(?:add|increase it by|go up by|raise it by) (\d+)(?: to it)?": lambda v, k: v + k,
    r"(?:subtract|take away|decrease it by|go down by|reduce it by) (\d+)": lambda v, k: v - k,
    r"(?:multiply it by|multiply by|make it) (\d+)(?: times as big)?": lambda v, k: v * k,
    r"(?:divide it by|divide by) (\d+)": lambda v, k: v // k if v % k == 0 else None,
    r"double it|double the number|make it twice as big": lambda v: 2 * v,
    r"triple it|triple the number": lambda v: 3 * v,
    r"halve it|take half of it|cut it in half": lambda v: v // 2 if v % 2 == 0 else None,
}
LISTS = {
    r"reverse the (?:list|order)|turn the list around|put it in reverse order": lambda s: s[::-1],
    r"(?:swap|exchange) (?:the )?first and (?:the )?last": lambda s: [s[-1], *s[1:-1], s[0]],
    r"swap the first two|(?:swap|exchange) the first and the second": lambda s: [s[1], s[0], *s[2:]],
    r"(?:move|put) the first (?:to|at) the end|take the first and put it last": lambda s: [*s[1:], s[0]],
    r"(?:move|put) the last (?:to|at) the front|take the last and put it first": lambda s: [s[-1], *s[:-1]],
    rf"(?:replace {I} with|change {I} to|swap out {I} for) {I}": lambda s, a, b: [b if x == a else x for x in s],
    rf"put {I} in place of {I}": lambda s, b, a: [b if x == a else x for x in s],
    r"(?:drop|remove|delete|take away) the (first|second|third|last)(?: one)?": lambda s, p: [
        x for k, x in enumerate(s) if k != PLACES[p] % len(s)
    ],
    r"(?:keep|keep only|drop all but) the first (\d+)": lambda s, k: s[: int(k)],
    rf"append {I}|add {I} at the end|write {I} behind it": lambda s, a: [*s, a],
    rf"(?:insert|add) {I} at the front|put {I} at the start|write {I} before it": lambda s, a: [a, *s],
    rf"put {I} at the end": lambda s, a: [*s, a],
    rf"move {I} to the front|put {I} first": lambda s, a: [a, *[x for x in s if x != a]],
    rf"move {I} to the end|put {I} last": lambda s, a: [*[x for x in s if x != a], a],
    rf"(?:insert|put) {I} (?:right )?after {I}": lambda s, a, b: [y for x in s for y in ([x, a] if x == b else [x])],
    rf"(?:insert|put) {I} (?:right )?before {I}": lambda s, a, b: [y for x in s for y in ([a, x] if x == b else [x])],
    rf"(?:remove|delete|cross out) {I}": lambda s, a: [x for x in s if x != a],
}
CONDITIONS = {
    r"it is even": lambda v: v % 2 == 0,
    r"it is odd": lambda v: v % 2 == 1,
    r"it is more than (\d+)": lambda v, k: v > int(k),
    r"it is less than (\d+)": lambda v, k: v < int(k),
    r"there are more than (\d+) items": lambda s, k: len(s) > int(k),
    rf"the (first|last) is {I}": lambda s, p, a: s[PLACES[p]] == a,
    rf"the list has {I}": lambda s, a: a in s,
}


def drafts(level):
    """The first items of a level."""
    return [draw("procedure", index, level=level) for index in range(COUNT)]


def matched(rules, text):
    """The rule that a text is, with its arguments."""
    for pattern, rule in rules.items():
        match = re.fullmatch(pattern, text)
        if match:
            return rule, [part for part in match.groups() if part is not None]
    return None


def followed(text, state, texts):
    """The state after an instruction; nothing where the text is no instruction."""
    again = re.search(r"^(?:do|repeat|do the same as in) step (\d+)", text)
    if again:
        return followed(texts[int(again[1])], state, texts)
    choice = re.fullmatch(r"if (.+?), (.+?)(?:, otherwise (.+))?", text)
    if choice:
        test, arguments = matched(CONDITIONS, choice[1])
        branch = choice[2] if test(state, *arguments) else choice[3]
        return followed(branch, state, texts) if branch else state
    found = matched(NUMBERS if isinstance(state, int) else LISTS, text)
    if found is None:
        return None
    rule, arguments = found
    return rule(state, *map(int, arguments)) if isinstance(state, int) else rule(state, *arguments)


def start_of(question):
    """The state given at the start and the text after it."""
    for phrases, pattern in ((procedure.STARTS, r"(\d+)"), (procedure.LIST_STARTS, r"(\w(?:(?:, |; | |,)\w)+)")):
        for phrase in sorted(phrases, key=len, reverse=True):
            match = re.search(r"(?:^|[.] )" + re.escape(phrase).replace(r"\{s\}", pattern) + " ", question)
            if match:
                items = re.findall(r"\w", match[1])
                return int(match[1]) if phrases is procedure.STARTS else items, question[match.end() :]
    raise AssertionError(question)


def instructions_of(rest):
    """The instructions by number."""
    for phrase in procedure.IN_ORDER:
        rest = rest.removeprefix(phrase + " ")
    if re.match(r"(?:Step \d:|\(\d\)|\d\)|\d\.) [A-Z]", rest):
        found = re.findall(r"(?:Step |\()?(\d+)[.):]+ ([A-Z].*?)\.(?= |$)", rest)
        return {int(k): text[0].lower() + text[1:] for k, text in found if not re.match("Give|Find", text)}
    texts = [
        re.sub("^(?:Then|Next,|After that,|Now) ", "", text.strip()) for text in re.findall(r"([^.?:]+)[.?:]", rest)
    ]
    return {k + 1: text[0].lower() + text[1:] for k, text in enumerate(texts)}


def run(problem):
    """The states after each instruction that is done, and the last one."""
    state, rest = start_of(problem.question)
    texts = instructions_of(rest)
    order = sorted(texts)
    if problem.template == "only":
        order = [int(k) for k in re.search(r"\bsteps? (\d+)(?: and (\d+))?", rest).groups() if k]
    states = []
    for k in order:
        after = followed(texts[k], state, texts)
        if after is not None:
            state = after
            states.append((k, state))
    return states


def shown(state):
    """A state as a thought writes it."""
    return str(state) if isinstance(state, int) else ", ".join(state)


@pytest.mark.parametrize("level", LEVELS)
def test_following_the_instructions_gives_every_line(level):
    """Each line has the number of its instruction and the state that an interpreter finds."""
    for problem in drafts(level):
        told = [re.fullmatch(r"(\d+)[yn]?(?:>\d+)?: ?(?:.*=)?(.*)", line).groups() for line in problem.steps[:-1]]
        assert [(str(k), shown(state)) for k, state in run(problem)] == told, problem.question


@pytest.mark.parametrize("level", LEVELS)
def test_the_answer_is_what_is_asked_of_the_last_state(level):
    """The whole state, one place of it, or its length."""
    for problem in drafts(level):
        state = run(problem)[-1][1]
        expected = shown(state)
        ask = re.split(r"[.?] ", problem.question)[-1]
        place = re.search(rf"\b({'|'.join(PLACES)})\b", ask)
        if re.search("[Hh]ow many|How long|Count|length", ask):
            expected = str(len(state))
        elif place and not isinstance(state, int):
            expected = state[PLACES[place[1]]]
        assert expected == problem.answer, problem.question


@pytest.mark.parametrize("level", LEVELS)
def test_a_line_works_on_the_state_before_it(level):
    """The sum or product of a line starts with the number before it, and Python agrees with its result."""
    for problem in drafts(level):
        if isinstance(start_of(problem.question)[0], int):
            value = start_of(problem.question)[0]
            for line in problem.steps[:-1]:
                work, _, after = line.split(":")[1].rpartition("=")
                assert value == int(re.match(r"\d+", work or after)[0])
                value = eval((work or after).replace("/", "//"))
                assert value == int(after)
                assert 0 <= value <= 99


def test_contrasts_are_in_order_or_shuffled():
    """Numbers of steps rise at levels 3 and 4 and do not at levels 5 and 6."""
    for level, in_order in ((3, True), (4, True), (5, False), (6, False)):
        found = [problem for problem in drafts(level) if problem.template.startswith("contrast")]
        assert found
        for problem in found:
            order = list(instructions_of(start_of(problem.question)[1]))
            assert in_order == (order == sorted(order))
