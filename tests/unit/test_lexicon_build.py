"""Whole lexicons from planted word spaces: kept starts, verdicts, gold figures, invariances, bad
input.
"""

import json
import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lingualift.config import AdversarySettings, LexiconSettings
from lingualift.languages import load_languages
from lingualift.lexicon import final, refine, views
from lingualift.lexicon.build import Lexicon, supervised_lexicon
from lingualift.lexicon.build import build_lexicon as build_with_seed
from lingualift.lexicon.gold import precision_at, read_dictionary, read_gold, read_thousand
from lingualift.lexicon.normalise import unit
from lingualift.lexicon.table import LEXICON_SCHEMA
from lingualift.lexicon.views import WordSpace
from lingualift.messages import LinguaLiftError
from lingualift.tables.lexicons import lexicon_table, readable

WORDS = 400
LANGUAGES = load_languages(Path(__file__).parents[2] / "config/languages.tsv")
FAST = LexiconSettings(
    starts=["similarity", "identical", "encoder"], encoder_layers=[], restarts=2, top_k=10
)


@pytest.fixture(autouse=True)
def short_learning(monkeypatch):
    """Spaces this small are learned in a few iterations."""
    monkeypatch.setattr(refine, "SCHEDULE", ((0.3, 8), (0.6, 3)))


def with_settings(settings: LexiconSettings, **change: object) -> LexiconSettings:
    return settings.model_copy(update=change)


def build_lexicon(source, target, settings, seed=0, **material) -> Lexicon:
    return build_with_seed(source, target, settings, seed=seed, **material)


def word(prefix: str, number: int) -> str:
    return prefix + "".join(chr(97 + int(digit)) for digit in f"{number:04d}")


def spaces(
    *, related_encoder: bool = True, related_fasttext: bool = True, seed: int = 0
) -> tuple[WordSpace, WordSpace]:
    """Source word i means target word i. An unrelated view is drawn anew for the target."""
    generator = np.random.default_rng(seed)
    meaning = generator.standard_normal((WORDS, 30)) * np.linspace(2, 0.5, 30)
    other = generator.standard_normal((WORDS, 30)) * np.linspace(2, 0.5, 30)
    rotation, _ = np.linalg.qr(generator.standard_normal((30, 30)))

    def view(base: np.ndarray, noise: float) -> np.ndarray:
        return (base + noise * generator.standard_normal(base.shape)).astype(np.float32)

    fasttext = view(meaning, 0.3), view((meaning if related_fasttext else other) @ rotation, 0.3)
    encoder = unit(view(meaning, 0.3)), unit(view(meaning if related_encoder else other[::-1], 0.3))
    frequencies = np.arange(WORDS, 0, -1) * 10
    fasttext[0][::9] = np.nan
    return tuple(
        WordSpace(
            [word(prefix, i) for i in range(WORDS)],
            frequencies,
            fasttext[side],
            encoder[side],
            ["NOUN"] * WORDS,
        )
        for side, prefix in enumerate("sz")
    )


GOLD = {word("s", i): {word("z", i)} for i in range(WORDS)}


def test_related_spaces_give_a_good_lexicon():
    source, target = spaces()
    lexicon = build_lexicon(source, target, FAST, gold={"planted": GOLD})
    assert lexicon.evidence["verdict"] == "good" and lexicon.evidence["score"] == "combined"
    assert lexicon.evidence["gold"]["planted"]["combined"]["precision"]["1"] > 95
    assert set(lexicon.evidence["gold"]["planted"]) == {
        "encoder",
        "combined",
        "fasttext",
        "fasttext_nn",
        "encoder_nn",
    }
    assert lexicon.evidence["skipped_starts"] == {"identical": 0}
    table = lexicon.table
    assert table.schema.equals(LEXICON_SCHEMA) and table.num_rows == WORDS * FAST.top_k
    first = table.slice(0, FAST.top_k).to_pylist()
    assert (
        [row["rank"] for row in first] == list(range(1, 11))
        and first[0]["target"] == word("z", 0)
        and first[0]["mutual"]
    )
    assert [row["csls"] for row in first] == sorted((row["csls"] for row in first), reverse=True)
    assert first[0]["source_pos"] == "NOUN" and first[0]["source_frequency"] == WORDS * 10


def test_gold_changes_nothing_but_the_report():
    source, target = spaces()
    with_gold, without = (
        build_lexicon(source, target, FAST, gold=gold) for gold in ({"planted": GOLD}, None)
    )
    wrong = build_lexicon(
        source,
        target,
        FAST,
        gold={"wrong": {word("s", i): {word("z", (i + 7) % WORDS)} for i in range(WORDS)}},
    )
    assert with_gold.table.equals(without.table) and with_gold.table.equals(wrong.table)
    for evidence in (with_gold.evidence, wrong.evidence):
        evidence.pop("gold")
        assert evidence == without.evidence


def test_thresholds_and_mutual_only_filter_rows():
    source, target = spaces()
    everything = build_lexicon(source, target, FAST).table
    mutual = build_lexicon(source, target, with_settings(FAST, mutual_only=True)).table
    assert mutual.equals(everything.filter(everything["mutual"])) and mutual.num_rows
    limit = float(np.median(everything["csls"].to_numpy()))
    assert (
        min(
            build_lexicon(source, target, with_settings(FAST, minimum_score=limit))
            .table["csls"]
            .to_pylist()
        )
        >= limit
    )


def test_two_runs_and_two_threads_give_the_same_bytes():
    code = (
        "import sys, hashlib; sys.path.insert(0, 'tests/unit')\nfrom test_lexicon_build import"
        " FAST, build_lexicon, spaces\nlexicon = build_lexicon(*spaces(), FAST)\ncolumns ="
        " [lexicon.table[name].combine_chunks().to_pylist() for name in"
        " lexicon.table.column_names]\nprint(hashlib.sha256(repr((columns,"
        " lexicon.evidence)).encode()).hexdigest())"
    )
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    digests = set()
    for threads in ("1", "2"):
        environment = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        environment["PYTHONPATH"] = os.pathsep.join(
            [os.path.join(root, "src"), os.environ.get("PYTHONPATH", "")]
        )
        run = subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(run.stdout.strip())
    assert len(digests) == 1


def test_order_of_equally_frequent_words_does_not_matter():
    source, target = spaces()
    flat = with_settings(FAST, starts=["encoder"])
    target = replace(target, frequencies=np.full(WORDS, 5))
    order = np.random.default_rng(1).permutation(WORDS)
    shuffled = WordSpace(
        [target.words[i] for i in order],
        target.frequencies,
        target.fasttext[order],
        target.encoder[order],
    )

    def best(space):
        return {
            row["source"]: row["target"]
            for row in build_lexicon(source, space, flat).table.to_pylist()
            if row["rank"] == 1
        }

    first, second = best(target), best(shuffled)
    assert sum(first[key] == second[key] for key in first) >= 0.99 * WORDS


def damaged(value: float) -> np.ndarray:
    """Vectors of which one holds a single `value`."""
    vectors = np.random.default_rng(0).standard_normal((WORDS, 30)).astype(np.float32)
    vectors[3, 5] = value
    return vectors


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        ({"frequencies": np.ones(3)}, {}, "3 rows of target frequencies for 400 words"),
        (
            {"encoder": np.ones((WORDS, 7), np.float32)},
            {},
            "encoder vectors of 30 dimensions for the source and 7",
        ),
        (
            {"fasttext": np.ones((WORDS, 7), np.float32)},
            {},
            "fasttext vectors of 30 dimensions for the source and 7",
        ),
        (
            {"encoder": None, "fasttext": np.full((WORDS, 30), np.nan, np.float32)},
            {},
            "nothing to align",
        ),
        (
            {},
            {"starts": ["adversarial"], "adversarial": AdversarySettings(batch=500)},
            "draws 500 words at once, but only 355 source",
        ),
        ({"words": ["same"] * WORDS}, {}, "'same' occurs twice"),
        ({"words": ["a"] * 4}, {}, "4 target words, fewer than the CSLS neighbourhood of 10"),
        ({}, {"starts": ["seed"]}, "needs a seed dictionary"),
        ({"encoder": None, "fasttext": None}, {}, "nothing to align"),
        ({"fasttext": None}, {"starts": ["similarity"]}, "nothing to align"),
        ({"encoder": damaged(np.nan)}, {}, "encoder vector of the target word 'zaaad' is not"),
        ({"encoder": damaged(np.inf)}, {}, "encoder vector of the target word 'zaaad' is not"),
        ({"fasttext": damaged(np.nan)}, {}, "fasttext vector of the target word 'zaaad' is not"),
        ({"fasttext": damaged(-np.inf)}, {}, "fasttext vector of the target word 'zaaad' is not"),
    ],
)
def test_bad_input_is_one_line(change, settings, message):
    source, target = spaces()
    with pytest.raises(LinguaLiftError, match=message) as caught:
        build_lexicon(source, replace(target, **change), with_settings(FAST, **settings))
    assert "\n" not in str(caught.value)


def test_seed_dictionary_start():
    source, target = spaces()
    pairs = [(word("s", i), word("z", i)) for i in range(0, WORDS, 8)]
    settings = with_settings(FAST, starts=["seed"])
    evidence = build_lexicon(
        source, target, settings, seed_dictionary=pairs, gold={"planted": GOLD}
    ).evidence
    assert (
        evidence["kept_start"].startswith("seed")
        and evidence["gold"]["planted"]["fasttext"]["precision"]["1"] > 80
    )


def with_names(source: WordSpace, target: WordSpace) -> WordSpace:
    """The target with every fifth word spelled as in the source."""
    return replace(
        target,
        words=[source.words[i] if i % 5 == 0 else word for i, word in enumerate(target.words)],
    )


def test_frequencies_are_not_looked_at_where_the_settings_say_so():
    source, target = spaces()
    settings = with_settings(FAST, starts=["similarity", "identical"], use_frequencies=False)
    target = with_names(source, target)
    other = np.random.default_rng(5).permutation(target.frequencies)
    first, second = (
        build_lexicon(source, replace(target, frequencies=counts), settings)
        for counts in (target.frequencies, other)
    )
    assert first.evidence == second.evidence
    assert first.table.drop_columns("target_frequency") == second.table.drop_columns(
        "target_frequency"
    )


def test_fasttext_alone_is_scored_with_its_frequency_term(monkeypatch):
    source, target = spaces()
    target = with_names(source, target)
    settings = with_settings(FAST, starts=["identical"])
    whole = with_settings(settings, top_k=WORDS)
    weighted = build_lexicon(source, target, whole).table.to_pandas()
    monkeypatch.setattr(final, "FASTTEXT_FREQUENCY_WEIGHT", 0.0)
    plain = build_lexicon(source, target, whole).table.to_pandas()
    both = plain.merge(weighted, on=["source", "target"])
    # The map hardly moves, so that the scores differ by the term: -0.05 times the squared
    # difference of the logarithms of the shares.
    known = [
        np.array(
            [
                count
                for count, vector in zip(space.frequencies, space.fasttext, strict=True)
                if np.isfinite(vector).all()
            ]
        )
        for space in (source, target)
    ]
    difference = np.log(both["source_frequency_x"] / known[0].sum()) - np.log(
        both["target_frequency_x"] / known[1].sum()
    )
    slope, rest = np.polyfit(difference**2, both["csls_y"] - both["csls_x"], 1)
    assert slope == pytest.approx(-0.05, abs=0.005) and abs(rest) < 0.02


def test_starts_that_learn_in_leading_directions_end_in_all_of_them(monkeypatch):
    source, target = spaces()
    target = with_names(source, target)
    gold = {"planted": {word: {target.words[i]} for i, word in enumerate(source.words)}}
    settings = with_settings(FAST, starts=["identical"])
    whole = build_lexicon(source, target, settings, gold=gold).evidence
    monkeypatch.setattr(views, "START_DIRECTIONS", 12)
    few = build_lexicon(source, target, settings, gold=gold).evidence
    assert few["starts"] != whole["starts"]
    assert few["verdict"] == whole["verdict"] == "good"
    assert (
        few["gold"]["planted"]["fasttext"]["precision"]["1"]
        == whole["gold"]["planted"]["fasttext"]["precision"]["1"]
        > 80
    )


def test_collapsed_language_is_aligned_from_its_seed_dictionary():
    source, target = spaces(related_encoder=False)
    rows = range(0, WORDS, 4)
    collapsed = build_lexicon(
        source, target, with_settings(FAST, starts=["encoder"]), gold={"planted": GOLD}
    )
    assert collapsed.evidence["verdict"] == "collapsed"
    pairs = [(word("s", i), word("z", i)) for i in rows]
    evidence = supervised_lexicon(
        source, target, FAST, collapsed, seed=0, seed_dictionary=pairs, gold={"planted": GOLD}
    ).evidence
    assert (
        evidence["verdict"] == "good"
        and evidence["gold"]["planted"]["fasttext"]["precision"]["1"] > 80
    )
    assert evidence["unsupervised"]["verdict"] == "collapsed" and evidence["kept_start"] == "seed"
    wrong = [(word("s", i), word("z", (7 * i + 3) % WORDS)) for i in rows]
    assert (
        supervised_lexicon(source, target, FAST, collapsed, seed=0, seed_dictionary=wrong).evidence[
            "verdict"
        ]
        == "collapsed"
    )


def test_reweighting_follows_every_measurement():
    source, target = spaces()
    plain = with_settings(FAST, starts=["seed"])
    pairs = [(word("s", i), word("z", i)) for i in range(0, WORDS, 2)]
    one, two = (
        build_lexicon(source, target, settings, seed_dictionary=pairs, gold={"planted": GOLD})
        for settings in (plain, with_settings(plain, reweight=True))
    )
    measured = (
        "starts",
        "verdict",
        "start_agreement",
        "null_criterion",
        "isometry",
        "direction_agreement",
    )
    assert all(one.evidence[key] == two.evidence[key] for key in measured)
    assert (
        not one.table.equals(two.table)
        and two.evidence["gold"]["planted"]["fasttext"]["precision"]["1"] > 80
    )


def test_precision_counts_any_translation_and_gives_intervals():
    gold = {"a": {"x", "y"}, "b": {"z"}, "c": {"nowhere"}, "d": {"x"}}
    candidates = np.array([[1, 0, 2], [0, 2, 1], [-1, -1, -1]])
    result = precision_at(["A", "b", "d"], ["x", "Y", "z"], candidates, gold, ks=(1, 2))
    assert result.words == 3 and result.coverage == 0.75
    assert result.precision == {1: pytest.approx(33.33), 2: pytest.approx(66.67)}
    assert result.intervals[1][0] <= 33.33 <= result.intervals[1][1]
    assert precision_at(["q"], ["x"], candidates, gold, ks=(1,)).words == 0


def test_gold_files(tmp_path, caplog):
    muse = tmp_path / "en-xx.txt"
    muse.write_text(
        "Cat gato\ndog\tperro\ndog\tcan\n\nice cream\thelado\nyou \nbad a b\n", encoding="utf-8"
    )
    with caplog.at_level(logging.WARNING):
        assert read_dictionary(muse, LANGUAGES["es"]) == {
            "cat": {"gato"},
            "dog": {"perro", "can"},
            "ice cream": {"helado"},
        }
    assert "2 malformed lines skipped (6, 7)" in caplog.text
    muse.write_text("\n")
    with pytest.raises(LinguaLiftError, match="no pair of words"):
        read_dictionary(muse, LANGUAGES["es"])
    listed = tmp_path / "xx.json"
    listed.write_text(
        '{"words": [{"rank": 1, "targetWord": "Haus", "englishWord": "House"}, {"rank": 2,'
        ' "englishWord": "x"}]}'
    )
    assert read_thousand(listed) == [("House", "Haus")]
    for damage in ("[]", '{"words": 1}', "{", "[" * 100_000, '{"words": ["a"]}'):
        listed.write_text(damage)
        with pytest.raises(LinguaLiftError, match=r"xx\.json") as caught:
            read_thousand(listed)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "line", "expected"),
    [
        ("uk", "\ufefffive\tП’ять", {"five": {"п'ять"}}),
        ("vi", "water\tNU\u031bO\u031b\u0301C", {"water": {"nước"}}),  # NFD, capitals
        ("ar", "book كِتَاب", {"book": {"كتاب"}}),  # vowel marks
        ("tr", "LIGHT IŞIK", {"light": {"ışık"}}),
    ],
)
def test_a_dictionarys_words_are_cleaned_as_a_corpus_is(tmp_path, code, line, expected):
    path = tmp_path / "seed.txt"
    path.write_text(line + "\r\n", encoding="utf-8")
    assert read_dictionary(path, LANGUAGES[code]) == expected


@pytest.mark.parametrize("name", ["en-uk.txt", "en-uk.test.tsv", "en_uk.tsv"])
def test_gold_words_are_found_as_a_corpus_spells_them(tmp_path, name):
    (tmp_path / name).write_text("five\tП’ять\nhouse\tбуди\u0301нок\n", encoding="utf-8")
    assert read_gold("local-dictionaries", tmp_path, LANGUAGES["uk"]) == {
        "five": {"п'ять"},
        "house": {"будинок"},  # dictionaries mark the stress, texts do not
    }
    (tmp_path / f"._{name}").write_bytes(b"\0\5\26\7")  # what macOS leaves beside it
    assert len(read_gold("local-dictionaries", tmp_path, LANGUAGES["uk"])) == 2
    (tmp_path / "second.txt").write_text("a b\n")
    with pytest.raises(LinguaLiftError, match="expected one dictionary"):
        read_gold("local-dictionaries", tmp_path, LANGUAGES["uk"])


def test_every_translation_of_gatitos_is_gold(tmp_path):
    rows = [
        {"sl": "en", "tl": "nb", "is_source_orig": True, "src": "House", "trgs": ["Hus", "heim"]},
        {"sl": "en", "tl": "nb", "is_source_orig": True, "src": "water", "trgs": ["vann"]},
    ]
    path = tmp_path / "en_nb.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    expected = {"house": {"hus", "heim"}, "water": {"vann"}}
    assert read_gold("gatitos", tmp_path, LANGUAGES["nb"]) == expected
    for wrong, said in (("vann", "'trgs' is not a list"), ([3], "'trgs' is missing or not a text")):
        path.write_text(json.dumps(rows[0]) + "\n" + json.dumps(rows[1] | {"trgs": wrong}))
        with pytest.raises(LinguaLiftError, match=rf"en_nb\.jsonl, line 2: {said}"):
            read_gold("gatitos", tmp_path, LANGUAGES["nb"])
    path.rename(tmp_path / "en_nb.tsv")
    with pytest.raises(LinguaLiftError, match=r"expected one dictionary \(\.jsonl\), found none"):
        read_gold("gatitos", tmp_path, LANGUAGES["nb"])


def test_the_packaged_word_list_is_gold_for_its_language(tmp_path):
    path = tmp_path / f"package/words/{LANGUAGES['nb'].common_words}.json"
    path.parent.mkdir(parents=True)
    path.write_text(
        json.dumps({"words": [{"rank": 1, "targetWord": "Hus", "englishWord": "House"}]})
    )
    assert read_gold("thousand-most-common-words", tmp_path, LANGUAGES["nb"]) == {"house": {"hus"}}
    wrong = replace(LANGUAGES["nb"], common_words="nor")
    with pytest.raises(
        LinguaLiftError,
        match=r"row 'nb', column 'common_words': .* holds no 'nor'; did you mean 'no'\?",
    ):
        read_gold("thousand-most-common-words", tmp_path, wrong)


def test_the_table_tells_precision_with_and_without_csls_and_what_the_corpus_lost():
    source, target = spaces()
    evidence = {
        "language": "sw",
        **build_lexicon(source, target, FAST, gold={"planted": GOLD}).evidence,
    }
    counts = {
        "language": "sw",
        "sentences": 9,
        "tokens": 80,
        "lines": 12,
        "english": 2,
        "other_script": 1,
    }
    with_counts, without = (
        lexicon_table([evidence], [counts]).to_pylist()[0],
        lexicon_table([evidence]).to_pylist()[0],
    )
    assert (
        with_counts["corpus_english"] == 2
        and with_counts["corpus_tokens"] == 80
        and without["corpus_english"] is None
    )
    for score in ("combined", "encoder", "fasttext", "fasttext_nn", "encoder_nn"):
        for rank in (1, 5, 10):
            low, value, high = (
                with_counts[f"{score}_p{rank}{end}"] for end in ("_low", "", "_high")
            )
            assert 0 <= low <= value <= high <= 100
        assert (
            with_counts[f"{score}_p1"] <= with_counts[f"{score}_p5"] <= with_counts[f"{score}_p10"]
        )
    assert len(readable(lexicon_table([evidence]))) == 2


def test_every_gold_dictionary_has_a_row_with_its_coverage_and_the_starts():
    source, target = spaces()
    half = {word: answers for word, answers in GOLD.items() if word in sorted(GOLD)[::2]}
    unknown = {f"absent{n}": {"nothing"} for n in range(len(half))}
    gold = {"whole": GOLD, "half": {**half, **unknown}}
    lexicon = build_lexicon(source, target, FAST, gold=gold)
    table = lexicon_table([{"language": "sw", **lexicon.evidence}])
    header, whole, other = readable(table)
    rows = [dict(zip(header, row, strict=True)) for row in (whole, other)]
    assert [row["gold dictionary"] for row in rows] == ["whole", "half"]
    assert [row["coverage %"] for row in rows] == ["100", "50"]
    assert rows[1]["gold words"] == str(len(half)) and rows[0]["starts"] == rows[1]["starts"]
    assert all(name in rows[0]["starts"] for name in lexicon.evidence["starts"])
    row = table.to_pylist()[0]
    assert (row["gold_dictionary"], row["gold_coverage"]) == ("whole", 1.0)
    assert row["combined_p1"] == row["gold"][0]["combined_p1"] > 95
    without = lexicon_table([{"language": "sw", **build_lexicon(source, target, FAST).evidence}])
    assert readable(without)[1][header.index("gold dictionary")] == "-"


def test_what_muse_and_vecmap_published_of_a_pair_stands_below_its_rows():
    source, target = spaces()
    evidence = build_lexicon(source, target, FAST, gold={"planted": GOLD}).evidence
    entries = [{"language": code, **evidence} for code in ("de", "sw")]
    header, *rows = readable(lexicon_table(entries))
    assert {len(row) for row in rows} == {len(header)}
    shown = [dict(zip(header, row, strict=True)) for row in rows]
    assert [(row["language"], row["verdict"] == "published") for row in shown] == [
        ("de", False), ("de", True), ("de", True), ("sw", False)
    ]  # fmt: skip
    muse, vecmap = shown[1:3]
    assert (muse["fasttext P@1 / P@5"], vecmap["fasttext P@1 / P@5"]) == ("74.0", "48.19")
    assert "Lample et al. 2018" in muse["starts"] and "Artetxe et al. 2018" in vecmap["starts"]
    assert muse["encoder P@1 / P@5"] == muse["coverage %"] == "-"
