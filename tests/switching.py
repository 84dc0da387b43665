"""Code-switching of a table that is in memory."""

import pyarrow as pa

from lingualift.codeswitch.lexicon import TranslationArrays
from lingualift.codeswitch.statistics import Statistics
from lingualift.codeswitch.switch import BATCH_ROWS, CODESWITCH_SCHEMA, Switching, switch_batch


def switch_table(
    tagged: pa.Table, lexicon: TranslationArrays, how: Switching
) -> tuple[pa.Table, Statistics]:
    """A whole table of `TAGGED_SCHEMA`, in the batches in which a file is streamed."""
    total = Statistics(lexicon.language)
    batches = []
    for batch in tagged.to_batches(max_chunksize=BATCH_ROWS):
        result, statistics = switch_batch(batch, lexicon, how)
        batches.append(result)
        total.add(statistics)
    return pa.Table.from_batches(batches, schema=CODESWITCH_SCHEMA), total
