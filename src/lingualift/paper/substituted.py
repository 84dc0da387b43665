"""Words of the code-switched queries by part of speech (Table 18)."""

from lingualift.paper.base import Artifact, PaperInputs, Table
from lingualift.paper.measured import beside


def make(artifact: Artifact, inputs: PaperInputs) -> Table:
    """A row a part of speech: its words in the queries, which the paper counts, and how many of
    them each language's lexicon holds and the run replaced.

    Queries are the same in every language, and so are their words.
    """
    settings = list(dict.fromkeys(row["setting"] for row in inputs.codeswitch))
    setting = "" if "" in settings else settings[0]
    counts = [row for row in inputs.codeswitch if row["setting"] == setting]
    languages = list(dict.fromkeys(row["language"] for row in counts))
    header = ["Part-of-Speech", *beside("#Nums")]
    header += [f"{code} {what}" for code in languages for what in ("substitutable", "replaced")]
    by_part = {(row["language"], row["part_of_speech"]): row for row in counts}
    rows = []
    for fact in inputs.facts:
        first = by_part[languages[0], fact["part"]]
        line = [fact["part"], str(first["words"]), fact["count"]]
        line.append(f"{first['words'] - int(fact['count']):+d}")
        for code in languages:
            row = by_part[code, fact["part"]]
            line += [str(row["substitutable"]), str(row["switched"])]
        rows.append(line)
    sentences = by_part[languages[0], "all"]["sentences"]
    missing = [f"Counted in the {sentences} queries that this run code-switches a language."]
    return Table(header, rows, len(rows) * (1 + 2 * len(languages)), missing)
