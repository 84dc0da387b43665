"""Everyday content for the generated word problems: names of people and nouns by kind.

Every tuple below holds singular nouns; `plural` makes the plural. The people named in the embedded
benchmark do not appear.
"""

import re


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


WOMEN = _words(
    "Amina Aisha Zainab Fatou Ngozi Chipo Wanjiru Achieng Thandi Lerato Adaeze Makena Zola Priya"
    " Ananya Lakshmi Meera Kavya Sunita Divya Asha Nasreen Farida Yasmin Leila Shirin Parisa Elif"
    " Zeynep Aylin Mei Xiu Lan Yuki Hana Sakura Keiko Minji Soyeon Linh Thuy Ploy Malee Siti Dewi"
    " Kalea Moana Ingrid Freja Astrid Saga Aino Katja Greta Heidi Odette Chloe Camille Giulia"
    " Chiara Bianca Lucia Carmen Ines Paula Beatriz Agnieszka Zofia Milena Jelena Ivana Oksana"
    " Daria Svetlana Eleni Ioanna Ruth Grace Emma Olivia Hannah Abigail Nokomis"
)
MEN = _words(
    "Kwame Kofi Chidi Emeka Jabari Baraka Juma Otieno Kamau Sipho Tendai Thabo Mandla Arjun Rohan"
    " Vikram Ravi Suresh Anil Kiran Manoj Sanjay Imran Bilal Hassan Karim Yusuf Tariq Reza Farhad"
    " Emre Kerem Mehmet Wei Jun Hao Kenji Haruto Takumi Sora Jiho Minh Duc Somchai Niran Budi Agus"
    " Keoni Tane Lars Sven Bjorn Nils Eero Jukka Matti Klaus Dieter Felix Henri Luc Antoine Marco"
    " Luca Paolo Diego Javier Mateo Pablo Rafael Tomasz Jakub Pavel Milos Stefan Bogdan Dmitri"
    " Andrei Nikos Kostas Samuel Daniel George Henry Jack Oliver Isaac Tadi"
)

FRUIT = _words(
    "pear banana lemon peach melon cherry fig grape coconut pineapple apricot papaya guava lime"
    " kiwi apple"
)
VEGETABLE = _words(
    "carrot onion pepper cabbage cucumber pumpkin turnip radish mushroom bean potato tomato"
)
SNACK = _words(
    "sandwich pancake cookie pie bun pizza sausage dumpling muffin waffle doughnut cracker"
    " chocolate"
)
STATIONERY = _words(
    "pencil pen notebook ruler eraser crayon folder marker textbook envelope brush map"
)
TOY = _words("marble kite puzzle ball block drum whistle robot balloon mask")
KEEPSAKE = _words(
    "shell postcard badge button bead ribbon stamp coin feather photo ring magazine bracelet pebble"
)
CLOTHES = _words(
    "shirt sock scarf glove jacket coat skirt dress shoe sweater belt hat towel blanket"
)
DISHES = _words("cup plate bowl spoon fork knife pan pot glass kettle tray")
FURNITURE = _words("chair lamp pillow clock mirror broom carpet bed sofa desk cupboard curtain")
TOOL = _words("hammer nail screw brick plank tile saw shovel battery key ladder pipe")
FARM_ANIMAL = _words("sheep goat cow horse pig duck goose rabbit hen donkey camel buffalo turkey")
WILD_ANIMAL = _words(
    "pigeon frog butterfly monkey deer turtle squirrel parrot fox elephant bear swan owl"
)
PLANT = _words("rose tulip lily bush sunflower daisy vine palm shrub")
PARCEL = _words("parcel letter suitcase barrel crate chest sack newspaper")
CONTAINER = _words("box bag basket drawer crate jar bucket carton packet sack chest")
PEOPLE = _words(
    "visitor guest child pupil worker tourist player singer dancer neighbour soldier traveller"
)
CHILDREN = _words("child pupil cousin friend classmate grandchild nephew niece neighbour")
WORKER = _words(
    "baker teacher nurse driver tailor gardener carpenter painter waiter fisherman postman mechanic"
    " potter weaver clerk guard librarian engineer dentist pilot builder cleaner shepherd plumber"
    " barber butcher jeweller shoemaker musician"
)
OLDER_RELATIVE = _words("mother father uncle aunt grandmother grandfather")
RELATIVE = _words(
    "mother father brother sister uncle aunt cousin grandmother grandfather neighbour friend"
)
PLACE = _words(
    "market park museum station hospital hotel office castle harbour farm beach temple lake theatre"
    " factory zoo stadium airport"
)
SHOP = _words("shop market kiosk bakery supermarket pharmacy bazaar bookshop")
VEHICLE = _words("bus train boat ferry plane van truck ship tram")
BUILDING = _words("hotel school hospital tower office castle factory")
INSTRUMENT = _words("piano guitar violin flute drum trumpet")
SUBJECT = _words("history science music grammar geography chemistry")
CURRENCY = _words("dollars euros pounds rupees pesos francs dinars coins")
SEASON = _words("spring summer autumn winter")
COLOUR = _words("red blue green yellow white black brown purple pink grey")

_IRREGULAR = {
    "sheep": "sheep",
    "scarf": "scarves",
    "deer": "deer",
    "fish": "fish",
    "goose": "geese",
    "child": "children",
    "grandchild": "grandchildren",
    "knife": "knives",
    "leaf": "leaves",
    "loaf": "loaves",
    "shelf": "shelves",
    "fisherman": "fishermen",
    "postman": "postmen",
    "potato": "potatoes",
    "tomato": "tomatoes",
    "mango": "mangoes",
    "buffalo": "buffaloes",
    "person": "people",
    "calf": "calves",
    "foot": "feet",
    "man": "men",
    "woman": "women",
}


def plural(noun: str) -> str:
    """The plural of a singular English noun or noun phrase ('box of pens' -> 'boxes of pens')."""
    head, of, rest = noun.partition(" of ")
    *before, last = head.split(" ")
    if last in _IRREGULAR:
        last = _IRREGULAR[last]
    elif re.search(r"(s|x|z|ch|sh)$", last):
        last += "es"
    elif re.search(r"[^aeiou]y$", last):
        last = last[:-1] + "ies"
    else:
        last += "s"
    return " ".join([*before, last]) + of + rest
