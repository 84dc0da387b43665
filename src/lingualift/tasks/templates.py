"""Templates of the generated word problems: what is told, what is asked, how it is solved.

A template's text has slots in braces. `{a} {b} {c}` are the numbers; `{N} {M} {K}` people, with
`{he} {his} {him}` for N; `{money}` a currency; any other slot is drawn from the template's `slots`,
where `{item}` is the singular and `{items}` the plural. A slot key such as "did,do,item" draws the
three together from tuples. `steps` are the arithmetic, `x` standing for the result of the step
before. Numbers are always digits and every answer is a positive integer, so no text may contain a
number word.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lingualift.tasks import everyday as e

Pool = tuple[str, ...] | tuple[tuple[str, ...], ...]

OPERATION_NAMES = {"+": "add", "-": "sub", "*": "mul", "/": "div"}


@dataclass(frozen=True)
class Template:
    """One kind of problem; `facts` and `questions` are alternatives that combine freely, `ranges`
    narrows a number's size.
    """

    name: str
    steps: tuple[str, ...]
    facts: tuple[str, ...]
    questions: tuple[str, ...]
    slots: Mapping[str, Pool] = field(default_factory=dict)
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def operation(self) -> str:
        """The operations in order, separated by a space, e.g. 'mul add'."""
        return " ".join(OPERATION_NAMES[step.split()[1]] for step in self.steps)


_SMALL = e.KEEPSAKE + e.TOY + e.STATIONERY
_FOOD = e.FRUIT + e.SNACK
_GOODS = e.CLOTHES + e.DISHES + e.FURNITURE + e.TOY

_MADE = (
    ("painted", "paint", "fence"),
    ("painted", "paint", "picture"),
    ("wrote", "write", "letter"),
    ("folded", "fold", "napkin"),
    ("built", "build", "sandcastle"),
    ("built", "build", "birdhouse"),
    ("washed", "wash", "car"),
    ("cleaned", "clean", "window"),
    ("repaired", "repair", "bicycle"),
    ("peeled", "peel", "potato"),
    ("peeled", "peel", "carrot"),
    ("sewed", "sew", "curtain"),
    ("sewed", "sew", "button"),
    ("ironed", "iron", "shirt"),
    ("watered", "water", "plant"),
    ("knitted", "knit", "scarf"),
    ("gathered", "gather", "shell"),
    ("sold", "sell", "ticket"),
    ("carved", "carve", "spoon"),
    ("drew", "draw", "map"),
    ("solved", "solve", "puzzle"),
    ("sang", "sing", "song"),
    ("learned", "learn", "poem"),
    ("fried", "fry", "pancake"),
    ("wrapped", "wrap", "present"),
    ("polished", "polish", "shoe"),
    ("carried", "carry", "bucket"),
    ("delivered", "deliver", "parcel"),
)
_PARTICIPLES = {"wrote": "written", "drew": "drawn", "sang": "sung", "sewed": "sewn"}
_TASKS = (
    "cook dinner",
    "clean the kitchen",
    "iron the clothes",
    "feed the animals",
    "wash the dishes",
    "water the vegetables",
    "sweep the floor",
    "prepare a salad",
    "make the bed",
    "write a report",
    "polish the shoes",
    "brush the horse",
    "repair the door",
    "bake the bread",
    "pack the suitcase",
    "clean the bathroom",
    "paint the gate",
    "finish the homework",
    "learn the song",
    "cut the grass",
)
_WHERE = (
    "under the bed",
    "behind the door",
    "in the attic",
    "on the beach",
    "in an old drawer",
    "near the fence",
    "under the sofa",
    "in the cellar",
    "at the playground",
    "beside the river",
    "in the cupboard",
    "next to the road",
    "in the forest",
)
_PAIRS = (
    ("clean", "dirty", "glass"),
    ("clean", "dirty", "towel"),
    ("big", "small", "button"),
    ("sweet", "sour", "cherry"),
    ("round", "square", "tile"),
    ("wooden", "plastic", "spoon"),
    ("wet", "dry", "shirt"),
    ("open", "closed", "shop"),
    ("full", "empty", "barrel"),
    ("ripe", "green", "banana"),
    ("warm", "cold", "bun"),
    ("heavy", "light", "suitcase"),
    ("young", "old", "camel"),
    ("loud", "quiet", "drum"),
    ("fresh", "rotten", "pear"),
    ("long", "short", "nail"),
    ("thick", "thin", "blanket"),
    ("cheap", "expensive", "ring"),
    ("new", "used", "bicycle"),
    ("soft", "hard", "pillow"),
)
_SHOWS = (
    ("film", "lasts"),
    ("lesson", "lasts"),
    ("concert", "lasts"),
    ("football match", "takes"),
    ("train ride", "takes"),
    ("flight", "takes"),
    ("meeting", "lasts"),
    ("play", "lasts"),
    ("guided tour", "takes"),
    ("exam", "lasts"),
    ("dance class", "lasts"),
    ("wedding dinner", "lasts"),
)
_MACHINES = (
    ("printer", "prints", "print", "page"),
    ("machine", "fills", "fill", "bottle"),
    ("copier", "copies", "copy", "sheet"),
    ("robot", "folds", "fold", "shirt"),
    ("oven", "bakes", "bake", "biscuit"),
    ("press", "stamps", "stamp", "coin"),
    ("machine", "wraps", "wrap", "sweet"),
    ("machine", "cuts", "cut", "plank"),
)
_GROUPS = (
    ("truck", "van", "taxi", "vehicle", "car park"),
    ("hammer", "saw", "brush", "tool", "workshop"),
    ("violin", "flute", "guitar", "instrument", "music room"),
    ("sofa", "chair", "lamp", "piece of furniture", "furniture shop"),
    ("parrot", "owl", "pigeon", "bird", "cage"),
    ("horse", "donkey", "camel", "animal", "stable"),
    ("rose", "tulip", "lily", "flower", "greenhouse"),
    ("carrot", "onion", "cabbage", "vegetable", "cellar"),
    ("skirt", "coat", "sweater", "piece of clothing", "wardrobe"),
    ("nurse", "doctor", "cleaner", "worker", "hospital"),
    ("elephant", "bear", "monkey", "animal", "zoo"),
    ("lemon", "peach", "melon", "fruit", "pantry"),
    ("novel", "atlas", "comic", "book", "bookcase"),
)
_MIXED = (
    ("pear", "plum", "fruit"),
    ("fork", "spoon", "piece of cutlery"),
    ("carrot", "onion", "vegetable"),
    ("rose", "tulip", "flower"),
    ("pen", "pencil", "writing tool"),
    ("sock", "glove", "piece of clothing"),
    ("cup", "plate", "dish"),
    ("nail", "screw", "small part"),
    ("bun", "muffin", "baked snack"),
    ("puzzle", "doll", "toy"),
    ("lemon", "lime", "fruit"),
    ("ring", "bracelet", "piece of jewellery"),
)
_TRAVEL = (
    ("rides", "by bicycle"),
    ("drives", "by car"),
    ("sails", "by boat"),
    ("travels", "by train"),
    ("goes", "on horseback"),
    ("flies", "by helicopter"),
)
_LENGTHS = ("fence", "wall", "bridge", "tunnel", "canal", "road", "pipe", "hedge")
_EVENTS = (
    "the party",
    "the wedding",
    "the school play",
    "the picnic",
    "the festival",
    "the exhibition",
    "the birthday",
    "the journey",
    "the competition",
)
_CLOTH = ("ribbon", "cloth", "wire", "cable", "string", "silk", "paper", "tape")

TEMPLATES: tuple[Template, ...] = (
    # one step: addition
    Template(
        "find-more",
        ("a + b",),
        (
            "{N} had {a} {items}. {he} found {b} more {items} {where}.",
            "{N} found {b} {items} {where}. Before that, {he} had {a} {items}.",
            "Yesterday {N} owned {a} {items}. This morning {he} found {b} others {where}.",
        ),
        (
            "How many {items} did {N} have then?",
            "What is the number of {items} that {N} had after that?",
            "How many {items} does that make?",
        ),
        {"item": _SMALL, "where": _WHERE},
    ),
    Template(
        "work-of-friends",
        ("a + b",),
        (
            "{N} {did} {a} {items} and {M} {did} {b} {items}.",
            "{M} {did} {b} {items}. {N} {did} {a} {items} as well.",
            "{a} {items} were {done} by {N} and {b} by {M}.",
        ),
        (
            "What is the total number of {items}?",
            "How many {items} is that altogether?",
            "If you add their {items}, how many do you get?",
        ),
        {"did,do,item,done": tuple((*made, _PARTICIPLES.get(made[0], made[0])) for made in _MADE)},
    ),
    Template(
        "has-more-than",
        ("a + b",),
        (
            "{M} has {a} {items}. {N} has {b} more {items} than {M}.",
            "{N} has {b} {items} more than {M}, who has {a} {items}.",
            "There are {a} {items} in the room of {M}. {N} owns {b} more.",
        ),
        (
            "How many {items} does {N} have?",
            "How many {items} belong to {N}?",
            "What is the number of {items} that {N} has?",
        ),
        {"item": _SMALL + e.CLOTHES},
    ),
    Template(
        "dearer",
        ("a + b",),
        (
            "The price of a {item} is {a} {money}. A {good} costs {b} {money} more.",
            (
                "In the {shop}, a {good} is {b} {money} dearer than a {item}. The {item} costs "
                "{a} {money}."
            ),
        ),
        (
            "What is the price of the {good}?",
            "How many {money} does the {good} cost?",
            "How much money does {N} need for the {good}?",
        ),
        {"item": _GOODS, "good": e.FURNITURE + e.TOOL, "shop": e.SHOP},
    ),
    Template(
        "growth",
        ("a + b",),
        (
            "A {plant} was {a} centimetres tall. It grew {b} centimetres in the {season}.",
            (
                "In the {season}, the {plant} of {N} grew by {b} centimetres. Before, its height "
                "was {a} centimetres."
            ),
        ),
        (
            "How tall is the {plant} now?",
            "What is the height of the {plant} in centimetres?",
            "How many centimetres does the {plant} measure now?",
        ),
        {"plant": e.PLANT, "season": e.SEASON},
    ),
    Template(
        "loading",
        ("a + b",),
        (
            "A {vehicle} carried {a} {goods}. At the {place}, workers loaded {b} more {goods}.",
            (
                "{b} {goods} were put on a {vehicle} at the {place}. It was already carrying {a} "
                "{goods}."
            ),
        ),
        (
            "How many {goods} did the {vehicle} carry then?",
            "How many {goods} are on the {vehicle}?",
            "What is the whole load, counted in {goods}?",
        ),
        {"vehicle": e.VEHICLE, "good": e.PARCEL + e.FURNITURE, "place": e.PLACE},
    ),
    Template(
        "weights",
        ("a + b",),
        (
            "A {item} weighs {a} kilograms and a {good} weighs {b} kilograms.",
            "{N} lifts a {item} of {a} kilograms and a {good} of {b} kilograms.",
        ),
        (
            "How many kilograms do they weigh altogether?",
            "What is their total weight in kilograms?",
            "How heavy are the {item} and the {good} if you weigh them at the same time?",
        ),
        {"item": e.FURNITURE + e.FARM_ANIMAL, "good": e.PARCEL + e.TOOL},
    ),
    Template(
        "before-giving",
        ("a + b",),
        (
            "After {N} gave {a} {items} to {his} {relative}, {he} still had {b} {items}.",
            "{N} sent {a} {items} to {his} {relative} and kept {b} {items}.",
        ),
        (
            "How many {items} did {N} have at the beginning?",
            "How many {items} did {N} have before?",
            "What was the number of {items} at the start?",
        ),
        {"item": _SMALL + _FOOD, "relative": e.RELATIVE},
    ),
    Template(
        "points",
        ("a + b",),
        (
            "{N} scored {a} points before the break and {b} points after it.",
            "In the {game}, {N} won {a} points. Later {he} won another {b} points.",
            "{N} got {b} points for drawing and {a} points for singing.",
        ),
        (
            "What was the final score of {N}?",
            "How many points did {N} get in the whole game?",
            "How many points is that?",
        ),
        {"game": ("quiz", "game", "contest", "tournament")},
    ),
    Template(
        "two-tasks",
        ("a + b",),
        (
            "{N} needs {a} minutes to {task} and {b} minutes to {work}.",
            "To {task} takes {a} minutes. To {work} takes {b} minutes. {N} has to do both.",
        ),
        (
            "How many minutes does {N} need for both tasks?",
            "How long is {N} busy?",
            "What is the total time in minutes?",
        ),
        {"task": _TASKS, "work": _TASKS},
    ),
    Template(
        "age-at-birth",
        ("a + b",),
        (
            "{N} is {a} years old. When {N} was born, {his} {relative} was {b}.",
            "The {relative} of {N} was {b} years old when {N} was born. Today {N} turns {a}.",
        ),
        (
            "How old is the {relative} of {N} today?",
            "What is the age of the {relative} now?",
            "How old is {N}'s {relative}?",
        ),
        {"relative": e.OLDER_RELATIVE},
        {"a": (2, 40), "b": (20, 50)},
    ),
    Template(
        "animals-in-sight",
        ("a + b",),
        (
            (
                "{a} {animals} are drinking at the {water} and {b} {animals} are resting in the "
                "shade."
            ),
            ("{N} sees {a} {animals} near the {water}. {b} more {animals} sleep under the bushes."),
        ),
        (
            "How many {animals} can {N} see?",
            "How many {animals} are there altogether?",
            "Count all the {animals}. How many are there?",
        ),
        {
            "animal": e.FARM_ANIMAL + e.WILD_ANIMAL,
            "water": ("river", "lake", "well", "stream", "pool"),
        },
    ),
    # one step: subtraction
    Template(
        "counted-more",
        ("a - b",),
        (
            "{N} counted {a} {animals}, but {M} counted only {b}.",
            "{M} saw {b} {animals} at the {place}. {N} saw {a} {animals}.",
        ),
        (
            "How many more {animals} did {N} see than {M}?",
            "How many fewer {animals} did {M} count?",
            "What is the difference between their numbers?",
        ),
        {"animal": e.FARM_ANIMAL + e.WILD_ANIMAL, "place": e.PLACE},
    ),
    Template(
        "lend",
        ("a - b",),
        (
            "{N} owned {a} {items}. {he} lent {b} of them to {his} {relative}.",
            "{N} lent {b} of {his} {a} {items} to {his} {relative}.",
        ),
        (
            "How many {items} did {N} keep?",
            "How many {items} stayed with {N}?",
            "What number of {items} is still at the home of {N}?",
        ),
        {"item": _SMALL + _GOODS, "relative": e.RELATIVE},
    ),
    Template(
        "age-difference",
        ("a - b",),
        (
            "The {relative} of {N} is {a} years old. {N} is {b}.",
            "{N} is {b} years old and {his} {relative} is {a}.",
        ),
        (
            "How much older is the {relative} than {N}?",
            "By how many years is {N} younger?",
            "What is the difference between their ages?",
        ),
        {"relative": e.OLDER_RELATIVE},
        {"a": (24, 80), "b": (4, 40)},
    ),
    Template(
        "still-missing",
        ("a - b",),
        (
            "{N} needs {a} {items} for {event}. {he} already has {b}.",
            "For {event}, {a} {items} must be ready. {N} has prepared {b} so far.",
        ),
        (
            "How many {items} are still missing?",
            "How many more {items} must {N} get?",
            "How many {items} does {N} still have to find?",
        ),
        {"item": _FOOD + e.DISHES + e.FURNITURE, "event": _EVENTS},
    ),
    Template(
        "free-seats",
        ("a - b",),
        (
            "The {hall} has {a} seats. {b} seats are taken.",
            "{b} of the {a} seats in the {hall} are occupied.",
        ),
        (
            "How many seats are free?",
            "How many seats are empty?",
            "How many more people can sit down?",
        ),
        {
            "hall": (
                "theatre",
                "cinema",
                "waiting room",
                "restaurant",
                "stadium",
                "plane",
                "concert hall",
                "classroom",
            )
        },
    ),
    Template(
        "cheaper",
        ("a - b",),
        (
            "A {item} costs {a} {money} and a {good} costs {b} {money}.",
            (
                "In the {shop}, {N} pays {b} {money} for a {good}. The price of a {item} is {a} "
                "{money}."
            ),
        ),
        (
            "How much more expensive is the {item}?",
            "How many {money} cheaper is the {good}?",
            "How much money does {N} save by taking the {good} and not the {item}?",
        ),
        {"item": e.FURNITURE + e.CLOTHES, "good": e.TOY + e.DISHES, "shop": e.SHOP},
    ),
    Template(
        "under-construction",
        ("a - b",),
        (
            "A {thing} will be {a} metres long. Workers have finished {b} metres.",
            "{b} metres of a new {thing} are ready. The whole {thing} must be {a} metres.",
        ),
        (
            "How many metres must they still build?",
            "How many metres of the {thing} are not finished?",
            "What length is missing?",
        ),
        {"thing": _LENGTHS},
    ),
    Template(
        "without-presents",
        ("a - b",),
        (
            "{N} has {a} {items} now. {b} of them are presents from {his} {relative}.",
            "Thanks to {b} {items} from {his} {relative}, {N} now has {a} {items}.",
        ),
        (
            "How many {items} did {N} have before the presents?",
            "How many of the {items} are not presents?",
            "How many {items} did {N} own earlier?",
        ),
        {"item": _SMALL, "relative": e.RELATIVE},
    ),
    Template(
        "storm",
        ("a - b",),
        (
            "A storm broke {b} of the {a} {items} at the {place}.",
            "The {place} had {a} {items}, but {b} were damaged by a storm.",
        ),
        (
            "How many {items} are still good?",
            "How many {items} did the storm not damage?",
            "How many {items} survived?",
        ),
        {
            "item": (
                "window",
                "lamp",
                "tree",
                "boat",
                "bench",
                "roof",
                "door",
                "flag",
                "umbrella",
                "tent",
                "sign",
            ),
            "place": e.PLACE,
        },
    ),
    Template(
        "time-remaining",
        ("a - b",),
        (
            "The {show} {lasts} {a} minutes. {b} minutes have passed.",
            "{N} has been at the {show} for {b} minutes. It {lasts} {a} minutes.",
        ),
        (
            "In how many minutes will the {show} end?",
            "How many minutes remain?",
            "How much longer is the {show}?",
        ),
        {"show,lasts": _SHOWS},
    ),
    Template(
        "kinds",
        ("a - b",),
        (
            "{b} of the {a} {items} in the {room} are {kind}. All the rest are {other}.",
            ("{N} looks at {a} {items}. {he} says that {b} are {kind} and all the others {other}."),
        ),
        (
            "What is the number of {other} {items}?",
            "How many {items} are {other}?",
            "How many {other} {items} does {N} count?",
        ),
        {
            "kind,other,item": _PAIRS,
            "room": ("room", "storehouse", "street", "warehouse", "building", "yard"),
        },
    ),
    Template(
        "contents-weight",
        ("a - b",),
        (
            "A full {thing} weighs {a} kilograms. The empty {thing} weighs {b} kilograms.",
            "When {N} empties a {thing}, its weight falls from {a} kilograms to {b} kilograms.",
        ),
        (
            "How heavy is the content?",
            "How many kilograms were inside?",
            "What is the weight of the things inside?",
        ),
        {"thing": ("barrel", "suitcase", "chest", "crate", "cart", "bucket", "sack", "backpack")},
    ),
    # ------------------------------------------------------------------------------------------ one
    # step: multiplication
    Template(
        "open-packets",
        ("a * b",),
        (
            "{N} opened {a} {bags}. Every {bag} contained {b} {items}.",
            "In every {bag} there were {b} {items}. {N} opened {a} {bags}.",
        ),
        (
            "How many {items} were inside altogether?",
            "How many {items} did {N} find?",
            "What is the total number of {items}?",
        ),
        {"bag": e.CONTAINER, "item": _SMALL + _FOOD},
    ),
    Template(
        "shopping",
        ("a * b",),
        (
            "{N} goes to the {shop} for {a} {items}. The price of a {item} is {b} {money}.",
            "{N} wants {a} {items}. The {shop} sells them at {b} {money} apiece.",
        ),
        (
            "How much money does {N} need?",
            "How many {money} must {N} take along?",
            "What will {N} spend?",
        ),
        {"item": _GOODS + _FOOD, "shop": e.SHOP},
    ),
    Template(
        "practice",
        ("a * b",),
        (
            "{N} practises the {instrument} for {b} hours a week.",
            "Every week {N} studies {subject} for {b} hours.",
            "{N} helps {his} {relative} for {b} hours each week.",
        ),
        (
            "How many hours is that in {a} weeks?",
            "How many hours does this take in {a} weeks?",
            "After {a} weeks, how many hours has {N} spent on it?",
        ),
        {"instrument": e.INSTRUMENT, "subject": e.SUBJECT, "relative": e.RELATIVE},
    ),
    Template(
        "lines",
        ("a * b",),
        (
            "The {persons} stand in {a} lines. In every line there are {b} {persons}.",
            "{b} {persons} stand in every line, and there are {a} lines of {persons}.",
        ),
        (
            "How many {persons} are standing there?",
            "What is the number of {persons}?",
            "How many {persons} came?",
        ),
        {"person": e.PEOPLE},
    ),
    Template(
        "feeding",
        ("a * b",),
        (
            "Every {animal} in the {barn} eats {b} {foods} a day. There are {a} {animals}.",
            "{N} looks after {a} {animals}. A {animal} eats {b} {foods} each day.",
        ),
        (
            "How many {foods} are needed for a day?",
            "How many {foods} do the {animals} eat a day?",
            "How many {foods} must {N} bring each day?",
        ),
        {
            "animal": e.FARM_ANIMAL + e.WILD_ANIMAL,
            "food": e.VEGETABLE + e.FRUIT,
            "barn": ("barn", "zoo", "stable", "yard", "meadow"),
        },
    ),
    Template(
        "wages",
        ("a * b",),
        (
            "A {worker} earns {b} {money} an hour.",
            "The {worker} of the {place} gets {b} {money} for each hour of work.",
        ),
        (
            "How much does the {worker} earn in {a} hours?",
            "How many {money} is that for {a} hours of work?",
            "What is the pay of the {worker} after {a} hours?",
        ),
        {"worker": e.WORKER, "place": e.PLACE},
    ),
    Template(
        "floors",
        ("a * b",),
        (
            "A {building} has {a} floors. On every floor there are {b} {rooms}.",
            "There are {b} {rooms} on each floor of the {building}, which has {a} floors.",
        ),
        (
            "How many {rooms} are in the {building}?",
            "What is the number of {rooms} in the whole {building}?",
            "How many {rooms} does {N} have to clean?",
        ),
        {
            "building": e.BUILDING,
            "room": ("room", "office", "door", "balcony", "bathroom", "bed", "lamp", "mirror"),
        },
    ),
    Template(
        "recipe",
        ("a * b",),
        (
            "For each {dish}, {N} uses {b} {items}.",
            "{N} puts {b} {items} into every {dish}.",
            "The recipe says: {b} {items} for each {dish}.",
        ),
        (
            "How many {items} go into {a} {dishs}?",
            "How many {items} are necessary for {a} {dishs}?",
            "{N} wants to make {a} {dishs}. How many {items} does {he} need?",
        ),
        {
            "dish": ("pie", "soup", "salad", "tart", "stew", "pudding", "omelette", "pizza"),
            "item": e.VEGETABLE + e.FRUIT + ("egg", "olive", "nut"),
        },
    ),
    Template(
        "times-as-many",
        ("a * b",),
        (
            "{M} has {b} {items}. {N} has {a} times as many {items}.",
            "{N} has {a} times as many {items} as {M}, who has {b}.",
        ),
        (
            "How many {items} does {N} have?",
            "What is the number of {items} that belong to {N}?",
            "How many {items} are in the hands of {N}?",
        ),
        {"item": _SMALL + e.FARM_ANIMAL + e.CLOTHES},
    ),
    Template(
        "rate",
        ("a * b",),
        (
            "A {machine} {makes} {b} {items} a minute.",
            "In a minute, a {machine} {makes} {b} {items}.",
        ),
        (
            "How many {items} does it {make} in {a} minutes?",
            "After {a} minutes, how many {items} are ready?",
            "What number of {items} is ready after {a} minutes?",
        ),
        {"machine,makes,make,item": _MACHINES},
    ),
    Template(
        "speed",
        ("a * b",),
        (
            "{N} {rides} {how} at {b} kilometres an hour.",
            "{N} {rides} {b} kilometres an hour {how}.",
        ),
        (
            "How far does {N} get in {a} hours?",
            "How many kilometres is that in {a} hours?",
            "What distance does {N} cover in {a} hours?",
        ),
        {"rides,how": _TRAVEL},
    ),
    # one step: division
    Template(
        "hand-out",
        ("a / b",),
        (
            "{N} hands out {a} {items} to {b} {persons}. Everybody gets the same number.",
            "{b} {persons} receive {a} {items} from {N}, and all receive equally many.",
        ),
        (
            "How many {items} does every {person} receive?",
            "How many {items} are there for every {person}?",
            "What is the share of every {person}?",
        ),
        {"item": _SMALL + _FOOD, "person": e.CHILDREN},
    ),
    Template(
        "pack",
        ("a / b",),
        (
            "{a} {items} have to be packed. A {bag} has room for {b} {items}.",
            "{N} packs {a} {items}. {he} puts {b} into every {bag}.",
        ),
        (
            "How many {bags} are needed?",
            "How many {bags} will be full?",
            "What is the number of {bags}?",
        ),
        {"item": _FOOD + e.VEGETABLE + e.DISHES, "bag": e.CONTAINER},
    ),
    Template(
        "unit-price",
        ("a / b",),
        (
            "{b} {items} cost {a} {money}.",
            "{N} spent {a} {money} on {b} {items} that all cost the same.",
            "The {shop} asks {a} {money} for {b} {items}.",
        ),
        (
            "What is the price of each {item}?",
            "How many {money} is that for each {item}?",
            "How much does a {item} cost?",
        ),
        {"item": _GOODS + _FOOD, "shop": e.SHOP},
    ),
    Template(
        "per-minute",
        ("a / b",),
        (
            "A {machine} {makes} {a} {items} in {b} minutes.",
            "In {b} minutes a {machine} {makes} {a} {items}, always equally fast.",
        ),
        (
            "How many {items} does it {make} each minute?",
            "How many {items} a minute is that?",
            "What is the number of {items} for each minute?",
        ),
        {"machine,makes,make,item": _MACHINES},
    ),
    Template(
        "capacity",
        ("a / b",),
        (
            "{a} {persons} arrive. Every {tent} takes {b} {persons}.",
            "A {tent} has places for {b} {persons}. {N} meets {a} {persons}.",
        ),
        (
            "How many {tents} do they need?",
            "How many {tents} will be full?",
            "What number of {tents} is necessary?",
        ),
        {"person": e.PEOPLE, "tent": ("tent", "cabin", "taxi", "boat", "van", "lift", "hut")},
    ),
    Template(
        "how-long",
        ("a / b",),
        (
            "{N} has {a} {items}. {he} uses {b} {items} a day.",
            "There are {a} {items} in the house of {N}. Every day {b} {items} are used.",
        ),
        (
            "For how many days will they last?",
            "After how many days are the {items} gone?",
            "For how many days are the {items} enough?",
        ),
        {
            "item": (
                "candle",
                "log",
                "tablet",
                "battery",
                "envelope",
                "match",
                "tea bag",
                "onion",
                "potato",
                "nappy",
                "towel",
            )
        },
    ),
    Template(
        "pieces",
        ("a / b",),
        (
            "{a} metres of {cloth} are cut into pieces of {b} metres.",
            "{N} cuts {a} metres of {cloth}. Every piece is {b} metres long.",
        ),
        (
            "How many pieces are there?",
            "How many pieces does {N} get?",
            "Into how many pieces is the {cloth} cut?",
        ),
        {"cloth": _CLOTH},
    ),
    Template(
        "times-fewer",
        ("a / b",),
        (
            "{N} has {a} {items}. That is {b} times as many as {M} has.",
            "{N} owns {b} times as many {items} as {M}. {N} owns {a} {items}.",
        ),
        (
            "How many {items} does {M} have?",
            "How many {items} belong to {M}?",
            "What is the number of {items} of {M}?",
        ),
        {"item": _SMALL + e.FARM_ANIMAL + e.CLOTHES},
    ),
    Template(
        "planting",
        ("a / b",),
        (
            "{N} plants {a} {plants} in {b} equal rows.",
            "{a} {plants} grow in {b} rows that are all equally long.",
        ),
        (
            "How many {plants} are in every row?",
            "How many {plants} does each row have?",
            "What is the number of {plants} in a row?",
        ),
        {"plant": e.PLANT + e.VEGETABLE},
    ),
    Template(
        "day-wage",
        ("a / b",),
        (
            "A {worker} earned {a} {money} in {b} days, every day the same sum.",
            "For {b} days of work, the {worker} received {a} {money}.",
        ),
        (
            "How much did the {worker} earn each day?",
            "How many {money} is that a day?",
            "What was the pay for a day?",
        ),
        {"worker": e.WORKER},
    ),
    Template(
        "afford",
        ("a / b",),
        (
            "{N} has {a} {money}. A {item} costs {b} {money}.",
            "In the {shop}, a {item} costs {b} {money}. {N} brings {a} {money}.",
        ),
        (
            "How many {items} can {N} buy?",
            "For how many {items} is the money of {N} enough?",
            "How many {items} can {N} get for all the money?",
        ),
        {"item": _GOODS + _FOOD, "shop": e.SHOP},
    ),
    # two steps
    Template(
        "three-kinds",
        ("a + b", "x + c"),
        (
            "In the {place} there are {a} {firsts}, {b} {seconds} and {c} {thirds}.",
            "{N} counts {c} {thirds}, {a} {firsts} and {b} {seconds} in the {place}.",
        ),
        (
            "How many {things} are in the {place}?",
            "How many {things} is that altogether?",
            "What is the number of all these {things}?",
        ),
        {"first,second,third,thing,place": _GROUPS},
    ),
    Template(
        "three-places",
        ("a + b", "x + c"),
        (
            "{N} took {a} photos at the {place}, {b} at the {spot} and {c} at the {site}.",
            (
                "At the {site} {N} took {c} photos. {he} took {a} more at the {place} and {b} at "
                "the {spot}."
            ),
        ),
        (
            "How many photos did {N} take?",
            "How many photos does {N} have from the trip?",
            "What is the number of photos from all these places?",
        ),
        {"place": e.PLACE, "spot": e.PLACE, "site": e.PLACE},
    ),
    Template(
        "chain-of-more",
        ("a + b", "x + c"),
        (
            "{M} has {a} {items}. {N} has {b} more than {M}. {K} has {c} more than {N}.",
            (
                "{K} has {c} {items} more than {N}, and {N} has {b} more than {M}. {M} has {a} "
                "{items}."
            ),
        ),
        ("How many {items} belong to {K}?", "What is the number of {items} in the hands of {K}?"),
        {"item": _SMALL + e.CLOTHES},
    ),
    Template(
        "journey",
        ("a + b", "x + c"),
        (
            (
                "{N} travelled {a} kilometres by train, {b} kilometres by bus and {c} kilometres "
                "on foot."
            ),
            (
                "{N} rode {b} kilometres by car, sailed {a} kilometres by ship and walked {c} "
                "kilometres to the village."
            ),
        ),
        (
            "How long was the whole journey?",
            "How many kilometres did {N} travel?",
            "What is the whole distance in kilometres?",
        ),
        {},
    ),
    Template(
        "suitcase",
        ("a + b", "x - c"),
        (
            (
                "{N} packed {a} {items} and {his} {relative} packed {b} {items}. Later they took "
                "{c} {items} out again."
            ),
            (
                "The {relative} of {N} put {b} {items} into the suitcase, and {N} added {a}. "
                "Then {c} {items} were removed."
            ),
        ),
        (
            "How many {items} stayed in the suitcase?",
            "How many {items} travel with them?",
            "What number of {items} is packed now?",
        ),
        {"item": e.CLOTHES, "relative": e.RELATIVE},
    ),
    Template(
        "delivery",
        ("a + b", "x - c"),
        (
            (
                "A {vehicle} started with {a} {goods}. The driver collected {b} more and "
                "delivered {c} at the {place}."
            ),
            (
                "At the start there were {a} {goods} on a {vehicle}. {b} were added on the way. "
                "At the {place} the driver unloaded {c}."
            ),
        ),
        (
            "How many {goods} are still on the {vehicle}?",
            "How many {goods} remain?",
            "With how many {goods} does the {vehicle} drive on?",
        ),
        {
            "vehicle": ("truck", "van", "cart", "ship", "tram"),
            "good": e.PARCEL + e.FURNITURE,
            "place": e.PLACE,
        },
    ),
    Template(
        "savings",
        ("a + b", "x - c"),
        (
            (
                "{N} earned {a} {money} in the {place} and {b} {money} at home. {he} paid {c} "
                "{money} for a {item}."
            ),
            (
                "{N} received {a} {money} from {his} {relative} and {b} {money} for {his} work. "
                "A {item} cost {him} {c} {money}."
            ),
        ),
        ("How much money remains?", "How many {money} does {N} still have?", "What can {N} save?"),
        {"item": _GOODS, "place": e.PLACE, "relative": e.RELATIVE},
    ),
    Template(
        "guests-eat",
        ("a + b", "x - c"),
        (
            "{N} cooked {a} {items} and {M} cooked {b} for {event}. The guests ate {c}.",
            (
                "For {event} there were {a} {items} from {N} and {b} from {M}. Hungry guests "
                "finished {c} of these {items}."
            ),
        ),
        ("How many {items} did the guests not eat?", "How many {items} remain on the table?"),
        {"item": e.SNACK, "event": _EVENTS},
    ),
    Template(
        "staff",
        ("a - b", "x + c"),
        (
            ("The {place} had {a} {persons}. This year {b} retired and {c} new {persons} started."),
            (
                "{a} {persons} worked at the {place}. {b} moved away, and later {c} others were "
                "hired."
            ),
        ),
        (
            "How many {persons} work there now?",
            "How many {persons} does the {place} have now?",
            "What is the number of {persons} today?",
        ),
        {"place": e.PLACE, "person": e.WORKER},
    ),
    Template(
        "exchange",
        ("a - b", "x + c"),
        (
            (
                "{N} had {a} {items}. {he} swapped {b} of them with {M} and got {c} others in "
                "return."
            ),
            "{M} gave {N} {c} {items} in exchange for {b} {items}. Before that, {N} owned {a}.",
        ),
        (
            "How many {items} does {N} have after the exchange?",
            "How many {items} belong to {N} after that?",
        ),
        {"item": _SMALL},
    ),
    Template(
        "thermometer",
        ("a - b", "x + c"),
        (
            (
                "In the {season}, the oven showed {a} degrees. It cooled down by {b} degrees, "
                "then it became {c} degrees warmer."
            ),
            (
                "The water had {a} degrees. {N} let it cool by {b} degrees and heated it by {c} "
                "degrees again."
            ),
        ),
        ("How many degrees is it now?", "What does the thermometer show at the end?"),
        {"season": e.SEASON},
    ),
    Template(
        "market-day",
        ("a - b", "x - c"),
        (
            (
                "{N} took {a} {items} to the market. {b} were bought by a {worker} and {c} by a "
                "{buyer}."
            ),
            (
                "At the market a {worker} bought {b} {items} from {N}, and a {buyer} bought {c}. "
                "{N} had brought {a}."
            ),
        ),
        (
            "How many {items} did {N} bring home again?",
            "How many {items} were not bought?",
            "How many {items} remain in the cart?",
        ),
        {"item": e.FRUIT + e.VEGETABLE + e.FARM_ANIMAL, "worker": e.WORKER, "buyer": e.WORKER},
    ),
    Template(
        "roll",
        ("a - b", "x - c"),
        (
            (
                "A roll has {a} metres of {cloth}. {N} cuts off {b} metres for the {room} and "
                "{c} metres for the {place}."
            ),
            (
                "{N} uses {b} metres of {cloth} in the {room} and {c} metres in the {place}. "
                "There were {a} metres at the beginning."
            ),
        ),
        ("How many metres of {cloth} remain?", "How much {cloth} is still on the roll?"),
        {
            "cloth": _CLOTH,
            "room": ("kitchen", "garage", "bedroom", "garden", "hall"),
            "place": e.PLACE,
        },
    ),
    Template(
        "on-the-way-to-work",
        ("a - b", "x - c"),
        (
            (
                "Of the {a} {persons} at the {place}, {b} come by {vehicle} and {c} by bicycle. "
                "The others walk."
            ),
            "{a} {persons} go to the {place}: {b} by {vehicle}, {c} by car, the rest on foot.",
        ),
        ("How many {persons} walk?", "How many {persons} come on foot?"),
        {"person": e.PEOPLE, "place": e.PLACE, "vehicle": ("bus", "train", "tram", "ferry")},
    ),
    Template(
        "mixed-bags",
        ("a + b", "x * c"),
        (
            "Each {bag} contains {a} {firsts} and {b} {seconds}. {N} buys {c} {bags}.",
            "{N} fills {c} {bags}. Into each {bag} go {a} {firsts} and {b} {seconds}.",
        ),
        (
            "How many {things} does {N} have?",
            "How many {things} are in all the {bags}?",
            "What is the number of {things} in {c} {bags}?",
        ),
        {"first,second,thing": _MIXED, "bag": e.CONTAINER},
    ),
    Template(
        "lessons",
        ("a + b", "x * c"),
        (
            "A week has {a} hours of {subject} and {b} hours of {topic}.",
            "Every week, {N} studies {subject} for {a} hours and {topic} for {b} hours.",
        ),
        (
            "How many hours is that in {c} weeks?",
            "For {c} weeks, how many hours of lessons are there?",
        ),
        {"subject": e.SUBJECT, "topic": e.SUBJECT},
    ),
    Template(
        "tips",
        ("a + b", "x * c"),
        (
            "A {worker} gets {a} {money} an hour and {b} {money} in tips each hour.",
            (
                "For each hour the {worker} receives {a} {money} from the boss and {b} {money} "
                "from the customers."
            ),
        ),
        (
            "How much does the {worker} have after {c} hours?",
            "How many {money} is that in {c} hours?",
        ),
        {"worker": e.WORKER},
    ),
    Template(
        "thread-beads",
        ("a + b", "x / c"),
        (
            (
                "{N} has {a} {colour} {items} and {b} {shade} {items}. {he} arranges them in {c} "
                "equal rows."
            ),
            (
                "{a} {colour} {items} and {b} {shade} {items} lie on the table. {N} sorts them "
                "into {c} piles of the same size."
            ),
        ),
        (
            "How many {items} are in each of the {c} parts?",
            "How many {items} come together?",
            "What is the size of each part?",
        ),
        {"item": _SMALL, "colour": e.COLOUR, "shade": e.COLOUR},
    ),
    Template(
        "loading-trucks",
        ("a + b", "x / c"),
        (
            (
                "The {place} sends {a} {goods} and the {site} sends {b} {goods}. All are loaded "
                "equally onto {c} {vehicles}."
            ),
            (
                "{c} {vehicles} carry {a} {goods} from the {place} and {b} from the {site}, all "
                "with the same load."
            ),
        ),
        (
            "How many {goods} does every {vehicle} carry?",
            "What is the load of a {vehicle}, in {goods}?",
        ),
        {
            "place": e.PLACE,
            "site": e.PLACE,
            "good": e.PARCEL,
            "vehicle": ("truck", "van", "cart", "boat", "train"),
        },
    ),
    Template(
        "camp",
        ("a + b", "x / c"),
        (
            "{a} {persons} and {b} {others} go to a camp. {c} people sleep in every tent.",
            "A camp has tents for {c} people. {a} {persons} and {b} {others} are coming.",
        ),
        ("How many tents will be full?", "How many tents does the camp need?"),
        {
            "person": ("boy", "pupil", "scout", "dancer"),
            "other": ("girl", "teacher", "parent", "singer"),
        },
    ),
    Template(
        "profit",
        ("a - b", "x * c"),
        (
            (
                "{N} buys {items} at {b} {money} apiece and sells them at {a} {money} apiece. "
                "{he} sells {c} {items}."
            ),
            (
                "A {worker} sells a {item} for {a} {money} that cost {b} {money} to make. Today "
                "{c} {items} were sold."
            ),
        ),
        (
            "How much profit is that?",
            "How many {money} of profit are made?",
            "What is the gain in {money}?",
        ),
        {"item": _GOODS, "worker": e.WORKER},
    ),
    Template(
        "absent",
        ("a - b", "x * c"),
        (
            ("The {club} has {a} members, but {b} are ill. Each of the others brings {c} {items}."),
            (
                "{b} of the {a} members of the {club} stay at home. All who come bring {c} "
                "{items} each."
            ),
        ),
        ("How many {items} do they bring?", "How many {items} are brought to the {club}?"),
        {
            "club": ("chess club", "choir", "orchestra", "team", "reading circle", "cooking class"),
            "item": _FOOD + e.DISHES,
        },
        {"a": (4, 30), "b": (2, 25)},
    ),
    Template(
        "kept-some",
        ("a - b", "x / c"),
        (
            (
                "{N} had {a} {items} and kept {b}. All the others went to {c} {persons}, equally "
                "many to each."
            ),
            (
                "From {a} {items}, {N} took {b} for {his} {relative}. {c} {persons} divided what "
                "remained into equal shares."
            ),
        ),
        ("How many {items} did each {person} receive?", "What was the share of each {person}?"),
        {
            "item": _SMALL + _FOOD,
            "person": ("pupil", "cousin", "classmate", "player", "dancer"),
            "relative": e.OLDER_RELATIVE,
        },
    ),
    Template(
        "fence",
        ("a - b", "x / c"),
        (
            (
                "{N} wants to paint {a} metres of a {thing}. {b} metres are done. {he} will "
                "finish the rest in {c} days, each day equally much."
            ),
            "A {thing} of {a} metres must be painted. {b} metres are ready and {c} days remain.",
        ),
        ("How many metres must be painted each day?", "How many metres a day is that?"),
        {"thing": ("fence", "wall", "bridge", "gate", "hall")},
    ),
    Template(
        "set-price",
        ("a - b", "x / c"),
        (
            "{N} paid {a} {money} for a {good} and {c} {items}. The {good} cost {b} {money}.",
            "A {good} for {b} {money} and {c} equal {items} cost {a} {money} altogether.",
        ),
        ("What is the price of each {item}?", "How much does a {item} cost?"),
        {"good": e.FURNITURE + e.TOOL, "item": e.DISHES + e.STATIONERY},
    ),
    Template(
        "did-not-fit",
        ("a * b", "x + c"),
        (
            "{N} filled {a} {bags} with {b} {items} each. {c} {items} did not fit.",
            (
                "{c} {items} lie on the floor. The others are in {a} {bags}, {b} {items} in "
                "every {bag}."
            ),
        ),
        ("How many {items} are there?", "How many {items} does {N} have altogether?"),
        {"bag": e.CONTAINER, "item": _SMALL + _FOOD},
        {"c": (2, 30)},
    ),
    Template(
        "taxi",
        ("a * b", "x + c"),
        (
            (
                "A taxi costs {b} {money} for each kilometre, plus a fee of {c} {money}. {N} "
                "rides {a} kilometres."
            ),
            (
                "The fee of a taxi is {c} {money}. For each of the {a} kilometres, {N} pays {b} "
                "{money} more."
            ),
        ),
        (
            "How much is the ride?",
            "How many {money} does the driver receive?",
            "What does {N} have to pay?",
        ),
        {},
        {"c": (2, 30)},
    ),
    Template(
        "teams",
        ("a * b", "x + c"),
        (
            "{a} teams of {b} {persons} meet at the {place}. {c} helpers come too.",
            "At the {place} there are {c} judges and {a} teams. Every team has {b} {persons}.",
        ),
        ("How many people are there?", "How many people meet at the {place}?"),
        {"person": ("player", "runner", "singer", "dancer", "swimmer", "pupil"), "place": e.PLACE},
        {"c": (2, 30)},
    ),
    Template(
        "broken-seats",
        ("a * b", "x - c"),
        (
            "A {hall} has {a} rows of {b} seats. {c} seats are broken.",
            (
                "In the {hall}, {c} seats are broken. There are {a} rows, and every row has {b} "
                "seats."
            ),
        ),
        ("How many seats can be used?", "How many good seats does the {hall} have?"),
        {"hall": ("theatre", "cinema", "stadium", "church", "circus", "plane")},
    ),
    Template(
        "day-of-work",
        ("a * b", "x - c"),
        (
            (
                "{N} earns {b} {money} an hour and works for {a} hours. After work {he} buys a "
                "{item} for {c} {money}."
            ),
            (
                "A {item} costs {c} {money}. {N} buys it after {a} hours of work at {b} {money} "
                "an hour."
            ),
        ),
        ("How much of the pay remains?", "How many {money} does {N} take home?"),
        {"item": _GOODS},
    ),
    Template(
        "not-packed",
        ("a * b", "c - x"),
        (
            "{N} has {c} {items}. {he} puts {b} into each of {a} {bags}.",
            (
                "There are {a} {bags} with room for {b} {items} each. {N} brings {c} {items} and "
                "fills them all."
            ),
        ),
        ("How many {items} remain outside?", "How many {items} do not go into the {bags}?"),
        {"bag": e.CONTAINER, "item": _SMALL + _FOOD + e.VEGETABLE},
        {"c": (6, 60)},
    ),
    Template(
        "cloth",
        ("a * b", "c - x"),
        (
            "From {c} metres of {cloth}, a {worker} cuts {a} pieces of {b} metres.",
            "A {worker} buys {c} metres of {cloth} and cuts {a} pieces, each {b} metres long.",
        ),
        ("How many metres of {cloth} remain?", "How long is the rest of the {cloth}?"),
        {"cloth": _CLOTH, "worker": e.WORKER},
        {"c": (6, 60)},
    ),
    Template(
        "rooms-and-beds",
        ("a * b", "x * c"),
        (
            (
                "A {building} has {a} floors with {b} rooms each. In every room there are {c} "
                "{items}."
            ),
            (
                "Every room of the {building} has {c} {items}. There are {a} floors and {b} "
                "rooms on every floor."
            ),
        ),
        ("How many {items} are in the {building}?", "How many {items} does the {building} have?"),
        {"building": e.BUILDING, "item": e.FURNITURE},
    ),
    Template(
        "working-hours",
        ("a * b", "x * c"),
        (
            "{a} {workers} work {b} hours a day for {c} days.",
            "For {c} days, {a} {workers} are at work, {b} hours each day.",
        ),
        ("How many hours of work is that altogether?", "How many hours must be paid?"),
        {"worker": e.WORKER},
    ),
    Template(
        "share-packets",
        ("a * b", "x / c"),
        (
            (
                "{N} has {a} {bags} of {b} {items}. {c} {persons} get all the {items} in equal "
                "parts."
            ),
            (
                "{c} {persons} empty {a} {bags} with {b} {items} in each and divide the {items} "
                "fairly."
            ),
        ),
        (
            "How many {items} are there for each {person}?",
            "How many {items} does every {person} get?",
        ),
        {"bag": e.CONTAINER, "item": _SMALL + _FOOD, "person": e.CHILDREN},
    ),
    Template(
        "repack",
        ("a * b", "x / c"),
        (
            (
                "{a} {bags} with {b} {items} each are repacked. {c} {items} go into every new "
                "{crate}."
            ),
            "{N} empties {a} {bags} of {b} {items} and fills {crates} of {c} {items}.",
        ),
        ("How many {crates} are needed?", "How many {crates} does {N} fill?"),
        {
            "bag": ("bag", "box", "sack", "chest"),
            "crate": ("crate", "tray", "basket", "jar"),
            "item": _FOOD + e.DISHES,
        },
    ),
    Template(
        "add-to-share",
        ("a / b", "x + c"),
        (
            (
                "{a} {items} are put into {b} {bags}, equally many into each. {N} adds {c} "
                "{items} to the {colour} {bag}."
            ),
            (
                "{b} {bags} hold {a} {items} in equal parts. Then {c} more {items} are dropped "
                "into the {colour} {bag}."
            ),
        ),
        (
            "How many {items} are in the {colour} {bag}?",
            "How many {items} does the {colour} {bag} hold now?",
        ),
        {"bag": e.CONTAINER, "item": _SMALL + _FOOD, "colour": e.COLOUR},
        {"c": (2, 30)},
    ),
    Template(
        "and-another-thing",
        ("a / b", "x + c"),
        (
            (
                "{b} {items} cost {a} {money} altogether. {N} buys such a {item} and a {good} "
                "for {c} {money}."
            ),
            (
                "A {good} costs {c} {money}. For {b} {items} the {shop} takes {a} {money}. {N} "
                "chooses a {good} and a {item}."
            ),
        ),
        ("How much does {N} pay?", "How many {money} must {N} pay?", "What is the bill of {N}?"),
        {"item": e.DISHES + e.STATIONERY, "good": e.FURNITURE + e.CLOTHES, "shop": e.SHOP},
        {"c": (2, 40)},
    ),
    Template(
        "share-then-lose",
        ("a / b", "x - c"),
        (
            (
                "{b} {persons} divide {a} {items} fairly. {N} is among them and loses {c} of "
                "{his} {items}."
            ),
            (
                "{a} {items} are dealt to {b} {persons} in equal shares. {N}, who is playing "
                "too, gives away {c}."
            ),
        ),
        (
            "How many {items} does {N} have after that?",
            "How many {items} remain in the hands of {N}?",
        ),
        {"person": ("player", "friend", "cousin", "neighbour", "pupil"), "item": _SMALL},
    ),
    Template(
        "shorten",
        ("a / b", "x - c"),
        (
            (
                "{N} cuts {a} metres of {cloth} into {b} equal pieces and shortens every piece "
                "by {c} metres."
            ),
            (
                "{a} metres of {cloth} make {b} equal pieces. From each piece {N} removes {c} "
                "metres."
            ),
        ),
        ("How many metres long is a piece now?", "What is the new length of each piece in metres?"),
        {"cloth": _CLOTH},
    ),
    Template(
        "rule-of-three",
        ("a / b", "x * c"),
        ("{b} {items} cost {a} {money}.", "In the {shop}, {N} pays {a} {money} for {b} {items}."),
        (
            "What must {N} pay for {c} {items}?",
            "What is the price of {c} such {items}?",
            "How many {money} would {c} of them be?",
        ),
        {"item": _GOODS + _FOOD, "shop": e.SHOP},
    ),
    Template(
        "steady-pace",
        ("a / b", "x * c"),
        (
            "A {machine} {makes} {a} {items} in {b} hours.",
            "In {b} hours, a {machine} {makes} {a} {items}, at a steady pace.",
        ),
        (
            "How many {items} does it {make} in {c} hours?",
            "What number of {items} is that in {c} hours?",
        ),
        {"machine,makes,make,item": _MACHINES},
    ),
)
