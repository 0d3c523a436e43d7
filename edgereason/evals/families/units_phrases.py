"""Units and their factors, and the phrases of the problems about them.

In: texts with slots, names of units, which unit is how many of which. Not in: quantities, expressions (units.py).
Invariant: {q}, {l}, {s} and {w} are quantities, {u} is the unit asked for, {n} a name, {x} a thing, {k} a count.
"""

from __future__ import annotations

Chain = tuple[tuple[str, ...], tuple[int, ...]]  # units from large to small, factors between them

UNITS = {  # unit: plural, abbreviation, another spelling
    "kilometer": ("kilometers", "km", "kilometre"), "meter": ("meters", "m", "metre"),
    "decimeter": ("decimeters", "dm", "decimetre"), "centimeter": ("centimeters", "cm", "centimetre"),
    "millimeter": ("millimeters", "mm", "millimetre"), "ton": ("tons", "t", "tonne"),
    "kilogram": ("kilograms", "kg", "kilo"), "gram": ("grams", "g", "gram"), "liter": ("liters", "l", "litre"),
    "centiliter": ("centiliters", "cl", "centilitre"), "milliliter": ("milliliters", "ml", "millilitre"),
    "decade": ("decades", "", "decade"), "century": ("centuries", "", "century"), "year": ("years", "yr", "year"),
    "month": ("months", "", "month"), "week": ("weeks", "wk", "week"), "day": ("days", "d", "day"),
    "hour": ("hours", "h", "hour"), "minute": ("minutes", "min", "minute"), "second": ("seconds", "s", "second"),
    "dollar": ("dollars", "", "dollar"), "cent": ("cents", "c", "cent"), "dime": ("dimes", "", "dime"),
    "nickel": ("nickels", "", "nickel"), "quarter": ("quarters", "", "quarter"), "euro": ("euros", "", "euro"),
    "mile": ("miles", "mi", "mile"), "yard": ("yards", "yd", "yard"), "foot": ("feet", "ft", "foot"),
    "inch": ("inches", "in", "inch"), "stone": ("stones", "st", "stone"), "pound": ("pounds", "lb", "pound"),
    "ounce": ("ounces", "oz", "ounce"), "gallon": ("gallons", "gal", "gallon"), "quart": ("quarts", "qt", "quart"),
    "pint": ("pints", "pt", "pint"), "cup": ("cups", "", "cup"), "tablespoon": ("tablespoons", "tbsp", "tablespoon"),
    "teaspoon": ("teaspoons", "tsp", "teaspoon"), "dozen": ("dozen", "", "dozen"), "egg": ("eggs", "", "egg"),
    "pair": ("pairs", "", "pair"), "sock": ("socks", "", "sock"), "quid": ("quid", "", "quid"),
    "penny": ("pence", "p", "penny"),
}  # fmt: skip
KINDS: dict[str, tuple[Chain, ...]] = {
    "length": (
        (("meter", "centimeter"), (100,)), (("centimeter", "millimeter"), (10,)), (("kilometer", "meter"), (1000,)),
        (("decimeter", "centimeter"), (10,)), (("foot", "inch"), (12,)), (("yard", "foot"), (3,)),
        (("yard", "foot", "inch"), (3, 12)), (("meter", "decimeter", "centimeter"), (10, 10)),
        (("meter", "centimeter", "millimeter"), (100, 10)),
    ),
    "weight": (
        (("kilogram", "gram"), (1000,)), (("ton", "kilogram"), (1000,)), (("pound", "ounce"), (16,)),
        (("stone", "pound"), (14,)), (("stone", "pound", "ounce"), (14, 16)),
    ),
    "volume": (
        (("liter", "milliliter"), (1000,)), (("liter", "centiliter"), (100,)), (("gallon", "quart"), (4,)),
        (("quart", "pint"), (2,)), (("pint", "cup"), (2,)), (("tablespoon", "teaspoon"), (3,)),
        (("gallon", "quart", "pint"), (4, 2)), (("quart", "pint", "cup"), (2, 2)),
        (("gallon", "quart", "pint", "cup"), (4, 2, 2)), (("liter", "centiliter", "milliliter"), (100, 10)),
    ),
    "time": (
        (("week", "day"), (7,)), (("day", "hour"), (24,)), (("hour", "minute"), (60,)), (("minute", "second"), (60,)),
        (("year", "month"), (12,)), (("decade", "year"), (10,)), (("century", "year"), (100,)),
        (("week", "day", "hour"), (7, 24)), (("hour", "minute", "second"), (60, 60)),
        (("day", "hour", "minute"), (24, 60)), (("decade", "year", "month"), (10, 12)),
    ),
    "money": (
        (("dollar", "cent"), (100,)), (("euro", "cent"), (100,)), (("quid", "penny"), (100,)),
        (("dime", "cent"), (10,)), (("nickel", "cent"), (5,)), (("quarter", "cent"), (25,)),
    ),
    "count": ((("dozen", "egg"), (12,)), (("pair", "sock"), (2,))),
}  # fmt: skip
TWO = tuple((kind, chain) for kind, chains in KINDS.items() for chain in chains if len(chain[0]) == 2)
DEEP = tuple((kind, chain) for kind, chains in KINDS.items() for chain in chains if len(chain[0]) > 2)
THINGS = {
    "length": ("board", "rope", "ribbon", "pipe", "wire", "hedge", "shelf", "carpet", "fence", "cable"),
    "weight": ("bag", "box", "parcel", "melon", "crate", "statue", "pumpkin", "basket", "fish", "sack"),
    "volume": ("bucket", "jug", "tank", "bottle", "bowl", "barrel", "pot", "can", "kettle", "jar"),
    "time": ("trip", "course", "project", "visit", "job", "test", "holiday", "task", "voyage", "storm"),
    "money": ("ticket", "toy", "book", "lunch", "game", "cap", "present", "kite", "pen", "drink"),
    "count": ("box", "bag", "basket", "drawer", "crate", "shelf", "parcel", "carton", "cart", "bin"),
}
LONGER = {"length": "longer", "weight": "heavier", "volume": "more", "time": "longer", "money": "more", "count": "more"}
ASIDES = (
    "The room has {n} windows.", "The bus has the number {n}.", "Page {n} is empty.", "It is {n} degrees outside.",
    "There are {n} people here.", "The sky is blue.", "{n} birds sit on the roof.", "The house has the number {n}.",
    "It is raining.", "There are {n} pictures on the wall.", "The key to room {n} is lost.",
    "The shop sells {n} kinds of tea.",
)  # fmt: skip
UP = (
    "How many {u} are {q}?", "How many {u} are in {q}?", "How many {u} is {q}?", "Convert {q} to {u}.",
    "What is {q} in {u}?", "Change {q} into {u}.", "Write {q} in {u}.", "{q} = how many {u}?", "{q} in {u}:",
    "Give {q} in {u}.", "{n} has {q}. How many {u} is that?", "Express {q} in {u}.",
    "The {x} is {q}. What is that in {u}?",
)  # fmt: skip
MORE = (
    "{n} adds {l}. How many {u} is that in all?", "What is {l} together, in {u}?", "How many {u} are {l} together?",
    "Add {l}. Give the sum in {u}.", "There is a {x} of {l}. How many {u} is that in total?",
    "Find the sum of {l} in {u}.", "{n} has {l}. How many {u} does {n} have?", "What is the total of {l}, in {u}?",
    "{l}: how many {u} in all?",
)  # fmt: skip
LESS = (
    "From a {x} of {q}, {l} is taken. How many {u} are left?", "{n} has {q} and uses {l}. How many {u} remain?",
    "Take {l} away from {q}. How many {u} is that?", "What is {q} less {l}, in {u}?",
    "Subtract {l} from {q}. Answer in {u}.", "Of {q}, {l} is gone. What is left, in {u}?",
    "There was {q}. Then {l} was used up. How many {u} are there now?", "How many {u} remain of {q} without {l}?",
)  # fmt: skip
GAP = (
    "How many {u} is {q} more than {l}?", "By how many {u} does {q} exceed {l}?",
    "What is {q} minus {l} in {u}?",
    "One {x} is {q}, another is {l}. How many {u} is the difference?",
    "{n} has {q} and needs only {l}. How many {u} too many is that?", "How many {u} less than {q} is {l}?",
    "How many {u} must be added to {l} to make {q}?", "From {l} to {q}: how many {u} more?",
)  # fmt: skip
TIMES = (
    "A {x} is {q}. How many {u} are {k} of them together?", "What is {k} times {q}, in {u}?",
    "How many {u} are {k} times {q}?", "{n} has {k} of {q} each. How many {u} is that in all?",
    "Multiply {q} by {k}. Answer in {u}.", "{k} parts of {q} each: how many {u}?",
    "Each {x} is {q}. Find the total of {k} in {u}.", "Take {q} {k} times. How many {u} is that?",
)  # fmt: skip
SHARED = (
    "{q} is cut into {k} equal parts. How many {u} is each?", "What is {q} divided by {k}, in {u}?",
    "Divide {q} by {k}. Answer in {u}.", "{n} splits {q} into {k} equal shares. How many {u} is one share?",
    "A {x} of {q} is shared by {k} people. How many {u} does each get?",
    "{k} equal parts make {q}. How many {u} is one part?", "Share {q} among {k}: how many {u} each?",
    "One of {k} equal parts of {q} is how many {u}?",
)  # fmt: skip
COMPARE = {
    ">": (
        "Is {q} {m} than {l}?", "One {x} is {q}, another is {l}. Is the first one {m}?",
        "Is it true that {q} is {m} than {l}?", "{n} has {q} and needs {l}. Is {q} {m} than {l}?",
        "Compare {q} with {l}. Is the first {m}?", "Yes or no: is {q} {m} than {l}?",
        "Would you say that {q} is {m} than {l}?", "First {q}, then {l}. Is the first {m}?",
    ),
    "<": (
        "Is {q} less than {l}?", "One {x} is {q}, another is {l}. Is the first one less?",
        "Is it true that {q} is less than {l}?", "{n} has {q} and needs {l}. Is {q} less than {l}?",
        "Compare {q} with {l}. Is the first less?", "Yes or no: is {q} less than {l}?",
        "Would you say that {q} is less than {l}?", "First {q}, then {l}. Is the first less?",
    ),
}  # fmt: skip
LARGER = (
    "Which is {m}, {q} or {l}? Give it in {u}.", "Take the larger one: {q} or {l}. How many {u} is it?",
    "Which is {m}: {q} or {l}? Answer in {u}.", "One {x} is {q}, another is {l}. How many {u} is the larger one?",
    "{n} has {q} or {l}, whichever is larger. How many {u} is that?", "Either {q} or {l}: write the larger in {u}.",
    "What is larger, {q} or {l}, in {u}?", "Find the larger one in {u}: {q} or {l}.",
)  # fmt: skip
LEFT_OVER = (
    "{s} are {w} and how many {u}?", "{s} make {w} and some {u}. How many {u}?",
    "Take {w} out of {s}. How many {u} are left over?", "{s} is the same as {w} and how many {u}?",
    "How many {u} are left over when {s} are written as {w} and {u}?", "{s} = {w} and how many {u}?",
    "{n} waits for {w}. How many {u} more make {s}?", "How many {u} does {s} have beyond {w}?",
)  # fmt: skip
