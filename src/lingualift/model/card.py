"""The model card that goes with every checkpoint."""

import json
from collections.abc import Mapping
from typing import Any

CARD = "README.md"
TERMS = (
    "The licences of the LLM, the encoder and the training data apply to this checkpoint. Answers"
    " of small models are often wrong, and worse in languages that the encoder saw little of."
)


def model_card(config: Mapping[str, Any], record: Mapping[str, Any] | None = None) -> str:
    """README.md of a checkpoint: what it holds, over which frozen parts, and, with the `record` of
    its stage, how it was trained; an `example` in it is the question, and the answer, of the lines
    that ask the checkpoint.
    """
    llm, encoder = config["llm"], config.get("encoder")
    lines = [
        "---",
        "library_name: transformers",
        "tags: [lingualift]",
        "---",
        f"# {(record or {}).get('name', 'LinguaLIFT checkpoint')}",
        "",
    ]
    lines += [
        (
            "A `LinguaLiftModel`: an LLM with an alignment layer and boundary vectors that let it"
            " read the states of a multilingual encoder"
            if encoder
            else "A `LinguaLiftModel` with text input alone: an ordinary causal LLM"
        ),
        (
            "(LinguaLIFT, arXiv 2412.12499). "
            + (
                "The models that it was trained over lie in this folder, too."
                if "inside" in llm
                else "This folder holds only what was trained; the frozen parts are referred to"
                " below and are checked when the checkpoint is loaded."
            )
        ),
        "",
        "| part | source | revision | SHA-256 |",
        "|---|---|---|---|",
        _row("LLM", llm),
    ]
    if encoder:
        lines.append(_row(f"encoder, {_read_as(encoder)}", encoder))
        lines += [
            "",
            (
                f"Alignment layer: {config['alignment_layers']} linear layers,"
                f" {config['alignment_activation']}, {config['encoder_dim']} to {config['llm_dim']}"
                " dimensions."
            ),
        ]
    lines += ["", f"Trained modules in this folder: {', '.join(config['trained']) or 'none'}."]
    asking = _asking(config, (record or {}).get("example") or {})
    return "\n".join([*lines, *_last_stage(record or {}), "", TERMS, "", *asking, ""])


def _asking(config: Mapping[str, Any], example: Mapping[str, Any]) -> list[str]:
    """The lines of Python that ask the checkpoint, and its answer as it was asked in this type."""
    if not config.get("prompt"):
        return ["Its last stage asks nothing: a later stage of its chain is what can be asked."]
    question = json.dumps(example.get("question", "..."), ensure_ascii=False)
    kind = example.get("dtype", "float32")
    loading = "" if kind == "float32" else f', dtype="{kind}"'
    named = json.dumps(example.get("language"), ensure_ascii=False)
    language = "" if named == "null" else f", {named}"
    loads_here = any(
        config.get(part) and not config[part].get("path") for part in ("llm", "encoder")
    )
    folder = json.dumps("." if loads_here else example.get("checkpoint", "."))
    lines = [
        "```python",
        "from lingualift.model.processor import LinguaLiftModel, LinguaLiftProcessor",
        f"model = LinguaLiftModel.from_pretrained({folder}{loading})",
        f"processor = LinguaLiftProcessor.from_pretrained({folder})",
        f"print(processor.decode(model.generate(**processor([{question}]{language}))))",
        "```",
        "",
    ]
    if "answer" not in example:
        return [*lines, "No answer was noted when it was written."]
    return [*lines, "This checkpoint's answer:", "", "```text", repr([example["answer"]]), "```"]


def _last_stage(record: Mapping[str, Any]) -> list[str]:
    """How the last stage was trained, as far as its record says."""
    facts = {
        key: record[key]
        for key in ("seed", "languages", "left_out", "examples", "steps")
        if record.get(key) not in (None, [])
    }
    if not facts:
        return []
    return [
        "",
        "Last stage:",
        "",
        *(
            f"- {key.replace('_', ' ')}: {', '.join(value) if isinstance(value, list) else value}"
            for key, value in facts.items()
        ),
    ]


def _read_as(encoder: Mapping[str, Any]) -> str:
    """The layers of an encoder that the states come from, how they are put together, and whether
    digits were split.
    """
    layer = encoder.get("layer")
    read = "last layer" if layer is None else f"layer {layer}"
    if isinstance(layer, list):
        together = "mixed" if encoder.get("mixture") else "joined"
        read = f"layers {', '.join(map(str, layer))} {together}"
    return read + (", digits one token each" if encoder.get("split_digits") else "")


def _row(part: str, reference: Mapping[str, Any]) -> str:
    name, revision = (
        reference.get("repository") or reference.get("name") or reference.get("path", ""),
        reference.get("revision") or reference.get("version") or "",
    )
    return f"| {part} | {name} | {revision} | `{reference.get('fingerprint', '')[:16]}` |"
