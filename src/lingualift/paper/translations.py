"""Induced translations of a fixed list of words in every language, with their scores (Table 4)."""

from lingualift.paper.base import Artifact, PaperInputs, Table

WORDS = (
    "apple", "book", "boy", "brother", "buy", "child", "day", "family", "four", "friend", "girl",
    "give", "house", "money", "mother", "number", "school", "street", "three", "water",
)  # fmt: skip
"""Words of everyday problems, the same for every run and language. The paper's own examples are in
a picture.
"""
KEPT = 3  # translations of a word


def make(artifact: Artifact, inputs: PaperInputs) -> Table:
    """A row a word, language and translation: its score (CSLS, or the combined score of the
    lexicon), its cosine, and whether both are each other's nearest.
    """
    header = ["word", "language", "name", "rank", "translation", "score", "cosine", "mutual"]
    rows: list[list[str]] = []
    without: dict[str, list[str]] = {}
    for word in WORDS:
        for code, lexicon in inputs.lexicons.items():
            name = inputs.languages[code].name
            pairs = sorted(
                (row for row in lexicon if row["source"] == word), key=lambda row: row["rank"]
            )
            if not pairs:
                rows.append([word, code, name, "", "", "", "", ""])
                without.setdefault(code, []).append(word)
            for pair in pairs[:KEPT]:
                scores = [f"{pair['csls']:.3f}", f"{pair['cosine']:.3f}"]
                mutual = "yes" if pair["mutual"] else "no"
                rows.append([word, code, name, str(pair["rank"]), pair["target"], *scores, mutual])
    missing = [
        f"The lexicon of {code} lacks {', '.join(words)}." for code, words in without.items()
    ]
    return Table(header, rows, sum(bool(row[4]) for row in rows), missing)
