"""Phrases of the clock problems: what lasts, legs of a trip, and the ways to ask.

In: texts with slots. Not in: times, durations, lines of a thought (clock.py).
Invariant: {t}, {a} and {b} are times, {d} and {m} durations, {n} a name, {x} an event, {k} a count.
"""

from __future__ import annotations

ASIDES = (
    "The room number is {n}.", "The ticket costs {n} dollars.", "It is {n} degrees outside.",
    "The train has {n} cars.", "Page {n} is empty.", "The bus has the number {n}.",
    "There are {n} people in the room.", "The sky is blue.", "{n} birds sit on the roof.",
    "The coat has {n} buttons.", "It is raining.", "The key to room {n} is lost.",
)  # fmt: skip
EVENTS = (
    "film", "concert", "lesson", "meeting", "game", "match", "party", "show", "class", "flight", "train ride", "play",
    "race", "speech", "test", "lunch break", "swim", "nap", "bus trip", "walk", "rehearsal", "tour", "picnic", "hike",
)  # fmt: skip
END_ASKS = (
    "The {x} starts at {t} and lasts {d}. When does it end?",
    "The {x} begins at {t}. It lasts {d}. What time is it over?", "What time is it {d} after {t}?",
    "It is {t}. What time will it be in {d}?", "What is {t} plus {d}?",
    "{n} starts the {x} at {t} and needs {d}. When is {n} done?", "A {x} of {d} starts at {t}. When does it finish?",
    "It is {t} now. {n} comes back in {d}. At what time is that?", "Add {d} to {t}.", "{d} after {t}:",
    "The {x} opens at {t} and goes on for {d}. Find the time it ends.",
)  # fmt: skip
START_ASKS = (
    "The {x} ends at {t} and lasted {d}. When did it start?",
    "The {x} is over at {t}. It took {d}. When did it begin?", "What time was it {d} before {t}?",
    "It is {t}. What time was it {d} ago?", "What is {t} minus {d}?",
    "{n} was done at {t} after {d} of work. When did {n} start?", "A {x} of {d} ends at {t}. When does it start?",
    "{n} must be there at {t} and the way takes {d}. When must {n} leave?", "Subtract {d} from {t}.",
    "{d} before {t}:",
)  # fmt: skip
BETWEEN_ASKS = {
    "h:mm": (
        "How long is it from {a} to {b} (h:mm)?", "The {x} starts at {a} and ends at {b}. How long is it, as h:mm?",
        "How much time lies between {a} and the next {b}? Write h:mm.",
        "From {a} until {b}: how long is that in h:mm?",
        "{n} leaves at {a} and comes back at {b}. How long was {n} away (hours:minutes)?",
        "Give the time from {a} to {b} as hours:minutes.",
        "It is {a}. The {x} starts at {b}. How long is the wait (h:mm)?",
        "A {x} runs from {a} until {b}. How long does it last in h:mm?",
    ),
    "minutes": (
        "How many minutes is it from {a} to {b}?", "The {x} starts at {a} and ends at {b}. How many minutes is that?",
        "How many minutes lie between {a} and the next {b}?", "From {a} until {b}: how many minutes?",
        "{n} leaves at {a} and comes back at {b}. For how many minutes was {n} away?",
        "Count the minutes from {a} to {b}.", "It is {a}. The {x} starts at {b}. How many minutes are left?",
        "A {x} runs from {a} until {b}. How long is it in minutes?",
    ),
    "hours": (
        "How many hours is it from {a} to {b}?", "The {x} starts at {a} and ends at {b}. How many hours is that?",
        "How many hours lie between {a} and the next {b}?", "From {a} until {b}: how many hours?",
        "{n} leaves at {a} and comes back at {b}. For how many hours was {n} away?",
        "Count the hours from {a} to {b}.", "It is {a}. The {x} starts at {b}. How many hours are left?",
        "A {x} runs from {a} until {b}. How long is it in hours?",
    ),
}  # fmt: skip
TO_24 = (
    "What is {t} on the 24-hour clock?", "Write {t} as a 24-hour time.", "What does a 24-hour clock show at {t}?",
    "It is {t}. What is that in 24-hour time?", "Give {t} in 24-hour form.", "{t} on a 24-hour clock:",
    "Change {t} to 24-hour time.", "The {x} starts at {t}. What is that on the 24-hour clock?",
)  # fmt: skip
TO_12 = (
    "What does a 12-hour clock show at {t}?", "It is {t}. What does a 12-hour clock show?",
    "What is {t} on a 12-hour clock?", "Write {t} as a 12-hour time, without pm.",
    "Give {t} in 12-hour form without am or pm.", "{t} on a 12-hour clock:",
    "The {x} starts at {t}. What does a 12-hour clock show then?",
    "Where do the hands of a clock stand at {t} (h:mm)?",
)  # fmt: skip
LEG_NOUNS = (
    "a walk of {d}", "a bus ride of {d}", "a wait of {d}", "a train ride of {d}", "lunch for {d}", "a talk of {d}",
    "a rest of {d}", "a stop of {d}", "a game of {d}", "{d} of cleaning", "{d} of reading", "{d} in the shop",
    "{d} by bike", "{d} in a queue", "{d} at the pool", "{d} of practice",
)  # fmt: skip
LEG_SENTENCES = (
    "The bus ride takes {d}.", "The wait takes {d}.", "The walk takes {d}.", "Lunch takes {d}.",
    "The train ride takes {d}.", "A rest takes {d}.", "The visit lasts {d}.", "The shopping takes {d}.",
    "The lesson lasts {d}.", "A talk lasts {d}.", "The way home takes {d}.", "The stop lasts {d}.",
)  # fmt: skip
THEN_ASKS = (
    "When is {n} done?", "What time is it then?", "At what time is all of this over?", "When does {n} finish?",
    "What does the clock show at the end?", "At what time does the last part end?", "So what time is it after that?",
    "Find the time at the end.",
)  # fmt: skip
LEFT_ASKS = (
    "When did {n} start?", "What time was it at the start?", "At what time did all of this begin?",
    "When did {n} leave?", "What did the clock show at the start?", "At what time did the first part begin?",
    "So when did it begin?", "Find the time of the start.",
)  # fmt: skip
TURN_STARTS = (
    "The clock shows {t}.", "A clock stands at {t}.", "The {x} is planned for {t}.", "Take the time {t}.",
    "It is {t}.", "The {x} is set to start at {t}.",
)  # fmt: skip
TURNS = {
    "+": ("Go {d} forward.", "Then go {d} ahead.", "Move it {d} later.", "Add {d}.", "Then move {d} forward."),
    "-": ("Go {d} back.", "Then go back {d}.", "Move it {d} earlier.", "Subtract {d}.", "Then move {d} back."),
}
TURN_ASKS = (
    "What time is it now?", "Which time is that?", "What time do you get?", "What is the time at the end?",
    "What is the new time?", "So what time is it?", "Give the time at the end.", "Where does the clock stand now?",
)  # fmt: skip
TOGETHER_STARTS = (
    "{n} does this:", "The plan is:", "A day has these parts:", "{n} spends", "The trip has these parts:", "Parts:",
)  # fmt: skip
TOGETHER_ASKS = {
    "h:mm": (
        "How long is that in all (h:mm)?", "How much time is that together, as h:mm?",
        "What is the total in hours:minutes?", "How long does all of it take (h:mm)?", "Give the sum as h:mm.",
        "Add it all up and write h:mm.", "What is the whole time in h:mm?",
        "How long is everything together (hours:minutes)?",
    ),
    "minutes": (
        "How many minutes is that in all?", "How many minutes is that together?", "What is the total in minutes?",
        "How many minutes does all of it take?", "Give the sum in minutes.", "Add it all up in minutes.",
        "What is the whole time in minutes?", "How long is everything together in minutes?",
    ),
}  # fmt: skip
BREAK_STARTS = (
    "{n} works from {a} to {b}, less breaks:", "The {x} runs from {a} to {b}, with pauses:",
    "{n} was out from {a} until {b}. Not to be counted:", "A shop is open from {a} to {b} but for these breaks:",
    "{n} studies from {a} to {b} with breaks:", "From {a} to {b}, without",
)  # fmt: skip
BREAK_ASKS = {
    "h:mm": (
        "How long is it without the breaks (h:mm)?", "How much time remains, as h:mm?",
        "What is left in hours:minutes?", "How long is the rest (h:mm)?", "Give the remaining time as h:mm.",
        "Write what is left as h:mm.", "What remains of it in h:mm?", "How long is that time in hours:minutes?",
    ),
    "minutes": (
        "How many minutes is it without the breaks?", "How many minutes remain?", "What is left in minutes?",
        "How long is the rest in minutes?", "Give the remaining time in minutes.", "Write what is left in minutes.",
        "How many minutes of it remain?", "How many minutes is that?",
    ),
}  # fmt: skip
LAPS = (
    "{k} lessons of {m} minutes each",
    "{k} rounds of {m} minutes each",
    "{k} times {m} minutes",
    "{k} games of {m} min each",
)
