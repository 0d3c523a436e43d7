"""Frames of one-operation stories about rates, multiples and fractions.

In: data alone, as in frames.py. Not in: drawing, joining.
Invariant: a frame's answer is `n op m`; no template holds eight fixed words in a row.
"""

from __future__ import annotations

from edgereason.evals.families.story.frames import BIGGER, Frame, frame

WORKED = (
    "how many {w} {a?@work.} [in all|altogether|in total|]; <seek> how many {w} {a.@work} [in all|altogether]; how "
    "many {w} is that [in all|altogether|]; what is the total number of {w}; in all, how many {w} {a?@work.}; how "
    "many {w} altogether {a?@work.}; {a.@work} how many {w} in all; how many {w} does that make"
)
MADE = (
    "how many {t} can it make [in|during] {m} {time}; how many {t} will it make in {m} {time}; how many {t} is that "
    "in {m} {time}; how many {t} are made in {m} {time}; in {m} {time}, how many {t} does it make; <seek> the number "
    "of {t} after {m} {time}; after {m} {time}, how many {t} are there; {m} {time} give how many {t}"
)
RATES = (
    frame(
        "rate", "*",
        "{a:@work=} {n} {w} [every|each|a|per] {time1}; in one {time1} {a:@work=} {n} {w}; {a} can {work} {n} {w} in "
        "[a|one] {time1}; it takes {a*} [one|a] {time1} to {work} {n} {w}; {a:@work=} {n} {w} [each|every] "
        "{time1}{where}",
        "how many {w} [can {a} {work}|{a?@work=}] in {m} {time}; how many {w} will {a} {work} in {m} {time}; how many "
        "{w} is that in {m} {time}; in {m} {time}, how many {w} can {a} {work}; <seek> the number of {w} for {m} "
        "{time}; after {m} {time}, how many {w} is that; how many {w} in {m} {time}; {m} {time} give how many {w}",
        most_m=60, tense="present",
    ),
    frame(
        "machine_rate", "*",
        "[{machinea}|the {machine1}|one {machine1}] makes {n} {t} [every|each|a|per] {time1}; [{machinea}|the "
        "{machine1}|one {machine1}] can make {n} {t} in [a|one] {time1}; in one {time1} [{machinea}|the {machine1}] "
        "makes {n} {t}; "
        "{n} {t} are made each {time1} by [{machinea}|one {machine1}]", MADE, most_m=60, tense="present",
    ),
    frame(
        "rate_told", "*",
        "{a.@work} {n} {w} [every|each|a|per] {time1} for {m} {time}; for {m} {time} {a.@work} {n} {w} [each|every] "
        "{time1}; {a.@work} {n} {w} a {time1}. {a.do} this for {m} {time}; each {time1} {a.@work} {n} {w}. {a.[keep "
        "on|work]} for {m} {time}",
        WORKED, most_m=60, tense="past",
    ),
    frame(
        "rate_gained", "*",
        "{a.@gain} {n} {t} [every|each|a|per] {time1} for {m} {time}; for {m} {time} {a.@gain} {n} {t} [each|every] "
        "{time1}; {a.@gain} {n} {t} [every|each] {time1}. {m} {time} went by; {m} {who} {.@gain} {n} {t} each",
        "how many {t} is that [in all|altogether|]; what is the total number of {t}; how many {t} {?there} [in "
        "all|altogether]; <seek> the number of {t} [in all|]; in all, how many {t} is that; how many {t} does that "
        "make; altogether how many {t} {?there}; "
        "how many {t} is that in total", most_m=60, tense="past",
    ),
    frame(
        "per", "/",
        "{a.@work} {n} {w} in {m} {time}; in {m} {time} {a.@work} {n} {w}; it takes {a*} {m} {time} to {work} {n} "
        "{w}; {a.@work} {n} {w} in {m} {time}, the same number each {time1}; it took {m} {time} for {a*} to {work} "
        "{n} {w}",
        "how many {w} {a?@work.} [per|a|each|every|in one|in a] {time1}; how many {w} per {time1} is that; <seek> the "
        "number of {w} [per|for one|for each] {time1}; how many {w} can {a} {work} in [a|one] {time1}; how many {w} "
        "is that each {time1}; at the same rate, how many {w} in one {time1}; how many {w} did {a!} {work} in one "
        "{time1}; "
        "each {time1} is how many {w}", most_m=60, tense="past",
    ),
    frame(
        "machine_per", "/",
        "[{machinea}|the {machine1}] made {n} {t} in {m} {time}; [{machinea}|the {machine1}] can make {n} {t} in {m} "
        "{time}; in {m} {time} [{machinea}|the {machine1}] makes {n} {t}; {n} {t} came out of [{machinea}|the "
        "{machine1}] in {m} {time}",
        "how many {t} does it make [per|a|each|every|in one|in a] {time1}; how many {t} per {time1} is that; how many "
        "{t} can it make in one {time1}; <seek> the number of {t} per {time1}; in one {time1}, how many {t} does it "
        "make; how many {t} is that [a|each|every] {time1}; "
        "how many {t} are made each {time1}; what is its rate in {t} per {time1}", most_m=60, tense="past",
    ),
    frame(
        "long", "/",
        "{a:@work=} {m} {w} [every|each|a|per] {time1}. {a:want=} to {work} {n}[ {w}|]; {a} can {work} {m} {w} in "
        "[a|one] {time1}. there are {n} {w} to {work}; {a:@work=} {m} {w} [a|per] {time1}. {a:have=} {n} {w} to "
        "{work}; {a:have=} {n} {w} to {work}. {a} can {work} {m} [each|a|every] {time1}",
        "how many {time} [does|will] it take[ {a*}|]; how many {time} is that; how long will it take in {time}; in "
        "how many {time} is that done; how many {time} {a?need} to {work} all [the {w}|of them]; <seek> the number of "
        "{time}; how many {time} are needed; "
        "after how many {time} is it done; how many {time} will {a} need", tense="present",
    ),
    frame(
        "last", "/",
        "{a:have=} {n} {t}. {a:use=} {m} [every|each|a] {time1}; there are {n} {t}. {m} are used [every|each|a] "
        "{time1}; {a:have=} {n} {t}. {a:eat=} {m} [every|each|a] {time1}; [{machinea}|the {machine1}] makes {m} {t} "
        "[a|per|every] {time1}. {n} {t} are needed",
        "how many {time} will [the {t}|they|that] last; how many {time} does that last; for how many {time} is that; "
        "how many {time} is that; <seek> the number of {time}; how many {time} {~be} needed; in how many {time} is "
        "that done; how many {time} does it take",
        kinds=("food", "food", "thing"), tense="present",
    ),
    frame(
        "speed", "*",
        "{a.[drive|ride|travel|walk|fly]} at {n} {far} per hour for {m} hours; [a|the] "
        "[train|car|bus|plane|boat|bird] goes {n} {far} an hour for {m} hours; {a.[drive|ride|travel|run]} {n} {far} "
        "[each|every|an] hour. the trip takes {m} hours",
        "how far is that; how far {a?go.} [in all|]; how long is the way; how many {far} is that; what distance is "
        "that; "
        "<seek> the distance; how far is the trip; how many {far} does that make", most=2000, most_m=30, tense="past",
    ),
    frame(
        "speed_per", "/",
        "{a.[drive|ride|travel|fly]} {n} {far} in {m} hours; [a|the] [train|car|bus|plane|boat|bird] goes {n} {far} "
        "in {m} hours; it takes {m} hours to go {n} {far} by [car|train|bus|boat]",
        "how fast is that [in an hour|]; how far is that [in one|per|each] hour; what is the speed[ per hour|]; how "
        "many {far} [per|an] hour is that; "
        "<seek> the speed; how far in each hour; at what speed is that; how fast was it [an hour|per hour|]", most_m=30,
    ),
    frame(
        "speed_time", "/",
        "{a.[drive|ride|travel|fly]} {n} {far} at {m} {far} [each|an|every] hour; [a|the] [train|car|bus|boat] goes "
        "{m} {far} [an|per|each] hour. the [way|trip] is {n} {far}",
        "how many hours does it take; how long does it take[ in hours|]; how many hours is that; in how many hours is "
        "that done; <seek> the time in hours; how long is that in hours; how many hours {~be} needed; how long will "
        "the trip take",
    ),
    frame(
        "times_own", "*",
        "{a:have} {n} {t}. {b:have} {m} times [as many[ {t}| as {a}| as that]|that many]; {b:have} {m} times as many "
        "{t} as {a}. {a:have} {n}[ {t}|]; {a:have} {n} {t}. that {it:be} only one [of {m} equal parts|part of {m} "
        "equal parts] of {b's} {t}",
        BIGGER, most_m=30,
    ),
    frame(
        "times_did", "*",
        "{a.@gain} {n} {t}{where}. {b.@gain} {m} times as many[ {t}| as {a}|]; {b.@gain} {m} times as many {t} as "
        "{a}. {a.@gain} {n}[ {t}|]",
        "how many {t} {b?@gain.}; how many {b?@gain.}; [find|tell] how many {t} {b.@gain}; how many {t} is that for "
        "{b*}; so how many {t} {b?@gain.}; what number of {t} {b?@gain.}; {b.@gain} how many {t}; how many [{t} "
        "|]{b?@gain.} [in all|then|]",
        most_m=30, tense="past",
    ),
    frame(
        "times_kinds", "*",
        "there {:be} {n} {u} and {m} times as many {t}; there {:be} {n} {u} {spot}. there {:be} {m} times as many "
        "{t}[ as {u}|]; there {:be} {m} {t} for [every|each|every one] of the {n} {u}; for each {u1} there {:be} {m} "
        "{t}. there {:be} {n} {u}",
        "how many {t} {?there}; <seek> the number of {t}; how many {t} is that; so how many {t} are there; what "
        "number of {t} is that; "
        "how many {t} are there [in all|altogether|]; how many {~be} the {t}; find how many {t} there are", most_m=30,
    ),
    frame(
        "times_fewer", "/",
        "{a:have} {n} {t}. that {it:be} {m} times as many as {b:have}; {a:have} {m} times as many {t} as {b}. "
        "{a:have} {n}[ {t}|]; "
        "{a:have} {n} {t}, which is {m} times {b's} number", BIGGER, most_m=30,
    ),
    frame(
        "times_ratio", "/",
        "{a:have} {n} {t}. {b:have} {m}[ {t}|]; {a.@gain} {n} {t} and {b.@gain} {m}[ {t}|]; {a:have} {n} {t} and {b} "
        "{it:have} {m}",
        "how many times as many [{t} |]{a?have} as {b*}; how many times {b's} number is {a!s}; {a's} number is how "
        "many times {b!s}; how many times as many {t} is that for {a*}; <seek> how many times as many {a:have}; how "
        "many times more [{t} |]{a?have} than {b*}; "
        "how many times as many as {b} is that; how many times {b's} {t} {a?have}", most_m=30, tense="present",
    ),
)  # fmt: skip


def _multiple(times: int, often: str) -> tuple[Frame, ...]:
    """Return the frames of "twice as many"."""
    told = (
        "{a:have} {n} {t}. {b:have} OFTEN as many[ {t}| as {a}|]; {a:have} {n} {t}. {b:have} OFTEN [that number|that "
        "many|as many]; {b:have} OFTEN as many {t} as {a}. {a:have} {n}[ {t}|]; {a:have} {n} {t} and {b:have} OFTEN "
        "as many"
    )
    done = (
        "{a.@gain} {n} {t}{where}. {b.@gain} OFTEN as many[ {t}| as {a}|]; {b.@gain} OFTEN as many {t} as {a}. "
        "{a.@gain} {n}"
    )
    asks = (
        "how many {t} {b?@gain.}; how many {b?@gain.}; [find|tell] how many {t} {b.@gain}; how many {t} is that for "
        "{b*}; so how many {t} {b?@gain.}; what number of {t} {b?@gain.}; {b.@gain} how many {t}; how many [{t} "
        "|]{b?@gain.} [in all|then|]"
    )
    return (
        frame(f"times_{times}", "*", told.replace("OFTEN", often), BIGGER, fixed_m=times),
        frame(f"did_times_{times}", "*", done.replace("OFTEN", often), asks, fixed_m=times, tense="past"),
    )


def _fraction(parts: int, part: str) -> tuple[Frame, ...]:
    """Return the frames of "half of them"."""
    return (
        frame(
            f"part_{parts}", "/", f"{{a:have}} {{n}} {{t}}. {{b:have}} {part} as many[ {{t}}| as {{a}}|]; "
                                  f"{{b:have}} {part} as many {{t}} as {{a}}. {{a:have}} {{n}}",
            BIGGER, fixed_m=parts,
        ),
        frame(
            f"lost_{parts}", "/",
            f"{{a.@loss}} {part} of {{a's}} {{n}} {{t}}; {{a:have}} {{n}} {{t}}. {{when}}{{a.@loss}} {part} of "
            f"them{{where}}; {{a:have}} {{n}} {{t}} and {{a.@loss}} {part} of them",
            "how many {t} {a?@loss.}; how many {a?@loss.}; [find|tell] how many {t} {a.@loss}; how many {t} is that; "
            "what number of {t} {a?@loss.}; "
            "how many of the {t} {a?@loss.}; {a.@loss} how many {t}; so how many {t} {a?@loss.}", fixed_m=parts,
        ),
        frame(
            f"colour_{parts}", "/",
            f"{{a:have}} {{n}} {{t}}. {part} of them {{:be}} {{c1}}; {part} of the {{n}} {{t}} {{:be}} {{c1}}; there "
            f"{{:be}} {{n}} {{t}} {{spot}}. {part} {{:be}} {{c1}}",
            "how many {t} {~be} {c1}; how many {~be} {c1}; how many {c1} {t} {?there}; <seek> the number of {c1} {t}; "
            "how many of them {~be} {c1}; "
            "what number of {t} is {c1}; how many of the {t} {~be} {c1}; so how many {~be} {c1}", fixed_m=parts,
        ),
    )  # fmt: skip


HALF_LEFT = frame(
    "half_left", "/", "{a:have} {n} {t}. {when}{a.@loss} half of them{where}; {a.@loss} half of {a's} {n} {t}; "
                      "there {:be} {n} {t}. half of them {.be} taken away",
    "how many {t} {a?have} left; how many {t} {~be} left; how many {~be} left; <seek> the number of {t} left; how "
    "many [{t} |]{~remain}; "
    "how many {t} are still there; what number of {t} is left; how many {t} {~be} left over", fixed_m=2,
)  # fmt: skip
FIXED = (
    *_multiple(2, "[twice|twice|two times|double]"), *_multiple(3, "[three times|triple]"),
    *_fraction(2, "[half|half|one half]"), *_fraction(3, "[a third|one third]"),
    *_fraction(4, "[a quarter|one quarter|a fourth]"), HALF_LEFT,
    frame("week", "*", "{a:@work=} {n} {w} [every|each|a] day; each day {a:@work=} {n} {w}; "
                       "every day of the week {a:@work=} {n} {w}",
          "how many {w} is that [in|per] a week; how many {w} {a?@work=} [in a|in one|a|each] week; how many {w} a "
          "week is that; <seek> the number of {w} for one week; in one week, how many {w} is that; how many {w} will "
          "{a} {work} in a week; "
          "after one week, how many {w} is that; a week makes how many {w}", fixed_m=7, tense="present"),
    frame("dozen", "*", "{a.[buy|get|order|bake|sell|need]} {n} dozen {t}; there {:be} {n} dozen {t} {spot}; "
                        "{a:have} {n} cartons with a dozen {t} each",
          "how many {t} is that; how many [single |]{t} is that [in all|]; <seek> the number of {t}; what number of "
          "{t} is that; how many {t} {?there}; so how many {t} is that; how many {t} are that altogether; "
          "[count|find] the {t}",
          kinds=("food",), fixed_m=12, most=600),
    frame("square", "*", "[a|the|one] square [garden|tile|room|field|picture] has sides of {n} {lu}; "
                         "each side of a square [yard|rug|box] is {n} {lu} long",
          "what is its perimeter; how long is the way around it; <seek> its perimeter; how many {lu} is it around; "
          "how far is it around the edge; the perimeter is how long; how many {lu} of fence go around it; what length "
          "is all the way around",
          fixed_m=4, most=2000),
    frame("pairs", "*", "{a:have} {n} pairs of {t}; there {:be} {n} pairs of {t} {spot}; "
                        "{a.[sell|buy|wash|lose]} {n} pairs of {t}",
          "how many [single |]{t} is that; how many {t} {?there} in all; <seek> the number of single {t}; what number "
          "of {t} is that; how many {t} is that altogether; so how many {t} is that; how many {t} are in all the "
          "pairs; "
          "[count|find] all the {t}", fixed_m=2),
)  # fmt: skip
