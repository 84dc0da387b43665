"""Settings of the rows that answer whether something simpler is better."""

from pydantic import Field

from lingualift.config.base import Name, Settings
from lingualift.config.training import LearningRate


class Alternatives(Settings):
    """What the rows of the group `alternatives` are made from (`plan.alternatives`)."""

    tuned: Name = Field(
        default="mono-sft", description="System whose chain tunes the LLM on English task data."
    )
    aligned: Name = Field(
        default="lingualift", description="System that the group compares with: LinguaLIFT itself."
    )
    multilingual: Name = Field(
        default="gemma3-270m",
        description="Source of a multilingual LLM of about the size of `llm`, as a key.",
    )
    chat: bool = Field(
        default=False,
        description="Whether the LLM has a chat template, so that a row asks it in its format.",
    )
    learning_rate: LearningRate = Field(
        default=2.0e-4, description="Learning rate of the adapters that read text before task data."
    )
