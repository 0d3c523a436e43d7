"""Words of the stories: names, nouns by kind, verbs by what they do, and how English bends them.

In: word lists, plurals, verb forms, made-up words. Not in: sentences, numbers, drawing of scenes.
Invariant: nouns are stored in the singular and verbs in the base form; `plural` and `conjugated` do the bending.
A share of made-up words ("snarb", "Torvand") keeps a reader from leaning on the words instead of the sentence.
"""

from __future__ import annotations

from random import Random

PSEUDO_SHARE = 0.12


def _words(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())


def _listed(text: str) -> tuple[str, ...]:
    """Return the entries of a comma separated list."""
    return tuple(entry.strip() for entry in text.split(","))


GIRLS = _words(
    "Ana Mia Emma Lily Sara Nora Zoe Eva Kate Anna Julia Alice Rosa Maria Lucy Jane Grace Ella Mary Sally Nancy Joan "
    "Amy Olivia Sophia Isabel Chloe Hannah Megan Rachel Laura Linda Susan Karen Betty Helen Diana Ruth Sharon Carol "
    "Wendy Paula Tina Gina Fiona Heidi Ingrid Priya Aisha Fatima Leila Yuki Mei Ling Naomi Clara Daisy Ivy Hazel "
    "Violet Ruby Pearl Stella Bella Maya Layla Jasmine Brianna Tiffany Melissa Nicole Vanessa Angela Carmen Lucia "
    "Elena Irina Tanya Katie Jenny Cindy Mandy Penny Robin Haley Faith Joy April June Joyce Beth Jill Kim Marta Nina"
)
BOYS = _words(
    "Tom Ben Sam Leo Max Dan Jack Paul Omar Ivan Luke Noah Adam Eric Mark John David Mike Peter Fred Tim Bob Jim Bill "
    "Liam Ethan Mason Logan Jacob Lucas Oliver Henry Owen Caleb Isaac Nathan Aaron Tyler Kevin Brian Jason Justin "
    "Ryan Kyle Sean Patrick Thomas Robert James Edward George Frank Victor Oscar Hugo Felix Simon Martin Anton Boris "
    "Diego Carlos Luis Pablo Miguel Jorge Raj Arjun Sanjay Ali Hassan Ahmed Kenji Hiro Wei Chen Andre Marcus Darius "
    "Jamal Tyrone Randy Danny Billy Bobby Tommy Jerry Larry Harry Barry Gary Roger Ralph Steven Scott Craig Zach Cody "
    "Dylan"
)
SURNAMES = _words(
    "Hall Reed Smith Jones Brown Lopez Garcia Kim Patel Nguyen Young King Wright Hill Green Adams Baker Carter Turner "
    "Parker Evans Morris Cook Bell Ward Gray Brooks Price Wood Ross Foster Long Hughes Fox Stone Snow Winters Bates "
    "Lane Marsh Pratt Silva Cohen Novak"
)
ROLES = _listed(
    "baker, farmer, teacher, cook, gardener, carpenter, painter, tailor, librarian, shopkeeper, grocer, fisherman, "
    "builder, clerk, coach, chef, florist, mechanic, nurse, pilot, postman, waiter, zookeeper, beekeeper, butcher, "
    "cashier, plumber, sailor, scientist, shepherd, vendor, artist, collector, driver, guard, janitor, juggler, "
    "magician, miner, neighbor, toymaker, trader, rancher, potter, jeweler, hunter, king, queen, giant, pirate, girl, "
    "boy, student"
)
KIN = _listed(
    "mother, father, sister, brother, aunt, uncle, cousin, grandmother, grandfather, friend, neighbor, teacher, "
    "roommate"
)

FOOD = _listed(
    "apple, pear, orange, banana, plum, peach, grape, lemon, lime, cherry, strawberry, blueberry, raspberry, melon, "
    "mango, kiwi, apricot, fig, date, coconut, pineapple, tomato, potato, carrot, onion, pepper, cucumber, pumpkin, "
    "radish, turnip, cabbage, mushroom, bean, egg, cookie, cake, cupcake, muffin, pie, brownie, donut, bagel, "
    "pancake, waffle, sandwich, taco, burrito, hot dog, hamburger, meatball, pizza, slice of pizza, slice of bread, "
    "loaf of bread, candy, gumdrop, lollipop, gumball, jelly bean, chocolate bar, candy cane, piece of candy, piece "
    "of gum, peanut, walnut, almond, cracker, pretzel, chip, popsicle, ice cream cone, cherry tomato, ear of corn, "
    "jar of jam, can of soup, bottle of juice, bottle of water, carton of milk, pound of sugar, pound of flour, cup "
    "of rice, bag of chips, tea bag, biscuit, dumpling, sausage, steak, olive, avocado, marshmallow, oatmeal bar, "
    "bunch of grapes, slice of cake, fruit tart, spring roll"
)
THING = _listed(
    "marble, sticker, card, baseball card, coin, shell, seashell, stamp, bead, button, toy, toy car, doll, puzzle, "
    "kite, balloon, block, ball, tennis ball, baseball, bottle cap, rock, pebble, crystal, gem, ribbon, bracelet, "
    "necklace, ring, book, comic book, magazine, notebook, pencil, pen, crayon, marker, eraser, ruler, folder, paper "
    "clip, sheet of paper, envelope, letter, postcard, picture, photo, poster, painting, drawing, badge, medal, "
    "trophy, ticket, token, game, video game, board game, movie, song, record, shirt, sock, hat, cap, scarf, glove, "
    "shoe, coat, dress, skirt, belt, tie, pair of shoes, pair of socks, cup, plate, bowl, spoon, fork, knife, mug, "
    "glass, pot, pan, candle, lamp, light bulb, chair, table, pillow, blanket, towel, clock, watch, key, lock, box, "
    "basket, bucket, bottle, can, jar, nail, screw, bolt, brick, tile, board, rope, battery, flashlight, umbrella, "
    "tent, backpack, wallet, phone, camera, computer, magnet, wheel, bike, skateboard, drum, whistle, bell, flag, "
    "lantern, mask, robot, spinner, yo-yo, top, jigsaw piece, sponge, soap bar, toothbrush, comb, brush, hair clip, "
    "button pin, flower pot, seed, flower, rose, tulip, daisy, lily, leaf, acorn, pine cone, twig, stick, log, plant, "
    "bush, tree, feather, stone, bag of flour, bag of sand, roll of tape, ball of yarn, block of wood, bar of soap, "
    "can of paint, piece of chalk, stuffed animal, trading card, model plane, paper plane, paper crane, action "
    "figure, glass bead, gold coin, silver coin, movie ticket, raffle ticket, party hat, gift, present, prize, "
    "package, newspaper, quilt, bandage, straw, napkin, water balloon, rubber band, rubber duck"
)
LAND = _listed(
    "dog, puppy, cat, kitten, rabbit, horse, cow, sheep, goat, pig, mouse, squirrel, fox, deer, monkey, lion, tiger, "
    "bear, elephant, zebra, camel, hamster, turtle, lizard, frog, toad, ant, beetle, caterpillar, spider, snail, "
    "worm, donkey, kangaroo, hedgehog, raccoon, chipmunk, calf, lamb, llama, panda, giraffe, cricket, grasshopper"
)
BIRDS = _listed(
    "bird, duck, duckling, goose, swan, hen, chick, pigeon, crow, owl, parrot, sparrow, robin, eagle, seagull, "
    "butterfly, bee, fly, ladybug, dragonfly, moth, bat, finch, dove, turkey"
)
FISH = _listed("fish, goldfish, shark, whale, dolphin, crab, seal, tadpole, salmon, penguin, otter, starfish, guppy")
PEOPLE = _listed(
    "child, student, boy, girl, man, woman, person, passenger, visitor, guest, player, teacher, worker, customer, "
    "dancer, singer, swimmer, runner, friend, soldier, sailor, tourist, parent, neighbor, camper, scout, clown, fan, "
    "skater, adult, kid, actor, rider, hiker, farmer, cook, nurse"
)
VEHICLES = _listed(
    "car, truck, bus, van, bike, boat, ship, train, taxi, scooter, motorcycle, tractor, wagon, canoe, plane"
)
NOUNS = {"food": FOOD, "thing": THING, "land": LAND, "bird": BIRDS, "fish": FISH, "people": PEOPLE, "vehicle": VEHICLES}
ADJECTIVES = _listed(
    "red, blue, green, yellow, white, black, purple, pink, orange, brown, big, small, large, tiny, new, old, shiny, "
    "round, wooden, plastic, striped, broken, fresh, spotted"
)
COLOURS = ("red", "blue", "green", "yellow", "white", "black", "purple", "pink", "orange", "brown", "gray", "silver")
CONTAINERS = _listed(
    "box, bag, basket, jar, drawer, crate, tray, pack, packet, carton, bucket, bowl, case, bin, tub, tin, sack, "
    "pouch, chest, cabinet, shelf, album, folder, envelope, bottle, can, plate, table, cage, pen, tank, barn, row, "
    "pile, stack, bunch, bundle, group, set, team, rack, suitcase, locker, cart, wagon, truck, room, van, tent, page, "
    "vase, bed, bush"
)
PLACES = _listed(
    "at the park, at the market, at the store, at the fair, at the beach, at school, at home, at the zoo, at the "
    "mall, at the farm, at the museum, at the library, at the party, at the bakery, at the toy shop, at the yard "
    "sale, at the carnival, at the circus, at the lake, in the garden, in the yard, in the attic, in the kitchen, in "
    "the forest, in the garage, in the classroom, in town, in the city, in the village, on the farm, on the "
    "playground, on the bus, by the river, near the pond, near the bridge, on the beach, on the road, on the trip, in "
    "the barn, in the field, during recess, during lunch, during the game, on vacation, for the party, for school, "
    "for the picnic"
)
SPOTS = _listed(
    "on the table, in the box, in the drawer, on the shelf, in the basket, in the bag, in the jar, on the desk, in "
    "the bowl, on the floor, in the closet, in the room, in the yard, on the tray, in the cabinet, in the store, in "
    "the shop, in the kitchen, in the garage, on the counter, on the bench, in the crate, in the cupboard, in the "
    "attic, in the chest"
)
RANGES = _listed(
    "in the park, in the field, on the farm, in the yard, near the barn, in the forest, at the zoo, on the hill, by "
    "the gate, in the garden, under the tree, behind the house, on the beach, in the meadow, beside the road"
)
HALLS = _listed(
    "on the bus, on the train, in the room, in the gym, at the party, in the park, in the theater, at the museum, in "
    "line, on the beach, in the pool, at the concert, in the library, in the hall, on the boat, on the team, in the "
    "club, at the camp, at the playground, in the cafe, in the class, on the plane, in the choir, on the ferry"
)
WATERS = _listed(
    "in the pond, in the tank, in the lake, in the river, in the sea, in the pool, in the bay, in the aquarium"
)
TREES = _listed(
    "in a tree, on a fence, on a roof, on a wire, by the lake, in a nest, on a branch, in the sky, on a wall"
)
LOTS = _listed(
    "in the parking lot, on the street, at the station, in the harbor, on the road, in the garage, at the dock"
)

GAINS = _listed(
    "buy, find, get, receive, collect, win, earn, borrow, order, gather, discover, pick up, obtain, acquire, bring "
    "home, purchase, come across, be given, be sent, be handed, get back, bring in, fetch, unpack, rent, inherit, "
    "bring back, save, add, dig up, be offered, stumble upon, take in, trade for, haul in, pick out, snap up, load, "
    "carry in, put in, grab, claim, dig out, be lent, store, be awarded, buy online, unwrap, stock"
)
MAKES = _listed(
    "make, draw, paint, build, craft, design, produce, finish, prepare, put together, wrap, fix, create, print"
)
GROWS = _listed("bake, cook, pick, harvest, grow, slice, prepare, gather, peel, wash, make, serve, pack, steam")
LOSSES = _listed(
    "give away, lose, sell, use, throw away, donate, hand out, give back, trade away, drop, mail, leave behind, "
    "return, lend, misplace, use up, get rid of, pass out, ship, send away, break, burn, discard, toss out, recycle, "
    "bury, hand over, pack away, trash, smash, waste, remove, take out, turn in, give out, ship off, auction off, "
    "forget, damage, ruin, deliver, let go of, part with, swap away, crush, scrap, trade in, wear out, cut up, put "
    "away, give to charity, hide"
)
EATS = _listed(
    "eat, serve, gobble up, swallow, devour, chew up, share with friends, feed to the birds, spill, cook, taste"
)
SPOILS = _listed(
    "broke, fell off, rolled away, got lost, disappeared, went missing, got wet, were stolen, were broken, were "
    "thrown out, were sold, were lost, were washed away, were taken, were given away, were ruined, were damaged, "
    "vanished, blew away, were left behind, sank, were crushed, cracked, were borrowed, fell apart, burned, were used"
)
ROTS = _listed(
    "melted, spoiled, rotted, went bad, were eaten, were eaten by a goat, were eaten by birds, were burned, fell on "
    "the floor, were eaten by mice, dried up, were moldy, got squashed, were eaten by a dog, froze, went stale, were "
    "served"
)
COMES = {
    "land": _listed(
        "come, arrive, join them, show up, run over, walk up, appear, wander in, come along, hop in, crawl in"
    ),
    "bird": _listed(
        "come, arrive, join them, fly in, land there, fly over, appear, come along, flutter in, settle there"
    ),
    "fish": _listed("swim over, swim in, join them, come, appear, arrive, be added, be put in, show up, drift in"),
    "people": _listed(
        "come, arrive, join, join them, show up, walk in, get on, come in, enter, turn up, sit down, hurry in"
    ),
    "vehicle": _listed(
        "arrive, come, drive up, pull in, show up, roll in, join them, stop there, be parked there, park"
    ),
}
GOES = {
    "land": _listed(
        "leave, run away, go away, walk away, hop away, wander off, escape, hide, crawl away, be taken away"
    ),
    "bird": _listed("fly away, leave, fly off, go away, be scared off, take off, flutter away, disappear, fly south"),
    "fish": _listed(
        "swim away, leave, be caught, be sold, be eaten, dive down, disappear, be moved away, die, drift off"
    ),
    "people": _listed(
        "leave, go home, get off, walk away, walk out, go away, move away, drop out, fall asleep, run off, quit"
    ),
    "vehicle": _listed(
        "leave, drive away, drive off, pull out, go away, be towed, depart, roll away, be sold, break down"
    ),
}
STAYS = {
    "land": _listed("be, sleep, eat, play, rest, run around, hide, live, stand, wander"),
    "bird": _listed("be, sit, perch, rest, sing, sleep, gather, be resting"),
    "fish": _listed("be, swim, live, play, float, splash, hide"),
    "people": _listed("be, sit, wait, play, stand, work, meet, talk, sing, rest"),
    "vehicle": _listed("be, wait, stand, be parked, stop"),
}
STANDS = {"land": RANGES, "bird": TREES, "fish": WATERS, "people": HALLS, "vehicle": LOTS}
WORK = {  # verb: what is done; how much of it in a unit of time
    "read": ("page", "book", "chapter", "story"), "write": ("letter", "page", "poem", "word"),
    "bake": ("cookie", "cake", "pie", "loaf of bread", "muffin"), "pick": ("apple", "flower", "berry", "peach"),
    "paint": ("door", "wall", "picture", "fence", "chair"), "plant": ("tree", "seed", "bush", "rose"),
    "type": ("word", "page", "line"), "make": ("toy", "bracelet", "paper crane", "sandwich", "part", "wheel"),
    "wash": ("car", "dish", "window", "shirt", "plate"), "sew": ("button", "shirt", "dress", "patch"),
    "fold": ("shirt", "towel", "paper plane", "napkin"), "build": ("chair", "table", "birdhouse", "robot"),
    "deliver": ("package", "newspaper", "letter", "pizza"), "milk": ("cow", "goat"), "answer": ("question", "email"),
    "solve": ("puzzle", "problem", "riddle"), "catch": ("fish", "crab", "butterfly"), "sell": ("ticket", "car", "book"),
    "print": ("poster", "page", "card"), "pack": ("box", "bag", "lunch"), "drink": ("glass of water", "cup of tea"),
    "eat": ("grape", "peanut", "cracker", "carrot"), "clean": ("room", "window", "cage"), "repair": ("bike", "clock"),
    "draw": ("picture", "map", "card"), "weave": ("basket", "rug"), "carve": ("spoon", "whistle"), "knit": ("scarf",
    "hat"),
    "feed": ("duck", "rabbit", "horse"), "chop": ("log", "carrot"), "dig": ("hole",), "learn": ("word", "song",
    "trick"),
    "watch": ("movie", "show"), "use": ("sheet of paper", "egg", "nail"), "carry": ("bucket", "box", "brick"),
    "do": ("push-up", "sit-up", "chore", "worksheet"), "run": ("lap", "mile", "kilometer"), "swim": ("lap",),
    "walk": ("mile", "block", "dog", "kilometer"), "bike": ("mile", "kilometer"), "assemble": ("toy", "phone"),
    "collect": ("egg", "shell", "stamp", "can"), "wrap": ("gift", "present"), "load": ("truck", "cart"),
    "teach": ("class", "lesson"), "visit": ("city", "museum", "patient"), "grade": ("test",
    "paper"), "lift": ("crate",),
    "score": ("point", "goal"), "shovel": ("driveway",), "iron": ("shirt",), "sharpen": ("pencil", "knife"),
    "water": ("plant", "flower pot"), "lay": ("brick", "tile"), "fill": ("bottle", "jar", "sandbag"), "cut": ("log",
    "cake"),
}  # fmt: skip
TIMES = ("minute", "hour", "day", "week", "month", "year")
MACHINES = _listed(
    "machine, factory, printer, robot, hen, bakery, bee, truck, engine, train, car, store, cafe, fountain, pump, "
    "mill, farm"
)
LENGTHS = ("foot", "inch", "meter", "centimeter", "yard")
DISTANCES = ("miles", "miles", "kilometers", "blocks", "meters")
WEIGHTS = ("pound", "ounce", "gram", "kilogram", "ton")
VOLUMES = ("liter", "gallon", "cup", "quart", "milliliter", "bucket", "glass")
SORTS = (("boys", "girls"), ("men", "women"), ("adults", "children"), ("teachers", "students"), ("players", "coaches"),
         ("fourth graders", "fifth graders"), ("parents", "babies"), ("actors", "singers"))  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "March", "April", "May", "June", "July", "August", "October")
WHENS = _listed(
    "yesterday, last week, then, later, after that, after lunch, in the morning, in the afternoon, the next day, "
    "today, at noon, a little later, next, after school, over the weekend, that night, in the evening, before dinner, "
    "afterwards"
)

_PLURALS = {
    "foot": "feet", "mouse": "mice", "goose": "geese", "child": "children", "man": "men", "woman": "women",
    "fish": "fish",
    "person": "people", "sheep": "sheep", "deer": "deer", "goldfish": "goldfish", "leaf": "leaves", "knife": "knives",
    "shelf": "shelves", "loaf": "loaves", "calf": "calves", "scarf": "scarves", "salmon": "salmon",
    "potato": "potatoes",
    "tomato": "tomatoes", "fisherman": "fishermen", "starfish": "starfish", "half": "halves", "paper": "papers",
}  # fmt: skip
_OPEN = _words("b d f g k l m n p r s t v z")
_ONSETS = _words("b bl br d dr f fl fr g gl gr k kl kr m n p pl pr r s sn sk sl sp st t tr v w z")
_ENDS = _words("ft lb ld lf lk lm lp lt mp nd rb rf rk rm rn rp sk sp")
_AVOIDED = _words("nig neg fag tit pis rap kum kik gim pim kurd turk finn")  # what they would sound like
_PASTS = dict(
    pair.split(":")
    for pair in _words(
        "buy:bought find:found get:got win:won bring:brought come:came dig:dug take:took snap:snapped put:put "
        "grab:grabbed make:made draw:drew build:built grow:grew give:gave lose:lost sell:sold throw:threw "
        "drop:dropped leave:left lend:lent send:sent break:broke hide:hid let:let wear:wore cut:cut eat:ate feed:fed "
        "spill:spilled run:ran fly:flew swim:swam go:went fall:fell sit:sat stand:stood sleep:slept sing:sang "
        "meet:met read:read write:wrote sew:sewed catch:caught drink:drank weave:wove knit:knitted chop:chopped "
        "do:did teach:taught wrap:wrapped lay:laid have:had pay:paid spend:spent cost:cost keep:kept need:needed "
        "drive:drove ride:rode hold:held rise:rose hop:hopped quit:quit tow:towed ship:shipped swap:swapped "
        "trade:traded stop:stopped pack:packed fix:fixed say:said see:saw sink:sank think:thought split:split "
        "begin:began show:showed mow:mowed scrap:scrapped tell:told bite:bit know:knew drift:drifted sweep:swept "
        "blow:blew set:set plan:planned be:was"
    )
)


def plural(noun: str) -> str:
    """Return several of a noun; "bag of flour" bends its first word, "bottle cap" its last."""
    head, of, rest = noun.partition(" of ")
    if of:
        return plural(head) + of + rest
    front, blank, last = noun.rpartition(" ")
    if last in _PLURALS:
        last = _PLURALS[last]
    elif last.endswith(("s", "x", "ch", "sh", "z")):
        last += "es"
    elif last.endswith("y") and last[-2] not in "aeiou-":
        last = last[:-1] + "ies"
    else:
        last += "s"
    return front + blank + last


def with_article(noun: str) -> str:
    """Return "a pear", "an apple"."""
    return ("an " if noun[0].lower() in "aeiou" and not noun.startswith(("use", "uni")) else "a ") + noun


def conjugated(verb: str, tense: str, person: str) -> str:
    """Return a verb in "past", "present" or "future" for "I", "it" or "they" (which is also you and we)."""
    head, blank, rest = verb.partition(" ")
    if tense == "future":
        return f"will {verb}"
    if head == "be":
        forms = {"I": ("am", "was"), "it": ("is", "was"), "they": ("are", "were")}[person]
        return forms[tense == "past"] + blank + rest
    if tense == "past":
        return _past(head) + blank + rest
    return (_third(head) if person == "it" else head) + blank + rest


def _past(verb: str) -> str:
    """Return the past form of one word."""
    if verb in _PASTS:
        return _PASTS[verb]
    if verb.endswith("e"):
        return verb + "d"
    return verb[:-1] + "ied" if verb.endswith("y") and verb[-2] not in "aeiou" else verb + "ed"


def _third(verb: str) -> str:
    """Return the form for he, she and it."""
    if verb in ("have", "do", "go"):
        return {"have": "has", "do": "does", "go": "goes"}[verb]
    if verb.endswith(("s", "x", "ch", "sh", "z")):
        return verb + "es"
    return verb[:-1] + "ies" if verb.endswith("y") and verb[-2] not in "aeiou" else verb + "s"


def made_up(rng: Random, syllables: int | None = None) -> str:
    """Return a word that means nothing, such as "blarf" or "torvand"; its end never doubles when it is bent."""
    while True:
        word = _syllables(rng, syllables or rng.choice((1, 1, 2)))
        if not any(stem in word for stem in _AVOIDED):
            return word


def _syllables(rng: Random, count: int) -> str:
    """Return open syllables and a closed one."""
    word = ""
    for _ in range(count - 1):
        word += rng.choice(_OPEN) + rng.choice("aeiou") + rng.choice(("", "", "r", "l", "n"))
    return word + rng.choice(_ONSETS) + rng.choice("aeiou") + rng.choice(_ENDS)
