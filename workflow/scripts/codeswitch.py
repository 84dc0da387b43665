"""Code-switch the tagged questions into one language."""

import numpy as np

from lingualift.artifacts import read_json, read_parquet, write_parquet
from lingualift.codeswitch.switch import CODESWITCH_SCHEMA, prepare_lexicon, settings, switch_table
from lingualift.config import CodeSwitch
from lingualift.job import job
from lingualift.provenance import provenance

with job(snakemake.log[0]) as logger:
    language = snakemake.wildcards.lang
    values = CodeSwitch.model_validate(snakemake.params.codeswitch)
    tagged = read_parquet(snakemake.input.tagged)
    if values.queries is not None and values.queries < len(tagged):
        # Each language its own questions: together they cover more of the vocabulary, and none depends on another language.
        generator = np.random.default_rng([snakemake.params.seed, *language.encode()])
        tagged = tagged.take(np.sort(generator.permutation(len(tagged))[: values.queries]))
    lexicon = prepare_lexicon(read_parquet(snakemake.input.lexicon), language)
    how = settings(values.ratio, values.pos, values.choice, values.top_k, snakemake.params.seed)
    table, statistics = switch_table(tagged, lexicon, how)
    logger.info("%s: %s", language, statistics)
    stamp = provenance(snakemake.rule, values.model_dump(), snakemake.input)
    stamp["lexicon_verdict"] = read_json(snakemake.input.evidence)["verdict"]
    write_parquet(snakemake.output[0], table, CODESWITCH_SCHEMA, stamp)
