"""What a job asks a scheduler for, worked out from the sizes that decide it.

Pure arithmetic over parameters, widths, words and sentences, so that the same rules fit two cores
and a cluster. Every function returns a `Request` for the first attempt; a repeated job asks for a
multiple (`rules/common.smk`). Memory is that of the machine: a GPU's memory comes on top, but
weights pass through the machine's memory first. Byte counts follow the code (what is held at once,
and in which type); speeds are low estimates, so that a job is not stopped while it still makes
progress.
"""

from dataclasses import dataclass, replace
from math import ceil

LOADED = 700  # MB: Python with torch and Transformers
# of a task's question; MetaMathQA's mean is near it, the default's word problems have half
TOKENS = 60
# of a question with words of another language, whose scripts an encoder's tokenizer spells out
SWITCHED_TOKENS = 90
RESPONSE = 200  # tokens of a worked solution
# of a micro-batch on a processor, padding included: weights are converted anew in each, so small
# ones cost speed. A global batch of the default run is one micro-batch
MICRO_TOKENS = 1536
# problems that a processor answers at once where nothing says how many, and what they may hold
PROCESSOR_ROWS, PROCESSOR_BYTES = 128, 2 * 10**9
PROBLEMS = 1000  # of a benchmark in one language: MMWP 811, MSVAMP and X-CSQA 1,000
UNKNOWN = 100_000  # examples of a data set whose size the configuration does not give

# Floating-point operations a second: two threads of a desktop processor in float32, and one
# data-centre GPU in bfloat16.
CPU_TRAINING, GPU_TRAINING = 2e11, 1e14
CPU_GENERATION, GPU_GENERATION = 1e11, 5e12
# of FAISS's exact search on one core; measured at 50,000 x 50,000 and 200,000 x 200,000 words
INNER_PRODUCTS = 1e11
# one thread of a server processor at batches of 64 rows; measured with 2048 hidden units
ADVERSARY_CPU = 7e10
PATIENCE = 3  # a job gets this multiple of its estimated time
# 16-bit numbers kept for the backward pass, for each token, layer and unit of width (without
# checkpointing): of a GPU by arithmetic; of a processor, whose allocator keeps freed blocks, where
# the LLM learns and where it is frozen. Measured at 135M: 5.9 GB in all with 1,472 tokens, 2.8 GB
# with 1,016
ACTIVATIONS = 34
PROCESSOR_ACTIVATIONS, PROCESSOR_ACTIVATIONS_FROZEN = 46, 25
# of the largest global batch of a stage beside one of usual examples: 1,472 and 960 tokens, 1,016
# and 960 were measured
LARGEST_BATCH = 1.5


@dataclass(frozen=True)
class ModelSize:
    """A model's parameters, the size of its hidden states, and the bytes in which a parameter is
    loaded; one that is not known is taken for a large one.
    """

    parameters: int = 7_000_000_000
    width: int = 4096
    loaded: int = 4

    def activations(self, tokens: int, kept: int) -> float:
        """Bytes of `kept` 16-bit numbers for each of `tokens` tokens, layer and unit of width:
        layers times width is about parameters / (12 width).
        """
        return tokens * 2 * kept * self.parameters / (12 * self.width)


@dataclass(frozen=True)
class Request:
    """Memory in MB (10^6 bytes), time in minutes, and disk in MB: what the job holds at most, and
    what is left of it at the end.
    """

    megabytes: int
    minutes: int
    disk: int = 100
    kept: int = 1

    def holding(self, size: float) -> "Request":
        """The same work with `size` more bytes in memory."""
        return replace(self, megabytes=self.megabytes + ceil(size / 1e8) * 100)

    def times(self, count: int) -> "Request":
        """The same work `count` times, one after the other."""
        return Request(self.megabytes, self.minutes * count, self.disk * count, self.kept * count)


def request(megabytes: float, minutes: float, disk: float = 0, scratch: float = 0) -> Request:
    """A request rounded up to 100 MB and 10 minutes; `disk` in bytes, plus a tenth and a little,
    `scratch` what goes again. What stays is rounded to 1 MB: a run adds it up over all of its jobs,
    and 500 small tables are not 50 GB.
    """
    most = ceil(((disk + scratch) * 1.1e-6 + 1) / 100) * 100
    kept = ceil(disk * 1.1e-6 + 1)
    return Request(ceil(megabytes / 100) * 100, ceil(minutes / 10) * 10, most, kept)


def retrieval(size: int) -> Request:
    """Download `size` bytes at 2 MB/s or better; files are hashed and unpacked in pieces, so memory
    does not grow.
    """
    return request(1000, 30 + size / 2e6 / 60, 3 * size)


def model_preparation(parameters: int, converted: bool) -> Request:
    """A model folder: a conversion holds a float32 and a bfloat16 copy of the weights; other
    snapshots are only linked.
    """
    return request(
        LOADED + 600 + (6 * parameters / 1e6 if converted else 0),
        20,
        2 * parameters if converted else 0,
    )


def corpus(size: int) -> Request:
    """A cleaned corpus, of a source of `size` bytes: one line at a time, but sources with one text
    in many places remember their lines.
    """
    return request(1500 + size / 1e6, 60 + size / 1e6 / 60, size)


def vectors_training(dimension: int) -> Request:
    """fastText training: input and output matrices of 100,000 subword buckets and as many words."""
    return request(
        1800 + 2 * 200_000 * dimension * 4 / 1e6, 60 + 0.6 * dimension, 200_000 * dimension * 4
    )


def vectors_reading(words: int, dimension: int, binary: bool = False) -> Request:
    """Published vectors of `words` words: text streams (30,000 lines of 300 dimensions a second); a
    fastText model is loaded whole.

    The published models hold two million words and as many subwords: three matrices of two million
    rows.
    """
    whole = (
        3 * 2_000_000 * dimension * 4 / 1e6 + 2 * words * dimension * 4 / 1e6
        if binary
        else words * 300 / 1e6
    )
    return request(LOADED + whole, 20 + words * dimension / 1e6 / 60, words * dimension * 4)


def task_reading(examples: int) -> Request:
    """English task data, read or generated as one table: 4 kB an example while Python objects
    become Arrow columns.
    """
    return request(1000 + examples * 4e3 / 1e6, 30 + examples / 1e5, examples * 1e3)


def tagging(questions: int, words: int = 0) -> Request:
    """spaCy over the task's questions (and `words` single words): about 4,000 tokens a second, 60
    bytes a tagged token.
    """
    tokens = questions * TOKENS + words
    return request(1900 + tokens * 60 / 1e6, 50 + tokens / 4000 / 60, tokens * 30)


def vocabulary(words: int) -> Request:
    """Words with their frequencies, from a corpus or from a store of vectors."""
    return request(1400 + words * 500 / 1e6, 30, words * 30)


def code_switching(questions: int) -> Request:
    """Code-switched text of one language, in memory as Arrow tables: about 6 kB a question."""
    return request(1500 + questions * 6000 / 1e6, 30, questions * 1500)


def encoding(texts: int, encoder: ModelSize, gpu: bool, tokens: int = TOKENS) -> Request:
    """Encoder states of `texts` texts, [texts * tokens, width], written to the store as they are
    made; the texts stay in memory. The width is that of all layers that are joined.
    """
    flops = texts * tokens * 2 * encoder.parameters
    memory = LOADED + 400 + (4 * encoder.parameters + texts * 500) / 1e6
    return request(
        memory,
        50 + PATIENCE * flops / _speed(gpu, training=True) / 60,
        texts * tokens * encoder.width * 2,
    )


def word_encoding(words: int, encoder: ModelSize, layers: int, gpu: bool) -> Request:
    """States of single words: two poolings of each layer, in float32 four times at the peak."""
    flops = words * 4 * 2 * encoder.parameters
    numbers = words * 2 * layers * encoder.width
    memory = LOADED + 300 + (4 * encoder.parameters + numbers * 16) / 1e6
    return request(memory, 30 + PATIENCE * flops / _speed(gpu, training=True) / 60, numbers * 2)


def lexicon(source_words: int, target_words: int, dimension: int) -> Request:
    """Alignment and CSLS retrieval over two sets of vectors, held six times in float32 (normalised,
    mapped, augmented for CSLS).

    About twenty exact searches of all pairs.
    """
    searches = 20 * 2 * source_words * target_words * dimension / INNER_PRODUCTS / 60
    memory = 2400 + (source_words + target_words) * dimension * 24 / 1e6
    return request(memory, 120 + searches, source_words * 200)


def adversaries(words: int, dimension: int, minutes: int) -> Request:
    """The adversarial start alone: vectors of all words, held four times in float32."""
    return request(LOADED + 1000 + words * dimension * 16 / 1e6, 30 + minutes)


def adversary(steps: int, batch: int, hidden: int, dimension: int, gpu: bool) -> int:
    """Minutes of `steps` steps of the adversarial start: five of the discriminator to each of the
    map.

    A GPU is bound by launching some hundred small operations, not by arithmetic.
    """
    flops = 6 * 3 * 2 * 2 * batch * hidden * (hidden + dimension)
    return ceil(PATIENCE * steps * (6e-3 if gpu else flops / ADVERSARY_CPU) / 60)


def loading(llm: ModelSize, ranks: int) -> float:
    """Bytes of host memory while `ranks` processes load an LLM that is stored in 16 bits.

    A type of 16 bits stays the mapped file, whose pages count for every process; a wider one is a
    copy, beside the file's pages.
    """
    copies = 0 if llm.loaded <= 2 else ranks * llm.loaded
    mapped = ranks * 2 if llm.loaded <= 2 else 2
    return llm.parameters * (copies + mapped)


def training(
    llm: ModelSize,
    *,
    examples: int,
    epochs: int,
    llm_trained: bool,
    adapted: bool = False,
    batch: int = 0,
    micro_tokens: int | None = None,
    response: int = RESPONSE,
    gpus: int = 0,
) -> Request:
    """One training stage.

    A trained LLM takes 16 bytes a parameter (weights, gradients and Adam's two moments in float32;
    with GPUs for the state that is saved), a frozen one, `adapted` by adapters or not, those in
    which it is loaded. Each process
    loads the model for itself (`loading`) before its GPU gets it. Without a GPU the activations of
    `micro_tokens` tokens come on top (None: of `batch` long examples, or of `MICRO_TOKENS` tokens
    where that is less). Encoder states and tokenised examples are memory-mapped by all processes;
    the texts take 5 kB an example once, while they are tokenised. Time: 6 operations a parameter
    and token, 4 where the LLM is frozen. `examples` are those that pass through the LLM: a warm
    start has none. Disk: 2 bytes a parameter of an LLM that this stage or
    an earlier one trained, and 12 for the state from which an interrupted stage goes on.
    """
    parameters = llm.parameters
    ranks = max(gpus, 1)
    weights = max(
        16 * parameters if llm_trained else 0,
        loading(replace(llm, loaded=4) if llm_trained else llm, ranks),
    )
    example = TOKENS + response
    held = max(example, min(ceil(LARGEST_BATCH * batch * example), micro_tokens or MICRO_TOKENS))
    tokens = held if examples and not gpus else 0
    learns = llm_trained or adapted
    kept = PROCESSOR_ACTIVATIONS if learns else PROCESSOR_ACTIVATIONS_FROZEN
    activations = llm.activations(tokens, kept)
    starter = LOADED if ranks > 1 else 0  # the job's own process waits for those that it started
    processes = ranks * (LOADED + 500) + examples * 5e3 / 1e6 + starter
    memory = processes + (weights + activations) / 1e6
    flops = examples * epochs * (TOKENS + response) * parameters * (6 if llm_trained else 4)
    seconds = flops / (ranks * _speed(gpus > 0, training=True))
    return request(
        memory,
        90 + PATIENCE * seconds / 60,
        parameters * 2 + 50e6,
        scratch=parameters * 12 if llm_trained else 0,
    )


def answer_bytes(llm: ModelSize, new_tokens: int, batch: int | None) -> float:
    """Bytes of the answers that a processor gives at once, `batch` or as many as its budget holds.

    A question in a script that the tokenizer spells byte by byte has three times the usual tokens.
    """
    held = llm.activations((batch or PROCESSOR_ROWS) * (3 * TOKENS + new_tokens), 2)
    return held if batch else min(held, PROCESSOR_BYTES)


def prediction(llm: ModelSize, new_tokens: int, gpu: bool, held: float = 0) -> Request:
    """One benchmark in one language: the LLM's weights in float32; without a GPU, `held` bytes of
    answers too.
    """
    flops = PROBLEMS * (TOKENS + new_tokens) * 2 * llm.parameters
    memory = LOADED + 200 + (4 * llm.parameters + (0 if gpu else held)) / 1e6
    return request(
        memory,
        30 + PATIENCE * flops / _speed(gpu, training=False) / 60,
        PROBLEMS * (TOKENS + new_tokens) * 8,
    )


def _speed(gpu: bool, training: bool) -> float:
    if training:
        return GPU_TRAINING if gpu else CPU_TRAINING
    return GPU_GENERATION if gpu else CPU_GENERATION
