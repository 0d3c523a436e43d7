"""Frames of one-operation stories about parts and wholes, needs, equal groups and sharing.

In: data alone, as in frames.py. Not in: drawing, joining.
Invariant: a frame's answer is `n op m`; no template holds eight fixed words in a row.
"""

from __future__ import annotations

from edgereason.evals.families.story.frames import ANY, LIVING, frame

ALL = (*ANY, *LIVING)
SUM = (
    "how many {t} {?there} [in all|altogether|in total|]; <seek> the total number of {t}; what is the total; how many "
    "{t} is that [in all|altogether|]; how many [{t} |]is that together; altogether how many {t} is that; how many is "
    "that in total; [count|find] all the {t}; in total, how many {t} {?there}"
)
BOTH = (
    "how many {t} {a?have} [in all|altogether|in total|]; how many {t} did {a} have in all; how many {t} {?there} in "
    "all; <seek> the total number of {t} {a:have}; how many {t} altogether {a?have}; in all, how many {t} {a?have}; "
    "how many {t} {a?have} [altogether|together]; what is {a's} total number of {t}"
)
DONE = (
    "how many {t} {a?@gain.} [in all|altogether|in total|]; <seek> how many {t} {a.@gain} [in all|altogether|]; what "
    "is the total number of {t} {a.@gain}; in all, how many {t} {a?@gain.}; how many {t} is that in total; how many "
    "did {a} have then; how many {t} altogether {a?@gain.}; {a.@gain} how many {t} [in all|altogether]"
)
EACH = (
    "how many {t} {?there} in each[ {p1}|]; how many {t} {a?put.} in each[ {p1}|]; how many {t} is that per {p1}; how "
    "many {t} does [each|every|one|a single] {p1} [have|hold|get]; <seek> the number of {t} [per|in each|in one] "
    "{p1}; how many {t} go into [one|each|every] {p1}; how many [{t} |]are in one {p1}; what number of {t} is in each "
    "{p1}; how many {t} should go in each {p1}"
)
GET = (
    "how many [{t} |][will|does|did|can] each[ {who1}| person| one|] [get|have|receive]; how many {t} is that "
    "[each|apiece]; how many {t} [will|does|did] each of them [get|have|receive]; how many {t} per {who1} is that; "
    "<seek> the share of each; how many {t} will everyone get; how many {t} does one of them get; what number of {t} "
    "is one share; how many {t} [will|did|does] every {who1} get"
)
BOXES = (
    "how many {p} {a?need}; how many {p} {~be} [needed|filled|used]; how many {p} can {a} fill; how many {p} "
    "{a?have}; <seek> the number of {p}; how many [full |]{p} is that; how many {p} {a?use}; what number of {p} is "
    "needed; how many {p} will that make; how many {p} should {a} get"
)
PEOPLE = (
    "how many {t} {?there} [in all|altogether|in total|]; how many {t} are {there} [in all|altogether]; <seek> the "
    "total number of {t}; how many {t} is that; what is the total; how many {t} are there together; altogether how "
    "many {t} {?there}; in total, how many {t} {~be} there"
)
MORE = (
    "how many more {t} {a?need=}; how many {t} {a?still need=}; how many more {t} {a?have=} to get; <seek> how many "
    "are missing; how many more {t} are [needed|missing]; how many {t} are still [needed|missing]; how many more [{t} "
    "|]must {a} get; how many more {t} should {a} {gain}; what number of {t} is missing"
)

PARTS = (
    frame(
        "together", "+",
        "{a:have} {n} {t}. {b:have} {m}[ {t}|]; {a.@make} {n} {t}{where}. {b.@make} {m}[ {t}|]; {a's} {p1} {it:hold} "
        "{n} {t}. {b!s} {it:hold} {m}; there {:be} {n} {t} in one {p1} and {m} in another; there {:be} {n} {t} "
        "{spot}. {m} [more |other {t} |]{:be} {where}[ not there|in another place|elsewhere]; there {:be} {n} {c1} "
        "{t} and {m} {c2} [ones|{t}] {spot}; one {p1} {it:hold} {n} {t}. another {it:hold} {m}",
        SUM, is_loose=False,
    ),
    frame(
        "two_people", "+",
        "{a:have} {n} {t}. {b:have} {m}[ {t}|]; {a:have} {n} {t} and {b:have} {m}[ {t}|]; {a:own} {n} {t}{where}. "
        "{b:own} {m}",
        "how many {t} do they have [in all|altogether|in total|together]; how many {t} do {a!} and {b!} have [in "
        "all|altogether|together|]; <seek> the total number of {t} they have; how many {t} have they [in "
        "all|together]; together, how many {t} do they have; how many {t} do the two of them have; what is the total "
        "number of {t}; how many {t} have {a!} and {b!} together",
        is_loose=True,
    ),
    frame(
        "two_people_did", "+",
        "{a.@gain} {n} {t}{where}. {b.@gain} {m}[ {t}|]; {a.@gain} {n} {t} and {b.@gain} {m}[ {t}|]; {a.@gain} {n} "
        "{t}. {a's} {kin} {it.@gain} {m}",
        "how many {t} did they {gain} [in all|altogether|in total|together]; how many {t} is that [in "
        "all|altogether|together]; <seek> the total number of {t}; together, how many {t} did they {gain}; how many "
        "{t} did the two of them {gain}; what is the total number of {t}; in all, how many {t} did they {gain}; "
        "how many {t} do they have [in all|together]", tense="past",
    ),
    frame(
        "owned_together", "+",
        "{a:have} {n} {c1} {t} and {m} {c2} [{t}|ones]; {a:have} {n} {c1} {t}. {a} also [had|owned|kept] {m} {c2} "
        "[{t}|ones]; {a:have} {n} {t} in [a|one] {p1} and {m} in [a|another] {q1}; {a:have} {n} {t} at home and {m} "
        "at school; {a:have} {n} [big|large|new|old] {t}. {a:have} {m} [small|tiny|broken|other] [{t}|ones]",
        BOTH, tense="past",
    ),
    frame(
        "gained_together", "+",
        "{a.@gain} {n} {t} on {d1}. on {d2} {a.@gain} {m}[ {t}| more|]; {a.@gain} {n} {t} [in the morning|before "
        "lunch|yesterday] and {m} [in the afternoon|after lunch|today|at night]; {a.@gain} {n} {c1} {t} and {m} {c2} "
        "[ones|{t}]; {a.@gain} {n} {t} one day and {m} the next; {a.@gain} {n} {t} last {time1}. this {time1} "
        "{a.@gain} {m}[ more| {t}|]; {a.@gain} {n} {t}{where}. {a.@gain} {m} [more |others ]{where}[ somewhere "
        "else|at another place|later]",
        DONE, tense="past",
    ),
    frame(
        "kinds_together", "+",
        "there {:be} {n} {t} and {m} {u} {spot}; {a:have} {n} {t} and {m} {u}; {a.[buy|get|take]} {n} {t} and {m} "
        "{u}; {a.@gain} {n} {t} and {m} {u}{where}; {a.@gain} {n} {t}. {a} also got {m} {u}",
        "how many [things|items|pieces] is that [in all|altogether|in total]; how many [things|items] {a?have} [in "
        "all|altogether|]; what is the total number of [things|{t} and {u}]; how many {t} and {u} {?there} [in "
        "all|altogether|together]; how many {t} and {u} is that; how many is that all together; [count|find] them "
        "all; altogether how many [things|items] is that; "
        "how many {t} and {u} {a?have} [in all|altogether|]", tense="past",
    ),
    frame(
        "people_together", "+",
        "{n} {c1} {t} and {m} {c2} [ones|{t}] {:@stay} {there}; {n} {t} {.@come} on {d1}. {m} [{t} |]{.@come} on "
        "{d2}; there {:be} {n} [young|old|happy|tall] {t} {there}. there {:be} {m} [sleepy|quiet|small|other] "
        "[ones|{t}]; {n} {t} {:be} in one [group|room|place] and {m} in another; {n} {t} {:@stay} {there} and {m} "
        "{:@stay} nearby",
        PEOPLE, kinds=LIVING,
    ),
    frame(
        "boys_and_girls", "+",
        "there {:be} {n} {g1} and {m} {g2} {there}; {n} {g1} {.@come}. {m} {g2} {.@come}; {n} {g1} and {m} {g2} "
        "{:@stay} {there}; [a|one|{a's}] [class|club|team|choir|school] {it:have} {n} {g1}. it {it:have} {m} {g2}",
        "how many people {?there} [in all|altogether|in total]; how many people is that [in all|altogether]; what is "
        "the total; <seek> the total number of people; how many {?there} together; altogether how many people "
        "{?there}; "
        "how many is that in all; how many people are {there}", kinds=("people",),
    ),
    frame(
        "part", "-",
        "{a:have} {n} {t}. {m} [of them |]{:be} {c1} and the [rest|others] {:be} {c2}; there {:be} {n} {t}. {m} {:be} "
        "{c1}. the [rest|others] {:be} {c2}; of {a's} {n} {t}, {m} {:be} {c1} and the others {:be} {c2}; {n} {t} "
        "{:be} {c1} or {c2}. {m} {:be} {c1}; {a.@gain} {n} {t}, some {c1} and some {c2}. {m} {:be} {c1}",
        "how many {t} {~be} {c2}; how many {c2} {t} {?there}; how many {~be} {c2}; <seek> the number of {c2} "
        "[{t}|ones]; how many {c2} ones {?there}; how many of them {~be} {c2}; how many of the {t} {~be} {c2}; what "
        "number of {t} {~be} {c2}",
        kinds=ALL,
    ),
    frame(
        "not_part", "-",
        "{a:have} {n} {t}. {m} [of them |]{:be} {c1}; there {:be} {n} {t}. {m} [of them |of the {t} |]{:be} {c1}; {m} "
        "of the {n} {t} {:be} {c1}; {n} {t} {:be} {there}. {m} {:be} {c1}",
        "how many {t} {~be} not {c1}; how many {~be} not {c1}; how many of them {~be} not {c1}; how many [{t} |]are "
        "[another colour|not]; <seek> the number of {t} not {c1}; how many {t} {~be} of other colours; how many of "
        "the {t} {~be} not {c1}; "
        "what number of {t} {~be} not {c1}", kinds=ALL,
    ),
    frame(
        "part_kinds", "-",
        "there {:be} {n} {t} and {u} {spot}. {m} [of them |]{:be} {u}; {a:have} {n} {t} and {u} [in all|altogether]. "
        "{m} {:be} {u}; {a.[buy|get]} {n} [things|items]{where}. {m} {:be} {u} and the [rest|others] {:be} {t}",
        "how many {t} {?there}; how many {~be} {t}; how many {t} {a?have}; <seek> the number of {t}; how many of them "
        "{~be} {t}; what number of {t} is that; how many {t} is that; so how many are {t}",
    ),
    frame(
        "people_part", "-",
        "there {:be} {n} people {there}. {m} [of them |]{:be} {g1} and the [rest|others] {:be} {g2}; {n} {g1} and "
        "{g2} {:be} {there}. {m} {:be} {g1}; {n} people {:@stay} {there}, all {g1} or {g2}. {m} [of them |]{:be} "
        "{g1}; of {n} people {there}, {m} {:be} {g1}; [a|one|{a's}] [class|club|team|camp] {it:have} {n} people. {m} "
        "[of them |]{:be} {g1} and the rest {g2}",
        "how many {~be} not {g1}; how many {g2} {?there}; how many of them {~be} {g2}; how many {g2} is that; how "
        "many {~be} {g2}; "
        "<seek> the number of {g2}; how many of the people are {g2}; so how many are {g2}", kinds=("people",),
    ),
    frame(
        "together_part", "-",
        "{a!} and {b} have {n} {t} [together|in all|altogether]. {a:have=} {m}[ of them| {t}|]; {a!} and {b} have {n} "
        "{t}. {m} are {a!s}; there are {n} {t}. {a:have=} {m}[ of them|] and {b} has the rest; {a!} and {b} share {n} "
        "{t}. {a:have=} {m}",
        "how many {t} {b?have=}; how many {b?have=}; how many {t} are {b!s}; <seek> {b's} number of {t}; what number "
        "of {t} {b?have=}; "
        "how many [of the |]{t} belong to {b*}; how many of them are {b!s}; so how many {t} {b?have=}", tense="present",
    ),
    frame(
        "together_did", "-",
        "{a!} and {b} {.@gain-} {n} {t} [together|in all|altogether]. {a.@gain-} {m}[ of them| {t}|]; together {a!} "
        "and {b} {.@gain-} {n} {t}. {a.@gain-} {m}[ of them| {t}|] and {b} the rest",
        "how many {t} {b?@gain-}; how many {b?@gain-}; how many [of the |]{t} {b?@gain-}; how many {t} were {b!s}; "
        "[find|tell] how many {t} {b.@gain-}; what number of {t} {b?@gain-}; how many of them {b?@gain-}; so how many "
        "{t} {b?@gain-}",
        tense="past",
    ),
    frame(
        "seats", "-",
        "[a|the] [bus|train|theater|plane|hall|ferry] has {n} seats. {m} [seats |of them |]are [taken|full]; there "
        "are {n} seats {there}. {m} [are taken|are full|have people on them]; {m} people sit on the {n} seats {there}",
        "how many seats are [empty|free|not taken|left]; how many [empty|free] seats are there; how many seats {~be} "
        "still free; how many more people can sit; <seek> the number of empty seats; how many seats are not taken; "
        "what number of seats is free; "
        "how many people can still sit down", kinds=("people",), tense="present",
    ),
    frame(
        "absent", "-",
        "{n} {who} {:be} invited. {m} [of them |]{.come}; [a|the] [class|school|club|camp] has {n} {who}. {m} [of "
        "them |]{.come}; of {n} {who}, {m} {.[come|stay|show up]}",
        "how many {who} were missing; how many {who} did not come; how many were absent; <seek> the number of missing "
        "{who}; how many {who} were not there; how many of the {who} were absent; "
        "what number of {who} was missing; how many [{who} |]were not with the others", kinds=("people",), tense="past",
    ),
    frame(
        "pages", "-",
        "{a:have=} a [book|story|comic|play] of {n} pages. {a.read-} {m}[ pages| of them|][ so far|]; [a|the] "
        "[book|story|novel] has {n} pages. {a.read-} {m}[ pages|][ so far| on {d1}|]; {a.read-} {m} of the {n} pages "
        "in a book",
        "how many pages {a?have=} left; how many [more |]pages are left; how many pages must {a} [still |]read; how "
        "many more pages are there; how many pages {a?still have=} to read; <seek> the number of pages left; how many "
        "pages has {a} not read; "
        "how many pages are left to read", tense="past",
    ),
    frame(
        "to_do", "-",
        "{a:need=} to {work} {n} {w}. {a.@work-} {m}[ of them|][ so far|]; {a:want=} to {work} {n} {w}. {a.@work-} "
        "{m} [already|{w}|so far]; there {:be-} {n} {w} to {work}. {a.@work-} {m}[ of them|]; {a.@work-} {m} of {n} "
        "{w}",
        "how many [more |]{w} {a?have=} to {work}; how many {w} are left; how many more {w} must {a} {work}; how many "
        "are left to {work}; how many {w} {a?still have=} to {work}; <seek> the number of {w} left; what number of "
        "{w} is left; "
        "how many {w} remain", tense="past",
    ),
    frame(
        "need", "-",
        "{a:have=} {m} {t}. {a:need=} {n}[ {t}| of them|][ in all|]; {a:need=} {n} {t}[ for {a's} {kin}||]. {a:have=} "
        "{m} already; {a:want=} to {make} {n} {t}. so far {a.@make-} {m}; {a:want=} {n} {t}. {a.@gain-} {m}[ {t}|]; "
        "{a's} {p1} {it:hold=} {n} {t}. there are [only |]{m} [{t} |]in it; {a:want=} to have {n} {t}. {a:have=} {m} "
        "now",
        MORE, tense="past",
    ),
    frame(
        "one_for_each", "-",
        "{n} {who} {:come}. {a:have} {m} {t}; {a:want} to give each of {n} {who} {ta}. {a:have} {m}[ {t}|]; there "
        "{:be} {n} {who} and {m} {t}",
        "how many more {t} {~be} needed to give each one; how many {who} get no {t1}; how many {who} do without; how "
        "many more {t} {a?need}; if each gets one, how many {who} get none; how many more {t} for all the {who}; "
        "<seek> how many more {t} are needed; "
        "how many {t} are missing if each needs one", tense="present",
    ),
)  # fmt: skip

GROUPS = (
    frame(
        "groups", "*",
        "there {:be} {n} {p} with {m} {t} in each[ {p1}|]; {a:have} {n} {p}. [each|every] {p1} "
        "{it:[hold|have|contain]} {m} {t}; [each|every|one|a] {p1} {it:[hold|have|contain]} {m} {t}. there {:be} {n} "
        "{p}; there {:be} {n} {p} of {t}. each {it:have} {m}; there {:be} {m} {t} in [each|every|a] {p1}. {a:have} "
        "{n} {p}; {n} {p} [with|of] {m} {t} each {:be} [there|{spot}]; there {:be} {n} {who}. each [of them "
        "|]{it:[have|get|hold]} {m} {t}; {n} {who} {:have} {m} {t} each; {a.put} {m} {t} in each of {n} {p}; "
        "{a.[sort|put|pack]} {a's} {t} into {n} {p} of {m}[ each|]; {n} {who} each {:have} {m} {t}",
        SUM, kinds=ALL,
    ),
    frame(
        "groups_owned", "*",
        "{a:have} {n} {p} with {m} {t} in each[ {p1}|]; {a:have} {n} {p} of {t}. [each|every one|every {p1}] "
        "{it:have} {m}[ {t}|]; {a:have} {n} {p}. there {:be} {m} {t} in each; {a.[buy|get|order|receive|find]} {n} "
        "{p} of {m} {t}[ each|]; {a.fill} {n} {p} with {m} {t}[ each| apiece]; {a.[buy|get]} {n} {p} of {t}. there "
        "{:be} {m} in [each|every|a] {p1}; {a.[plant|lay|set out|arrange]} {n} rows of {m} {t}[ each|]; {a.@gain} {m} "
        "{t} from each of {n} {who}",
        BOTH + "; how many {t} {a?have}; how many {t} is that [in all|altogether|]; "
               "how many {t} {a?have} [in all|altogether|in total]",
    ),
    frame(
        "groups_needed", "*",
        "{a.@make} {m} {t} for each of {n} {who}; {a.give} {m} {t} to each of {n} {who}; {a:want} to give {m} {t} to "
        "each of {n} {who}; {a:have} {n} {who} to visit. each [one |]{it.[get|want|need]} {m} {t}; {a.pack} {n} {p} "
        "with {m} {t} each; [each|every|one] {p1} needs {m} {t}. {a:have} {n} {p}",
        "how many {t} {a?need}; how many {t} {~be} needed[ in all| altogether|]; how many {t} is that [in "
        "all|altogether|]; how many {t} {a?need} [in all|altogether|in total]; <seek> the number of {t} {a:need}; how "
        "many {t} should {a} have; what is the total number of {t}; how many {t} does it take",
    ),
    frame(
        "groups_asked", "*",
        "[each|every|one|a] {p1} [holds|has|contains] {m} {t}; there are {m} {t} in [each|every|one|a] {p1}; {a:put=} "
        "{m} {t} into [each|every] {p1}; it takes {m} {t} to fill [a|one] {p1}; {a:need=} {m} {t} for "
        "[each|every|one] {p1}; {t} come in {p} of {m}",
        "how many {t} [are|fit|go] in {n} {p}; how many {t} do {n} {p} [hold|have|contain|need]; how many {t} are "
        "there in {n} {p}; how many {t} for {n} {p}; <seek> the number of {t} in {n} {p}; {n} {p} have how many {t}; "
        "what number of {t} is in {n} {p}; how many {t} [does {a} have|is that] in {n} {p}; if there are {n} {p}, how "
        "many {t} [are there|is that]",
    ),
    frame(
        "arrays", "*",
        "[a|the] [garden|floor|wall|rug|sheet|field|poster] [measures|is] {n} {lu} by {m} {lu}; a rectangle has sides "
        "of {n} and {m} {lu}; {a:have} a rectangular [yard|field|room|board] of {n} by {m} {lu}",
        "what is its area[ in square {lu}|]; how many square {lu} is that; [find|give] the area; how big is its area; "
        "how large is the area; "
        "the area is how many square {lu}; what area is that; how many square {lu} does it cover", most=2500,
    ),
    frame(
        "rows", "*",
        "[chairs|seats|desks|trees|tiles|{t}] {:be} in {n} rows[,| with] {m} in each row; a [hall|grid|box|choir] has "
        "{n} rows. there are {m} {t} in each row; {a.[make|set up|plant|see]} {n} rows of {t} with {m} in each; {n} "
        "rows of {m} {t} {:stand} {there}",
        "how many is that [in all|altogether|]; how many {?there} [in all|altogether|in total]; what is the total; "
        "altogether how many is that; <seek> the total number; how many are in all the rows; what number is that; "
        "[count|find] all of them",
    ),
    frame(
        "share", "/",
        "{a.[share|split|divide]} {n} {t} [equally |evenly |fairly |]among {m} {who}; {m} {who} {.share} {n} {t}[ "
        "equally| evenly]; {n} {t} {:be} [shared|split|divided] [equally|evenly] [among|between] {m} {who}; {a:have} "
        "{n} {t}. {a.give} [each|every one] of {m} {who} the same number; {a.[pass out|hand out|deal]} {n} {t} to {m} "
        "{who} [equally|fairly|evenly]; {m} {who} {.@gain} {n} {t} and split them [equally|evenly]; {a:have} {n} {t} "
        "for {m} {who}. each {it.get} the same number; {m} {who} {:have} {n} {t} [in all|altogether], the same number "
        "each",
        GET,
    ),
    frame(
        "spread", "/",
        "{a.put} {n} {t} into {m} {p}[, the same number in each| equally| evenly]; {n} {t} {:be} in {m} "
        "[equal|equally full] {p}; {a:have} {n} {t} and {m} {p}. each {p1} {it.get} the same number; {m} {p} {:hold} "
        "{n} {t} [in all|altogether]. all {:be} the same; {a.[divide|split|sort]} {n} {t} into {m} equal {p}; there "
        "{:be} {n} {t} in {m} {p}, each with the same number; {n} {t} {:be} [packed|placed] [equally|evenly] into {m} "
        "{p}; {a:have} {n} {t}. they {:be} in {m} equal {p}",
        EACH, kinds=ALL,
    ),
    frame(
        "boxes", "/",
        "{a:have} {n} {t}. [each|every|one|a] {p1} {it:hold} {m}[ {t}|]; {a.put} {n} {t} into {p} of {m}[ each|]; {n} "
        "{t} {:be} packed, {m} [in each|to a|per] {p1}; {a.@gain} {n} {t} and {.put-} {m} in each {p1}; {a:need} {n} "
        "{t}. they come in {p} of {m}; {a.[sort|put|pack]} {n} {t}, {m} [in each|to each] {p1}; there {:be} {n} {t}. "
        "{m} {t} fit in [each|one|a] {p1}; {a:want} to put {n} {t} into {p} of {m}",
        BOXES, kinds=ALL, tense="past",
    ),
    frame(
        "serve", "/",
        "{a:have} {n} {t}. each {who1} {it.get} {m}; {a.give} {m} {t} to each {who1}. {a:have} {n}[ {t}|]; there "
        "{:be} {n} {t}. every {who1} {it.take} {m}; {a.[split|share|hand out]} {n} {t}. each {who1} {it.get} {m}",
        "how many {who} [get|can get] {t}; how many {who} are there; for how many {who} is that enough; how many "
        "{who} is that; how many {who} can have some; <seek> the number of {who}; to how many {who} can {a} give {t}; "
        "how many {who} [will|can] get them",
    ),
    frame(
        "recipe", "/",
        "it takes {m} {t} to make one {u1}. {a:have} {n} {t}; {a:need=} {m} {t} for [each|every|one] {u1}. {a:have=} "
        "{n}[ {t}|]; one {u1} needs {m} {t}. there are {n} {t}; {a.use} {n} {t} to make {u}. each {u1} {it.need} {m}",
        "how many {u} can {a} make; how many {u} is that; for how many {u} is that enough; how many {u} can be made; "
        "<seek> the number of {u}; how many {u} will that make; what number of {u} can {a} make; how many {u} could "
        "{a} make",
    ),
)  # fmt: skip
