"""The fast tokenizers that GGUF files describe: SmolLM's byte-level BPE, Gemma's SentencePiece."""

from typing import Any

from lingualift.messages import LinguaLiftError, nearest
from lingualift.model.gguf_file import GgufFile

CONTROL, USER_DEFINED = 3, 4  # GGUF token types


def gguf_tokenizer(source: GgufFile) -> Any:
    """The fast tokenizer that the file's vocabulary describes, with its special tokens set."""
    from tokenizers import AddedToken
    from transformers import PreTrainedTokenizerFast

    model = source.field("tokenizer.ggml.model")
    style = source.field("tokenizer.ggml.pre")
    builders = {("gpt2", "smollm"): _smollm_backend, ("llama", "default"): _gemma_backend}
    if (model, style) not in builders:
        raise LinguaLiftError(
            f"{source.path}: tokenizer '{model}/{style}' cannot be converted,"
            f" {nearest(f'{model}/{style}', map('/'.join, builders))}"
        )
    tokens, types = source.field("tokenizer.ggml.tokens"), source.field("tokenizer.ggml.token_type")
    backend = builders[model, style](source, tokens)
    added = [
        AddedToken(token, normalized=False, special=kind == CONTROL)
        for token, kind in zip(tokens, types, strict=True)
        if kind in (CONTROL, USER_DEFINED) and backend.token_to_id(token) is not None
    ]
    backend.add_special_tokens([token for token in added if token.special])
    backend.add_tokens([token for token in added if not token.special])
    if backend.get_vocab_size() != len(tokens):
        raise LinguaLiftError(
            f"{source.path}: {len(tokens)} tokens in the file, {backend.get_vocab_size()} in the"
            " tokenizer built from it"
        )
    special = {}
    for name, key in (
        ("bos_token", "bos"),
        ("eos_token", "eos"),
        ("unk_token", "unknown"),
        ("pad_token", "padding"),
    ):
        identifier = source.fields.get(f"tokenizer.ggml.{key}_token_id")
        if identifier is not None:
            special[name] = tokens[identifier]
    architecture = source.field("general.architecture")
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=int(source.field(f"{architecture}.context_length")),
        clean_up_tokenization_spaces=False,
        **special,
    )
    template = source.fields.get("tokenizer.chat_template")
    if template is not None:
        wrapped.chat_template = template
    return wrapped


def added_tokens(tokenizer: Any) -> dict[str, dict[str, Any]]:
    """The tokens that are matched whole, by id, as `tokenizer_config.json` lists them."""
    parts = ("content", "lstrip", "normalized", "rstrip", "single_word", "special")
    return {
        str(identifier): {part: getattr(token, part) for part in parts}
        for identifier, token in tokenizer.added_tokens_decoder.items()
    }


def _smollm_backend(source: GgufFile, tokens: list[str]) -> Any:
    """Byte-level BPE with every digit a token of its own, as SmolLM's tokenizer was trained. It
    adds no BOS by itself.
    """
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE

    merges = [tuple(merge.split(" ")) for merge in source.field("tokenizer.ggml.merges")]
    backend = Tokenizer(
        BPE(vocab={token: index for index, token in enumerate(tokens)}, merges=merges)
    )
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    return backend


def _gemma_backend(source: GgufFile, tokens: list[str]) -> Any:
    """SentencePiece BPE with byte fallback; `<bos>` goes in front of every input.

    The file stores no merges. Gemma's vocabulary lies in the order in which its merges were learnt,
    so every way of cutting a token into two known tokens is a merge, best token first. Runs of
    spaces are stored as spaces where the normalised text has `▁`.
    """
    from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors
    from tokenizers.models import BPE

    vocabulary = {
        "▁" * len(token) if token.strip(" ") == "" else token: index
        for index, token in enumerate(tokens)
    }
    merges = []
    for token, index in vocabulary.items():
        cuts = [(token[:cut], token[cut:]) for cut in range(1, len(token))]
        for left, right in cuts:
            if left in vocabulary and right in vocabulary:
                merges.append((index, len(left), left, right))
    merges.sort(key=lambda merge: merge[:2])
    backend = Tokenizer(
        BPE(
            vocab=vocabulary,
            merges=[(left, right) for _, _, left, right in merges],
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    backend.normalizer = normalizers.Replace(" ", "▁")
    backend.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    bos = int(source.field("tokenizer.ggml.bos_token_id"))
    if source.fields.get("tokenizer.ggml.add_bos_token"):
        backend.post_processor = processors.TemplateProcessing(
            single=f"{tokens[bos]} $A",
            pair=f"{tokens[bos]} $A {tokens[bos]}:1 $B:1",
            special_tokens=[(tokens[bos], bos)],
        )
    return backend
