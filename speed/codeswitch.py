"""Code-switching speed: sentences a second from tagged queries, beside a plain Python loop over
tokens in the same run.

`python speed/codeswitch.py` needs nothing but the installed package: it tags generated word
problems by a word list (speed does not depend on who tagged them), makes a lexicon for all of their
words, and measures (1) the loop, (2) `switch_table` in memory on one core, (3) `switch_file` from
Parquet to Parquet in as many processes as there are cores, one language each, as the workflow runs
it. Words and bytes are reported, for a sentence's length decides. The loop's output is checked
against the fast path's.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lingualift.artifacts import parquet_writer
from lingualift.codeswitch.lexicon import TranslationArrays, make_lexicon
from lingualift.codeswitch.switch import Switching, checked_switching, switch_file, switch_table
from lingualift.codeswitch.tag import NAME_ENTITIES, TAGGED_SCHEMA, tag
from lingualift.tasks.everyday import MEN, WOMEN
from lingualift.tasks.word_problems import generate_problems

HOW = checked_switching(0.8, "all", "best", 1, seed=1)


def tagged_problems(count: int) -> pa.Table:
    """`count` generated word problems, tagged by form alone."""
    import spacy
    from spacy.tokens import Doc

    tokenise = spacy.blank("en").tokenizer
    names = set(WOMEN) | set(MEN)
    problems = generate_problems(count, 1)

    class ByForm:
        def pipe(self, texts: list[str], n_process: int, batch_size: int) -> Any:
            for text in texts:
                plain = tokenise(text)
                pos = [
                    (
                        "PROPN"
                        if t.text in names
                        else "NUM"
                        if t.like_num
                        else "PUNCT"
                        if t.is_punct
                        else "NOUN"
                    )
                    for t in plain
                ]
                entities = ["B-PERSON" if t.text in names else "O" for t in plain]
                yield Doc(
                    plain.vocab,
                    words=[t.text for t in plain],
                    spaces=[bool(t.whitespace_) for t in plain],
                    pos=pos,
                    ents=entities,
                )

    pipeline: Any = ByForm()
    return tag(problems["id"].to_pylist(), problems["question"].to_pylist(), pipeline)


def lexicon_for(tagged: pa.Table, language: str) -> TranslationArrays:
    """Two made-up translations in another script for nine words in ten."""
    words = sorted(
        {
            token["lower"]
            for tokens in tagged["tokens"].to_pylist()
            for token in tokens
            if token["lower"].isalpha()
        }
    )
    turned = str.maketrans("abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопярстувшцыз")
    return make_lexicon(
        {
            word: [word.translate(turned), word[::-1].translate(turned)]
            for i, word in enumerate(words)
            if i % 10
        },
        language,
    )


def loop(tagged: pa.Table, lexicon: TranslationArrays, how: Switching) -> list[dict[str, Any]]:
    """The same corpus by a loop over tokens (random draws aside): what a straightforward script
    does.
    """
    forms = {}
    for word, first in zip(lexicon.sources.to_pylist(), lexicon.first, strict=True):
        forms[word] = [lexicon.data[a:b].tobytes().decode() for a, b in lexicon.spans[first]]
    random = np.random.default_rng(how.seed)
    rows = []
    for query in tagged.to_pylist():
        text, tokens = query["text"], query["tokens"]
        candidates = [
            i
            for i, token in enumerate(tokens)
            if token["lower"] in forms
            and token["pos"] in how.pos
            and token["entity"] not in NAME_ENTITIES
            and not token["number"]
            and not token["fused"]
        ]
        quota = int(how.ratio * len(candidates) + random.random())
        chosen = set(random.permutation(candidates)[:quota].tolist())
        pieces, words, new, old = [], [], 0, 0
        for i, token in enumerate(tokens):
            gap, word = text[old : token["start"]], text[token["start"] : token["end"]]
            if i in chosen:
                word = forms[token["lower"]][token["casing"]]
            start = new + len(gap)
            new, old = start + len(word), token["end"]
            pieces += [gap, word]
            spans = {"start": start, "end": new, "source_start": token["start"], "source_end": old}
            words.append({**spans, "pos": token["pos"], "switched": i in chosen})
        rows.append(
            {
                "id": query["id"],
                "question": "".join(pieces) + text[old:],
                "response": text,
                "switched": len(chosen),
                "words": words,
            }
        )
    return rows


def timed(work: Callable[[], Any], repeats: int = 1) -> tuple[float, Any]:
    """Best seconds of `repeats`, and the last result."""
    best, result = float("inf"), None
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    return best, result


def stream(arguments: tuple[str, TranslationArrays, str]) -> tuple[int, float]:
    """One language from Parquet to Parquet; returns the process's peak memory in MB and the
    processor seconds it took.
    """
    started = time.process_time()
    tagged, lexicon, output = arguments
    switch_file(tagged, lexicon, output, HOW)
    # not getrusage, whose maximum a child inherits from the parent that started it
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024, time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=4000, help="distinct tagged queries")
    parser.add_argument(
        "--copies", type=int, default=49, help="how often they are repeated for the fast path"
    )
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()

    tagged = tagged_problems(options.queries)
    large = pa.concat_tables([tagged] * options.copies).combine_chunks()
    lexicon = lexicon_for(tagged, "ru")
    tokens = sum(len(row) for row in tagged["tokens"].to_pylist()) / tagged.num_rows
    print(f"{large.num_rows} queries, {tokens:.1f} tokens each, ratio {HOW.ratio}")

    everything = checked_switching(1.0, "all", "best", 1, seed=1)
    fast = switch_table(tagged, lexicon, everything)[0].to_pylist()
    slow = loop(tagged, lexicon, everything)
    if any(
        a["question"] != b["question"] or a["words"] != b["words"]
        for a, b in zip(fast, slow, strict=True)
    ):
        raise SystemExit("the loop and the fast path disagree")

    seconds, _ = timed(lambda: loop(tagged, lexicon, HOW))
    naive = tagged.num_rows / seconds
    print(f"loop over tokens, one core      {naive:>10,.0f} sentences/s")
    seconds, _ = timed(lambda: switch_table(large, lexicon, HOW), 3)
    memory = large.num_rows / seconds
    print(f"in memory, one core             {memory:>10,.0f} sentences/s   {memory / naive:.0f} x")
    context = get_context("spawn")  # a fork would count the parent's memory
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(options.processes, mp_context=context) as pool,
    ):
        path = str(Path(folder, "tagged.parquet"))
        with parquet_writer(path, TAGGED_SCHEMA) as writer:
            for batch in large.to_batches(max_chunksize=8192):
                writer.write_batch(batch)
        languages = [f"l{number}" for number in range(options.processes)]
        jobs = [
            (path, lexicon_for(tagged, language), str(Path(folder, f"{language}.parquet")))
            for language in languages
        ]
        seconds, records = timed(lambda: list(pool.map(stream, jobs)), 3)
        size = Path(jobs[0][2]).stat().st_size / large.num_rows
    rate = options.processes * large.num_rows / seconds
    label = f"Parquet to Parquet, {options.processes} processes"
    print(
        f"{label:<31} {rate:>10,.0f} sentences/s   {rate / naive / options.processes:.0f} x a core"
    )
    processor = large.num_rows / max(spent for _, spent in records)
    print(
        f"                                {processor:>10,.0f} sentences a processor second (other"
        " work on the machine aside)"
    )
    print(
        f"peak memory of a process {max(peak for peak, _ in records)} MB; {size:.0f} bytes a"
        " sentence on disk"
    )


if __name__ == "__main__":
    main()
