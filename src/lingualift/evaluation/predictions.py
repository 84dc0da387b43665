"""The table of raw outputs; apart from what generates them, so that scoring does not load a model's
libraries.
"""

import pyarrow as pa

PREDICTION_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("prompt_hash", pa.string(), nullable=False),
        pa.field("output", pa.string(), nullable=False),
        pa.field("gold", pa.string(), nullable=False),
        pa.field("choices", pa.list_(pa.string()), nullable=False),
        pa.field("operation", pa.string(), nullable=False),
        pa.field("generated_tokens", pa.int32(), nullable=False),
        pa.field("stop_reason", pa.string(), nullable=False),
    ]
)
"""`output` is what the system said; what it states is read by `score` alone. `stop_reason` is `end`
(the model ended its answer), `length` (max_new_tokens), `likelihood` (the likeliest choice) or
`neighbour`.
"""
