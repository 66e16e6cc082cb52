"""What demo people are called, say of themselves, and write under photographs."""

FIRST = """
    Aiko Alma Amara Anouk Anton Arjun Astrid Ayla Bela Bruno Camille Carmen Cyrus Dalia Daniel Darya Dina Edgar
    Elif Elena Emeka Emil Esther Farah Felix Freya Gabriel Greta Hana Hugo Ida Imani Ines Iris Ivan Jaya Joao
    Jonas Julia Kai Kamila Kenji Lars Leila Lena Leo Lina Luca Malik Mara Marta Mateo Maya Mina Mira Nadia
    Nikolai Nina Noor Nora Olga Omar Oscar Petra Priya Rafael Ravi Rosa Samir Sara Selma Sofia Stefan Tara
    Teodor Tomas Uma Vera Viktor Wren Yara Yusuf Zadie Zoe
""".split()  # noqa: SIM905  names read better as prose
LAST = """
    Adeyemi Aldana Andersen Aoki Baran Becker Bergman Brandt Castell Cohen Costa Dahl Delacroix Demir Duarte
    Eriksen Falk Ferreira Fontaine Garcia Grimaldi Haddad Halloran Hartmann Hassan Holt Ibarra Ito Iyer Jansen
    Kaplan Keller Kovacs Kowalska Larsson Laurent Lindqvist Lopez Mensah Mori Moreau Nakamura Navarro Nowak
    Okafor Okoye Oliveira Orlov Park Petrov Quinn Rahman Reyes Rossi Sandoval Santos Sato Schmidt Silva Sorensen
    Takeda Tamm Tanaka Varga Weiss Winter Yilmaz Zhou
""".split()  # noqa: SIM905  names read better as prose
DEMO = (("ada", "Ada Winter"), ("boris", "Boris Falk"), ("chloe", "Chloe Laurent"))
"""The accounts for visitors: username and name."""
PASSWORD = "demo-vitrine"  # noqa: S105  printed at every start: a world to try things in
"""Of everybody in the demo world."""

BIOS = (
    "Slow photographs of quick light.",
    "Film when I can, phone when I must.",
    "Architect on weekdays, early riser on weekends.",
    "Collecting horizons.",
    "I walk, I wait, I press the button.",
    "Prints on request. Coffee always.",
    "Learning to see, one roll at a time.",
    "Mostly mountains, sometimes the way home.",
    "Botanist with a camera.",
    "Colour is a place.",
    "Nights, neon and long exposures.",
    "Looking for quiet pictures in loud places.",
    "Still lifes from a kitchen table.",
    "Weather watcher.",
    "Between two trains.",
    "",
)

REMARKS = (
    "Well seen.",
    "That light!",
    "I can hear this one.",
    "Where is this?",
    "The edges are perfect. Did you crop?",
    "Been there, never saw it like that.",
    "Print it. Large.",
    "How long did you wait?",
    "This made my morning.",
    "Quiet and loud at once.",
    "The second plane makes it.",
    "What lens?",
    "I keep coming back to this one.",
    "Colour like a memory.",
    "More of these, please.",
    "Stolen for my wall (with your leave).",
)
ANSWERS = (
    "Thank you, {name}!",
    "{name} two hours and a cold coffee.",
    "{name} an old fifty, wide open.",
    "Kind of you.",
    "No crop, just a step to the left.",
    "Close to home, actually.",
    "{name} go at six, take a scarf.",
    "It was mostly luck.",
)
"""What an author says to `name` who commented."""

CAPTIONS = {
    "ridges": (
        "Five ridges before breakfast.",
        "The valley was still asleep.",
        "Blue hour, last hut.",
        "Counted seven ranges, then the sun came up and took two of them away.",
        "Worth the cold fingers.",
        "Nobody up here but the wind.",
    ),
    "sea": (
        "It was quieter than it looks.",
        "Ten minutes before the ferry.",
        "The tide took the rest.",
        "Low sun, no hurry.",
        "Salt on the lens, left it there.",
        "Every evening the same, every evening another one.",
    ),
    "dunes": (
        "Walk on the crest, look at the shade.",
        "The wind does the composition.",
        "Six in the morning, already warm.",
        "Sand in everything. Everything.",
        "One line, drawn overnight.",
    ),
    "night": (
        "25 seconds, wide open, breath held.",
        "No moon, no phone, no sound.",
        "The trees keep the horizon.",
        "We lay down and forgot the time.",
        "Found the dark again, two hours from the city.",
    ),
    "bokeh": (
        "Out of focus on purpose.",
        "The last night of the fair.",
        "Rain on the window, traffic behind it.",
        "Somebody was singing.",
        "All the lights we left on.",
    ),
    "city": (
        "Who is still awake?",
        "The hour when windows turn on one by one.",
        "From the roof, before they locked it.",
        "Home is one of those.",
        "Dinner time, everywhere at once.",
    ),
    "coast": (
        "From the window seat.",
        "Where the river gives up.",
        "Shallow water, seen from very high.",
        "Could be a map of somewhere better.",
        "Paint, or a coastline. You tell me.",
    ),
    "forest": (
        "Fog until noon.",
        "The path was somewhere to the left.",
        "Old trees, good listeners.",
        "Heard the owl, never saw it.",
        "Every trunk a different grey.",
    ),
    "leaves": (
        "Afternoon in the palm house.",
        "Shadow study no. 12.",
        "It grew towards the window all winter.",
        "Green, and then more green.",
        "Hothouse, 31 degrees, happy.",
    ),
    "still": (
        "Paper, paint and a desk lamp.",
        "Arrangement with one ball.",
        "Three shapes having a conversation.",
        "Sunday exercise in shadows.",
        "Moved it four millimetres to the left. Better.",
    ),
    "clouds": (
        "Lay in the grass for this one.",
        "Shapes for anyone who wants them.",
        "Five minutes later it rained.",
        "Looking up counts as exercise.",
        "The sky did all the work.",
    ),
    "fields": (
        "After the harvest.",
        "Lines older than the road.",
        "Somebody ploughs a very straight furrow.",
        "Took the slow train to see this.",
        "First warm day.",
    ),
}
TAGS = {
    "ridges": ("mountains", "landscape", "bluehour", "hiking"),
    "sea": ("sea", "sunset", "landscape", "longexposure"),
    "dunes": ("desert", "minimal", "landscape", "light"),
    "night": ("nightsky", "stars", "longexposure"),
    "bokeh": ("bokeh", "night", "colour"),
    "city": ("city", "dusk", "architecture"),
    "coast": ("aerial", "abstract", "texture"),
    "forest": ("forest", "fog", "trees"),
    "leaves": ("plants", "shadow", "botanical"),
    "still": ("stilllife", "studio", "colour", "minimal"),
    "clouds": ("clouds", "sky", "weather"),
    "fields": ("fields", "countryside", "landscape"),
}
ALTS = {
    "ridges": "Mountain ridges fading into haze under a low sun",
    "sea": "A low sun above calm water, its light broken on the waves",
    "dunes": "Sand dunes, one side lit, the other in shade",
    "night": "The Milky Way above hills and a line of fir trees",
    "bokeh": "Round lights out of focus in the dark",
    "city": "Houses at dusk with some windows lit",
    "coast": "Coloured land and water seen from far above",
    "forest": "Straight tree trunks in fog",
    "leaves": "Large fronds and their shadows against a wall",
    "still": "Painted blocks, arches and a ball in hard light",
    "clouds": "Clouds seen from below",
    "fields": "Ploughed fields on rolling hills",
}
