"""Clock times and durations: when it ends, when it began, how long it takes, several legs in a row.

In: the times, how they are spoken, the lines in base 60. Not in: dates, time zones, conversions of units (units.py).
Invariant: a line means the same as the line before it, with one leg, carry or borrow done; answers that are times are
on the 24-hour clock unless the question asks otherwise.
Length and difficulty part on purpose: asides make easy questions long, a span over midnight is short and not easy, and
`contrast` deals the same tokens so that a carry is needed or not, or a span lies within one day or over midnight.

    end       14:35+95 -> 14:35+1:35 -> 15:70 -> 16:10        minutes to h:mm, sum by parts, carry
    start     16:10-1:35 -> 15:70-1:35 -> 14:35               borrow, difference by parts
    between   14:20-9:50 -> 13:80-9:50 -> 4:30 -> 4*60+30 -> 240+30 -> 270     the rest where minutes are asked
    midnight  23:40+0:30 -> 23:70 -> 24:10 -> 0:10            and back: 1:10-2:00 -> 25:10-2:00 -> 23:10
    legs      8:50+0:45+0:20 -> 8:95+0:20 -> 9:35+0:20 -> 9:55
    laps      8:00+3*45 -> 8:00+120+15 -> 8:00+135 -> 8:00+2:15 -> 10:15
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from edgereason.evals.families.arithmetic import Token, worked
from edgereason.evals.families.clock_phrases import (
    ASIDES,
    BETWEEN_ASKS,
    BREAK_ASKS,
    BREAK_STARTS,
    END_ASKS,
    EVENTS,
    LAPS,
    LEFT_ASKS,
    LEG_NOUNS,
    LEG_SENTENCES,
    START_ASKS,
    THEN_ASKS,
    TO_12,
    TO_24,
    TOGETHER_ASKS,
    TOGETHER_STARTS,
    TURN_ASKS,
    TURN_STARTS,
    TURNS,
)
from edgereason.evals.families.problem import Bands, Draft
from edgereason.evals.families.story import lexicon
from edgereason.evals.families.story.telling import NUMBER_WORDS

Leg = tuple[str, str, int]  # sign, how the thought writes it first (1:35, 95 or 3*45), minutes
Task = tuple[str, list[str], int]  # question, steps, number of legs

BANDS: Bands = {"easy": (1, 1), "middle": (5, 7), "hard": (8, 8)}
DAY, HOUR = 1440, 60
MOST_CHARACTERS = 400  # of the steps; more is drawn anew
TEMPLATES = {
    1: ("end", "start", "between", "to_24", "to_12"),
    2: ("end", "start", "between", "to_24", "to_12", "contrast"),
    3: ("end", "start", "between", "legs", "together", "contrast"),
    4: ("end", "start", "between", "legs", "back_legs", "together", "contrast"),
    5: ("end", "start", "between", "legs", "back_legs", "turned", "together", "breaks", "laps"),
    6: ("end", "between", "legs", "back_legs", "turned", "together", "breaks", "laps", "contrast"),
    7: ("legs", "back_legs", "turned", "together", "breaks", "laps"),
    8: ("legs", "back_legs", "turned", "together", "breaks", "laps"),
}
LEGS = {3: (2, 2), 4: (2, 2), 5: (3, 3), 6: (3, 4), 7: (4, 5), 8: (6, 7)}


def draw(rng: Random, level: int) -> Draft:
    """Return one problem about times."""
    while True:
        template = rng.choice(TEMPLATES[level])
        question, steps, legs = MAKERS[template](rng, level)
        if len("".join(steps)) <= MOST_CHARACTERS:
            break
    asides = rng.choice((1, 1, 2, 4, 6)) if rng.random() < (0.35 if level < 3 else 0.1) else 0
    told = [aside.format(n=rng.randint(2, 30)) for aside in rng.sample(ASIDES, asides)]
    question = " ".join([*told, question])
    if rng.random() < 0.04:
        question = question.lower()
    params: dict[str, int | str] = {"legs": legs, "lines": len(steps), "asides": asides}
    return Draft(template=template, question=question, steps=tuple(steps), answer=steps[-1], params=params)


def written(minutes: int) -> str:
    """Return a time or duration as h:mm."""
    return f"{minutes // HOUR}:{minutes % HOUR:02d}"


def leg_lines(start: int, legs: list[Leg], wraps: bool = True) -> list[str]:
    """Return the lines from a time and its legs down to the time at the end."""
    now = start
    lines = [written(now) + _tail(legs)]
    for k, (sign, text, minutes) in enumerate(legs):
        rest = _tail(legs[k + 1 :])
        if "*" in text:
            first, second = map(int, text.split("*"))
            lines += [f"{written(now)}{sign}{line}{rest}" for line in worked([first, "*", second])[1:]]
            text = lines[-1][len(written(now)) + 1 : len(lines[-1]) - len(rest)]
        if ":" not in text:
            lines.append(f"{written(now)}{sign}{written(minutes)}{rest}")
        if sign == "+":
            parts, now = _added(now, minutes, wraps)
        else:
            borrows, now = _taken(now, minutes)
            parts = [f"{part}-{written(minutes)}" for part in borrows] + [written(now)]
        lines += [part + rest for part in parts]
    return lines


def _tail(legs: list[Leg]) -> str:
    """Return the legs as the thought writes them."""
    return "".join(sign + text for sign, text, _ in legs)


def _added(now: int, minutes: int, wraps: bool) -> tuple[list[str], int]:
    """Return the lines of a sum: by parts, carried, taken off a full day."""
    hours, rest = now // HOUR + minutes // HOUR, now % HOUR + minutes % HOUR
    lines = [f"{hours}:{rest:02d}"]
    if rest >= HOUR:
        lines.append(written(now + minutes))
    if wraps and now + minutes >= DAY:
        lines.append(written(now + minutes - DAY))
        return lines, now + minutes - DAY
    return lines, now + minutes


def _taken(now: int, minutes: int) -> tuple[list[str], int]:
    """Return the minuend with a day and an hour borrowed, as far as needed, and the difference."""
    lines = []
    if now < minutes:
        now += DAY
        lines.append(written(now))
    if now % HOUR < minutes % HOUR:
        lines.append(f"{now // HOUR - 1}:{now % HOUR + HOUR}")
    return lines, now - minutes


def _in_unit(minutes: int, unit: str) -> list[str]:
    """Return the lines from h:mm, already written, to the unit that is asked."""
    hours, rest = divmod(minutes, HOUR)
    if unit == "h:mm":
        return []
    if unit == "hours":
        return [str(hours)]
    if hours == 0:
        return [str(rest)]
    tokens: list[Token] = [hours, "*", HOUR]
    return list(worked([*tokens, "+", rest] if rest else tokens))


def _style(rng: Random, *times: int) -> str:
    """Return how times are spoken: words only where morning and evening cannot be confused."""
    if all(HOUR <= time < 13 * HOUR for time in times) and rng.random() < 0.4:
        return "words"
    return "am/pm" if rng.random() < 0.15 else "24"


def _spoken(rng: Random, time: int, style: str) -> str:
    """Return a time as people say it."""
    hours, rest = divmod(time, HOUR)
    if time in (0, 12 * HOUR) and rng.random() < 0.7:
        return "noon" if time else "midnight"
    if style == "am/pm":
        return f"{(hours - 1) % 12 + 1}:{rest:02d}{rng.choice((' ', ' ', ''))}{'am' if hours < 12 else 'pm'}"
    if style == "words" and rest in (0, 15, 30) and rng.random() < 0.8:
        hour = NUMBER_WORDS[hours] if rng.random() < 0.3 else str(hours)
        return {0: f"{hour} o'clock", 15: f"quarter past {hour}", 30: f"half past {hour}"}[rest]
    if style == "words" and rest == 45 and hours < 12 and rng.random() < 0.8:
        return f"quarter to {hours + 1}"
    return f"{hours:02d}:{rest:02d}" if rng.random() < 0.1 else written(time)


def _lasting(rng: Random, minutes: int) -> tuple[str, str]:
    """Return a duration as people say it and as the thought first writes it."""
    hours, rest = divmod(minutes, HOUR)
    known = {15: "a quarter of an hour", 30: "half an hour", 45: "three quarters of an hour", 60: "an hour"}
    known |= {90: "an hour and a half", 150: "two and a half hours"}
    if minutes in known and rng.random() < 0.4:
        return known[minutes], written(minutes)
    if hours and minutes < 240 and rng.random() < (0.35 if rest else 0.1):
        return f"{minutes} {rng.choice(('minutes', 'minutes', 'min'))}", str(minutes)
    is_short = rng.random() < 0.25
    parts = [(hours, "h" if is_short else "hour"), (rest, "min" if is_short else "minute")]
    texts = []
    for number, unit in parts:
        if number:
            digits = NUMBER_WORDS[number] if number <= 12 and not is_short and rng.random() < 0.15 else str(number)
            texts.append(f"{digits} {unit}{'' if is_short or number == 1 else 's'}")
    return (" " if is_short or rng.random() < 0.4 else " and ").join(texts), written(minutes)


def _for_24(rng: Random, question: str, style: str) -> str:
    """Return the question with a word on the clock where morning and evening would be doubtful."""
    if style != "am/pm":
        return question
    return question + rng.choice((" Use the 24-hour clock.", " (24-hour clock)", " Answer in 24-hour time."))


def _filled(rng: Random, text: str, **slots: str) -> str:
    """Return a phrase with its slots, an event and a name filled in, its first letter large."""
    text = text.format(x=rng.choice(EVENTS), **{"n": _name(rng), **slots})
    return text[0].upper() + text[1:]


def _name(rng: Random) -> str:
    """Return a person's name."""
    return rng.choice(lexicon.GIRLS + lexicon.BOYS)


def _span(rng: Random, level: int) -> tuple[int, int]:
    """Return a start and a duration as hard as the level: no carry, a carry, hours, midnight."""
    fives = 5 if rng.random() < 0.4 else 1
    hour = rng.randint(1, 20)
    if level == 1 and rng.random() < 0.6:
        start = hour * HOUR + rng.choice((0, 0, 15, 30, rng.randint(1, 59)))
        return start, rng.randint(1, min(9, 23 - hour)) * HOUR
    if level < 3:
        first = rng.randrange(0, 50, fives)
        more = rng.randrange(5, HOUR - first, fives)
        return hour * HOUR + first, more + (rng.randint(1, min(8, 23 - hour)) * HOUR if level == 2 else 0)
    first = rng.randrange(10, HOUR, fives)
    more = rng.randrange(-(-(HOUR - first) // 5) * 5, HOUR, fives) if first > 5 else 55
    hours = {3: 0, 4: rng.randint(1, 2), 5: rng.randint(2, 5)}.get(level, rng.randint(4, 11))
    if level > 4 and rng.random() < 0.4:
        hour = rng.randint(23 - hours, 23)
    elif level < 5:
        hour = min(hour, 22 - hours)
    return hour * HOUR + first, more + hours * HOUR


def _end(rng: Random, level: int) -> Task:
    start, minutes = _span(rng, level)
    style = _style(rng, start, start + minutes)
    text, raw = _lasting(rng, minutes)
    question = _filled(rng, rng.choice(END_ASKS), t=_spoken(rng, start, style), d=text)
    return _for_24(rng, question, style), leg_lines(start, [("+", raw, minutes)]), 1


def _start(rng: Random, level: int) -> Task:
    start, minutes = _span(rng, level)
    end = (start + minutes) % DAY
    style = _style(rng, start, start + minutes)
    text, raw = _lasting(rng, minutes)
    question = _filled(rng, rng.choice(START_ASKS), t=_spoken(rng, end, style), d=text)
    return _for_24(rng, question, style), leg_lines(end, [("-", raw, minutes)]), 1


def _between(rng: Random, level: int) -> Task:
    start, minutes = _span(rng, level)
    unit = rng.choice(("h:mm", "minutes")) if level > 2 or minutes < HOUR else "h:mm"
    return _between_of(rng, start, minutes, "hours" if minutes % HOUR == 0 else unit)


def _between_of(rng: Random, start: int, minutes: int, unit: str) -> Task:
    """Return the question for a span and a unit."""
    end = (start + minutes) % DAY
    style = _style(rng, start, start + minutes)
    question = _filled(
        rng, rng.choice(BETWEEN_ASKS[unit]), a=_spoken(rng, start, style), b=_spoken(rng, end, style)
    )  # fmt: skip
    return question, leg_lines(end, [("-", written(start), start)]) + _in_unit(minutes, unit), 1


def _contrast(rng: Random, level: int) -> Task:
    """The same tokens: tens dealt so that a carry is needed or not; a span of one day or over midnight."""
    if level in (4, 6):
        first, second = sorted(rng.sample(range(HOUR, DAY), 2))
        if level == 4:
            return _between_of(rng, first, second - first, "h:mm")
        return _between_of(rng, second, DAY - second + first, "h:mm")
    digits = sorted((rng.randint(1, 2), rng.randint(1, 2), rng.randint(4, 5), rng.randint(4, 5)))
    if level == 2:
        first, second = digits[0] * 10 + digits[2], digits[1] * 10 + digits[3]
    else:
        first, second = digits[2] * 10 + digits[0], digits[3] * 10 + digits[1]
    start, minutes = rng.randint(1, 15) * HOUR + first, rng.randint(1, 6) * HOUR + second
    question = _filled(
        rng, rng.choice(END_ASKS), t=written(start), d=f"{minutes // HOUR} h {minutes % HOUR} min"
    )  # fmt: skip
    return question, leg_lines(start, [("+", written(minutes), minutes)]), 1


def _to_24(rng: Random, level: int) -> Task:
    hour = rng.randint(1, 11)
    time = (hour + 12) * HOUR + (0 if level == 1 and rng.random() < 0.3 else rng.randrange(HOUR))
    question = _filled(rng, rng.choice(TO_24), t=_spoken(rng, time, "am/pm"))
    return question, leg_lines(time - DAY // 2, [("+", "12:00", DAY // 2)]), 1


def _to_12(rng: Random, level: int) -> Task:
    time = rng.randint(13, 23) * HOUR + (0 if level == 1 and rng.random() < 0.3 else rng.randrange(HOUR))
    question = _filled(rng, rng.choice(TO_12), t=written(time))
    return question, leg_lines(time, [("-", "12:00", DAY // 2)]), 1


def _durations(rng: Random, level: int, count: int) -> list[int]:
    """Return the minutes of the legs; longer ones at higher levels."""
    top = {3: 30, 4: 60, 5: 90}.get(level, 130)
    fives = 5 if rng.random() < 0.6 else 1
    return [rng.randrange(5, top, fives) for _ in range(count)]


def _listed(rng: Random, texts: list[str]) -> str:
    """Return durations as a list of activities, the last one after "and"."""
    parts = [noun.format(d=text) for noun, text in zip(rng.sample(LEG_NOUNS, len(texts)), texts, strict=True)]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _trip(rng: Random, level: int, sign: str) -> Task:
    """Return a time with legs that follow it, or that went before it."""
    durations = _durations(rng, level, rng.randint(*LEGS[level]))
    start = rng.randrange(5 * HOUR, 19 * HOUR)
    if level > 4 and rng.random() < 0.25:
        start = rng.randrange(21 * HOUR, DAY) if sign == "+" else rng.randrange(0, 3 * HOUR)
    style = "am/pm" if rng.random() < 0.12 else "24"
    spoken = [_lasting(rng, minutes) for minutes in durations]
    slots = {"n": _name(rng), "t": _spoken(rng, start, style)}
    texts = [text for text, _ in spoken]
    if sign == "-":
        body = rng.choice(("{n} arrives at {t} after ", "It is {t}. Before that came ", "{n} is done at {t}, after "))
        body = body.format(**slots) + _listed(rng, texts) + "."
    elif rng.random() < 0.5:
        body = rng.choice(("{n} leaves at {t}. Then come ", "It is {t}. Next are ", "{n} starts at {t} with "))
        body = body.format(**slots) + _listed(rng, texts) + "."
    else:
        told = zip(rng.sample(LEG_SENTENCES, len(texts)), texts, strict=True)
        body = " ".join([
            rng.choice(("{n} leaves home at {t}.", "{n} starts at {t}.", "The day starts at {t}.")).format(**slots),
            *(sentence.format(d=text) for sentence, text in told),
        ])  # fmt: skip
    ask = rng.choice(THEN_ASKS if sign == "+" else LEFT_ASKS).format(**slots)
    legs = [(sign, raw, minutes) for (_, raw), minutes in zip(spoken, durations, strict=True)]
    return _for_24(rng, f"{body} {ask}", style), leg_lines(start, legs), len(legs)


def _turned(rng: Random, level: int) -> Task:
    """A time that is moved forward and back."""
    start, style = rng.randrange(DAY), "24"
    body, legs = [_filled(rng, rng.choice(TURN_STARTS), t=_spoken(rng, start, style))], []
    for minutes in _durations(rng, level, rng.randint(*LEGS[level])):
        sign = rng.choice("+-")
        text, raw = _lasting(rng, minutes)
        body.append(rng.choice(TURNS[sign]).format(d=text))
        legs.append((sign, raw, minutes))
    return " ".join([*body, rng.choice(TURN_ASKS)]), leg_lines(start, legs), len(legs)


def _together(rng: Random, level: int) -> Task:
    """A sum of durations."""
    durations = _durations(rng, level, rng.randint(*LEGS[level]) + (level > 3))
    spoken = [_lasting(rng, minutes) for minutes in durations]
    unit = rng.choice(("h:mm", "minutes"))
    body = _filled(rng, rng.choice(TOGETHER_STARTS)) + " " + _listed(rng, [text for text, _ in spoken])
    legs = [("+", raw, minutes) for (_, raw), minutes in zip(spoken, durations, strict=True)]
    lines = leg_lines(0, legs, wraps=False)
    first = [line for line in lines if line.startswith("0:00+")]
    lines = [first[-1].removeprefix("0:00+"), *lines[len(first) + 1 :]]
    question = f"{body}. {rng.choice(TOGETHER_ASKS[unit])}"
    return question, lines + _in_unit(sum(durations), unit), len(legs)


def _breaks(rng: Random, level: int) -> Task:
    """A span less its breaks."""
    start = rng.randrange(6 * HOUR, 11 * HOUR)
    end = start + rng.randrange(6 * HOUR, 12 * HOUR)
    durations = _durations(rng, min(level, 5), max(1, rng.randint(*LEGS[level]) - 2))
    spoken = [_lasting(rng, minutes) for minutes in durations]
    style = "am/pm" if rng.random() < 0.2 else "24"
    slots = {"a": _spoken(rng, start, style), "b": _spoken(rng, end, style)}
    body = _filled(rng, rng.choice(BREAK_STARTS), **slots) + " " + _listed(rng, [text for text, _ in spoken])
    unit = rng.choice(("h:mm", "minutes"))
    legs = [("-", raw, minutes) for (_, raw), minutes in zip(spoken, durations, strict=True)]
    lines = leg_lines(end, [("-", written(start), start), *legs]) + _in_unit(end - start - sum(durations), unit)
    return f"{body}. {rng.choice(BREAK_ASKS[unit])}", lines, len(legs) + 1


def _laps(rng: Random, level: int) -> Task:
    """Equal legs counted, with a few others."""
    start = rng.randrange(6 * HOUR, 16 * HOUR)
    laps = rng.sample(range(2, 6), 1 if level < 7 else 2)
    parts, legs = [], []
    for count in laps:
        minutes = rng.choice((12, 15, 25, 35, 40, 45, 50, rng.randint(11, 59)))
        number = NUMBER_WORDS[count] if rng.random() < 0.3 else str(count)
        parts.append(rng.choice(LAPS).format(k=number, m=minutes))
        legs.append(("+", f"{count}*{minutes}", count * minutes))
    for minutes in _durations(rng, level, {5: 0, 6: 1, 7: 1, 8: 2}[level]):
        text, raw = _lasting(rng, minutes)
        parts.append(rng.choice(LEG_NOUNS).format(d=text))
        legs.append(("+", raw, minutes))
    name = _name(rng)
    body = rng.choice(("{n} starts at {t}. Next:", "It is {t}. Then come", "{n} begins at {t} with"))
    body = body.format(n=name, t=_spoken(rng, start, "24")) + " " + ", then ".join(parts) + "."
    return f"{body} {rng.choice(THEN_ASKS).format(n=name)}", leg_lines(start, legs), len(legs)


def _legs(rng: Random, level: int) -> Task:
    return _trip(rng, level, "+")


def _back_legs(rng: Random, level: int) -> Task:
    return _trip(rng, level, "-")


MAKERS: dict[str, Callable[[Random, int], Task]] = {
    "end": _end,
    "start": _start,
    "between": _between,
    "contrast": _contrast,
    "to_24": _to_24,
    "to_12": _to_12,
    "legs": _legs,
    "back_legs": _back_legs,
    "turned": _turned,
    "together": _together,
    "breaks": _breaks,
    "laps": _laps,
}
