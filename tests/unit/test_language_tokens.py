"""NLLB's encoder reads every text behind the token of its language; the tokens are those of
Transformers' own tokenizer. A checkpoint over it is asked by the language's name or code.
"""

import json
import re
import string
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, M2M100Config, M2M100Model, NllbTokenizer
from transformers.utils.logging import disable_progress_bar

from lingualift.command import main
from lingualift.evaluation.ask import AskedCheckpoint, Question
from lingualift.languages import load_languages
from lingualift.messages import LinguaLiftError
from lingualift.model.encoder import Encoder
from lingualift.model.encoder_tokenizer import EncoderTokenizer
from lingualift.model.export import export_checkpoint
from lingualift.model.frozen import LANGUAGE_TOKENS
from lingualift.model.layout import Prompt
from lingualift.model.prepare import prepare_model
from lingualift.model.processor import LinguaLiftModel, LinguaLiftProcessor
from lingualift.model.states import encoded_languages, load_states
from lingualift.plan.inputs import language_tokens
from lingualift.retrieve.sources import load_sources
from lingualift.training.job import StageJob
from lingualift.training.run import run_stage
from tests.conftest import ROOT, hub_source, save_llama
from tests.unit.test_processor import QUESTIONS, code_of, of_the_hub, printed, stage

TEXTS = ["ab 12", "ba", "ab 12"]
LANGUAGES = ["sw", "en", "en"]
SOURCE = hub_source(digits="split", language_tokens="nllb")
TOKENS = {
    "sw": {"token": "swh_Latn", "name": "Swahili"},
    "en": {"token": "eng_Latn", "name": "English"},
    "lb": {"token": "ltz_Latn", "name": "Luxembourgish"},
}
SIZES = {
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 1,
    "encoder_ffn_dim": 16,
    "decoder_ffn_dim": 16,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
}


def nllb(folder: Path, sizes: dict[str, Any] = SIZES) -> Path:
    """A tiny NLLB, as the hub has it, whose vocabulary lacks Luxembourgish."""
    characters = string.ascii_letters + string.digits + "."
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", *characters]
    tokenizer = NllbTokenizer(
        vocab={piece: row for row, piece in enumerate(pieces)},
        merges=[],
        extra_special_tokens=["eng_Latn", "swh_Latn"],
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = M2M100Config(vocab_size=len(tokenizer), pad_token_id=1, **sizes)
    M2M100Model(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("nllb")
    prepare_model(SOURCE, nllb(root / "hub"), root / "model", language_tokens=TOKENS)
    return root / "model"


def test_a_text_begins_with_the_token_of_its_language(folder: Path) -> None:
    tokens = EncoderTokenizer.load(folder).tokens(TEXTS, LANGUAGES)
    for number, (text, language) in enumerate(zip(TEXTS, LANGUAGES, strict=True)):
        own = AutoTokenizer.from_pretrained(folder, src_lang=TOKENS[language]["token"])
        ids = tokens.ids[tokens.ends[number] : tokens.ends[number + 1]]
        assert ids.tolist() == own(text)["input_ids"]
    assert len({ids[0] for ids in np.split(tokens.ids, tokens.ends[1:-1])}) == 2


def test_the_same_text_in_two_languages_has_two_states_in_memory_and_in_a_store(
    folder: Path, tmp_path: Path
) -> None:
    encoder = Encoder(folder, None, torch.float32)
    encoded = encoder.encode(TEXTS, languages=LANGUAGES)
    assert not np.allclose(encoded.of(0), encoded.of(2), atol=1e-3)
    swahili, english = (encoder.states(["ab 12"], languages=[code])[0] for code in ("sw", "en"))
    np.testing.assert_allclose(encoded.of(0), swahili, atol=1e-6)
    np.testing.assert_allclose(encoded.of(2), english, atol=1e-6)
    encoder.store(tmp_path / "store", TEXTS, languages=LANGUAGES)
    stored = load_states(tmp_path / "store", TEXTS)
    for row in range(3):
        kept = torch.from_numpy(np.array(stored.of(row))).view(torch.bfloat16).float()
        np.testing.assert_allclose(kept, encoded.of(row), rtol=1e-2, atol=1e-2)


def test_words_are_read_in_their_language(folder: Path) -> None:
    encoder = Encoder(folder, None, torch.float32)
    words = {code: encoder.word_states(["ab"], [1, 2], code)[0] for code in ("sw", "en")}
    assert words["sw"].shape == (2, 3, 16)  # without the language's token and the end
    assert not np.allclose(words["sw"], words["en"], atol=1e-3)


@pytest.mark.parametrize(
    ("languages", "message"),
    [
        (["sw"], r"is told that of 1 of 2 texts"),
        (["sw", "lb"], r"has no token for .* 'lb'; it has en, sw"),
    ],
)
def test_a_text_without_a_language_that_the_model_knows_is_refused(
    languages: list[str], message: str, folder: Path
) -> None:
    with pytest.raises(LinguaLiftError, match=message):
        EncoderTokenizer.load(folder).tokens(["ab", "ba"], languages)


def test_a_model_that_marks_no_language_is_not_taken_for_one_that_does(
    llama: Path, tmp_path: Path
) -> None:
    stated = SOURCE.model_copy(update={"digits": None})
    with pytest.raises(LinguaLiftError, match="begins no text with a token of a language"):
        prepare_model(stated, llama, tmp_path / "out", language_tokens=TOKENS)


def test_languages_of_a_table_are_its_column_or_its_name_and_translations_are_english() -> None:
    import pyarrow as pa

    task = pa.table({"question": ["a", "b"], "language": ["sw", "de"]})
    problems = pa.table({"question": ["a", "b"], "translation": ["x", ""]})
    assert encoded_languages(task, "questions") == ["sw", "de"]
    assert encoded_languages(problems, "ha") == ["ha", "ha", "en"]


def test_the_registrys_nllb_has_a_token_for_every_language_of_the_table_but_vai() -> None:
    languages = load_languages(ROOT / "config/languages.tsv")
    source = load_sources(ROOT / "config/sources.yaml")["nllb-200-600m"]
    tokens = language_tokens(source, languages)
    assert tokens["sw"] == TOKENS["sw"] and tokens["en"] == TOKENS["en"]
    assert set(languages) - set(tokens) == {"vai"}


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> StageJob:
    """The stage of a checkpoint over NLLB's encoder, both of whose models are the hub's."""
    root = tmp_path_factory.mktemp("asked")
    of_the_hub(save_llama(root / "llm"), "llm")
    trained = stage(root / "stage", root / "llm", folder)
    run_stage(trained)
    disable_progress_bar()  # as the command has it, which imports Transformers itself
    return trained


def said(checkpoint: Path, language: str) -> tuple[list[list[int]], list[str]]:
    """What the encoder reads in a language, and what the checkpoint answers."""
    model = LinguaLiftModel.from_pretrained(checkpoint)
    processor = LinguaLiftProcessor.from_pretrained(checkpoint)
    inputs = processor(QUESTIONS, language)
    new = model.generate(**inputs, max_new_tokens=20)
    return inputs["encoder_ids"].tolist(), processor.decode(new)


@pytest.mark.parametrize("language", ["Swahili", "sw", "swahili"])
def test_a_checkpoint_is_asked_by_a_languages_name_or_code_and_its_prompt_gets_the_name(
    language: str, job: StageJob
) -> None:
    processor = LinguaLiftProcessor.from_pretrained(job.out)
    naming = processor.asked_with(Prompt("{question}", "A {source} question: "))
    inputs = naming(QUESTIONS[:1], language)
    own = AutoTokenizer.from_pretrained(job.encoder, src_lang="swh_Latn")
    assert inputs["encoder_ids"].tolist() == [own(QUESTIONS[0])["input_ids"]]
    read = naming.tokenizer.decode(inputs["input_ids"][0], skip_special_tokens=True)
    assert read.startswith("A Swahili question: ")
    assert naming.encoder_tokens("ab", language)[0] == "swh_Latn"


def test_the_command_and_a_harness_ask_in_a_language_by_its_name(job: StageJob, capsys) -> None:
    (expected,) = AskedCheckpoint(job.out).answers([Question(QUESTIONS[0], "en")], 4)
    options = ["--language", "English", "--max-new-tokens", "4", "--json"]
    assert main(["ask", str(job.out), QUESTIONS[0], *options]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["answer"] == expected.text.strip()
    assert answer["encoder_tokens"][0] == "eng_Latn"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "encoder marks the language of the question: give it in English (--language Swahili"),
        (["--language", "Swahil"], "for the language 'Swahil'; did you mean 'Swahili'?"),
        (["--language", "Luxembourgish"], "'Luxembourgish'; known: English, Swahili"),
        (["--language", ""], "for the language ''; known: English, Swahili"),
    ],
)
def test_a_language_that_is_missing_or_unknown_is_one_line(
    options: list[str], message: str, job: StageJob, capsys
) -> None:
    assert main(["ask", str(job.out), QUESTIONS[0], *options]) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and message in printed.err and printed.err.count("\n") == 1


def test_the_lines_of_a_card_name_the_language_that_the_encoder_marks(job: StageJob) -> None:
    card = (job.out / "README.md").read_text(encoding="utf-8")
    (stated,) = re.findall(r"```text\n(.*?)```", card, flags=re.DOTALL)
    assert '"English"))' in code_of(card) and printed(code_of(card)) == stated


def test_a_checkpoint_that_refers_to_the_hub_knows_the_languages_that_the_hub_does_not_note(
    job: StageJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = said(job.out, "Swahili")
    export_checkpoint(job.out, tmp_path / "export", self_contained=False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    for name in ("llm", "encoder"):  # as the hub's client lays out what it has fetched
        noted = json.loads((tmp_path / "export/config.json").read_text())[name]
        repository = noted["repository"].replace("/", "--")
        snapshot = tmp_path / f"cache/models--{repository}/snapshots/{noted['revision']}"
        snapshot.parent.mkdir(parents=True)
        if name == "llm":
            snapshot.symlink_to(job.llm)
        else:
            nllb(snapshot)
            assert not (snapshot / LANGUAGE_TOKENS).exists()
    assert said(tmp_path / "export", "Swahili") == expected
    export_checkpoint(tmp_path / "export", tmp_path / "whole")
    assert said(tmp_path / "whole", "sw") == expected


def test_a_model_folder_without_the_names_of_its_languages_is_asked_by_code(
    folder: Path, tmp_path: Path
) -> None:
    """As prepared before the names were noted."""
    tokens = {code: noted["token"] for code, noted in TOKENS.items()}
    for file in folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / LANGUAGE_TOKENS).unlink()
    (tmp_path / LANGUAGE_TOKENS).write_text(json.dumps(tokens))
    assert EncoderTokenizer.load(tmp_path).language_code("sw") == "sw"
