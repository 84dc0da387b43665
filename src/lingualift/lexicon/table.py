"""The lexicon as a table: the best translations of each source word."""

import numpy as np
import pyarrow as pa

from lingualift.config import LexiconSettings
from lingualift.lexicon.final import FinalView
from lingualift.lexicon.views import Views

LEXICON_SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("target", pa.string(), nullable=False),
        pa.field("rank", pa.int32(), nullable=False),  # 1 is best
        pa.field("csls", pa.float32(), nullable=False),  # the score that ranked the pair
        # in the encoder's space, or the mapped fastText space
        pa.field("cosine", pa.float32(), nullable=False),
        pa.field("mutual", pa.bool_(), nullable=False),
        pa.field("source_frequency", pa.int64(), nullable=False),
        pa.field("source_pos", pa.string(), nullable=False),
        pa.field("target_frequency", pa.int64(), nullable=False),
    ]
)


def table_of(views: Views, final: FinalView, settings: LexiconSettings) -> pa.Table:
    """The pairs of the final view (`LEXICON_SCHEMA`) by source word in vocabulary order and rank,
    less those that the settings leave out.
    """
    depth = final.nearest.indices.shape[1]
    row = np.repeat(np.arange(len(final.rows)), depth)
    column = final.nearest.indices.ravel()
    scores = final.nearest.scores.ravel()
    rank = np.tile(np.arange(1, depth + 1, dtype=np.int32), len(final.rows))
    partner = np.full(len(final.rows), -1, np.int64)
    partner[final.mutual[0]] = final.mutual[1]
    mutual = partner[row] == column
    keep = np.ones(len(rank), bool)
    if settings.mutual_only:
        keep &= mutual
    if settings.minimum_score is not None:
        keep &= scores >= settings.minimum_score
    row, column = row[keep], column[keep]
    source_index, target_index = final.rows[row], final.columns[column]
    source, target = views.source, views.target
    pos = source.pos if source.pos is not None else [""] * len(source.words)
    cosine = (final.source[row] * final.target[column]).sum(axis=1, dtype=np.float32)
    return pa.table(
        {
            "source": [source.words[index] for index in source_index],
            "target": [target.words[index] for index in target_index],
            "rank": rank[keep],
            "csls": scores[keep].astype(np.float32),
            "cosine": cosine,
            "mutual": mutual[keep],
            "source_frequency": np.asarray(source.frequencies, np.int64)[source_index],
            "source_pos": [pos[index] for index in source_index],
            "target_frequency": np.asarray(target.frequencies, np.int64)[target_index],
        },
        LEXICON_SCHEMA,
    )
