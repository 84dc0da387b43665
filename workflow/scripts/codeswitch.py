"""Code-switch the tagged questions into one language."""

from lingualift import job
from lingualift.artifacts import read_json, read_parquet, write_json
from lingualift.codeswitch.lexicon import prepare_lexicon
from lingualift.codeswitch.switch import checked_switching, chosen_rows, switch_file
from lingualift.config import CodeSwitch
from lingualift.provenance import provenance

with job.frame(snakemake.log[0]):
    language, seed = snakemake.wildcards.lang, snakemake.params.seed
    values = CodeSwitch.model_validate(snakemake.params.codeswitch)
    lexicon = prepare_lexicon(read_parquet(snakemake.input.lexicon), language)
    how = checked_switching(values.ratio, values.pos, values.choice, values.top_k, seed)
    stamp = provenance(snakemake.rule, values.model_dump(), snakemake.input)
    verdict = read_json(snakemake.input.evidence)["verdict"]
    rows = chosen_rows(snakemake.input.tagged, values.queries, seed, language)
    statistics = switch_file(
        snakemake.input.tagged,
        lexicon,
        snakemake.output.corpus,
        how,
        {**stamp, "lexicon_verdict": verdict},
        rows,
        snakemake.threads,
    )
    write_json(
        snakemake.output.statistics,
        {**statistics.record(), "lexicon_verdict": verdict, "asked_ratio": values.ratio},
    )
