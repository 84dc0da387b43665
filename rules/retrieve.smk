# Every byte that comes from outside, by its registry's own client or from the mirror, checked by
# sha256. Nothing else may touch the network. What lies in `resources` as it is pinned has no rule:
# clones may share that folder.


rule retrieve_source:
    output:
        f"{CONFIG.resources}/sources/{{source}}/MANIFEST.json",
    log:
        "results/logs/retrieve/{source}.log",
    benchmark:
        "results/timings/retrieve/{source}.tsv"
    wildcard_constraints:
        source=shared.others(shared.retrieved_sources(PLAN)),
    priority: 4  # what is missing or has another checksum ends a run before it computes anything
    # On a cluster, from the machine that the user is logged in to: compute nodes often have no
    # network.
    localrule: True
    conda:
        "../envs/cpu.yaml"
    resources:
        **growing(lambda wildcards: requests.retrieval(PLAN, wildcards.source)),
    params:
        pin=lambda wildcards: content_pin(PLAN.source(wildcards.source), CONFIG.mirror),
        # Objects, which Snakemake does not compare: the pin says what a source holds; where it
        # comes from changes nothing.
        source=lambda wildcards: PLAN.source(wildcards.source),
        origin=inputs.Retrieval(f"{CONFIG.resources}/downloads", CONFIG.mirror, CONFIG.offline),
    message:
        "retrieve {wildcards.source}"
    script:
        "../workflow/scripts/retrieve_source.py"


rule prepare_model:
    input:
        lambda wildcards: PLAN.manifest(wildcards.source),
    output:
        f"{CONFIG.resources}/models/{{source}}/model.json",
    log:
        "results/logs/models/{source}.log",
    benchmark:
        "results/timings/models/{source}.tsv"
    wildcard_constraints:
        source=shared.others(shared.prepared_models(PLAN)),
    priority: 3
    conda:
        "../envs/cpu.yaml"
    resources:
        **growing(lambda wildcards: requests.model_preparation(PLAN, wildcards.source)),
    params:
        pin=lambda wildcards: PLAN.source(wildcards.source).pin,
        # Objects, which Snakemake does not compare: another layer makes no model anew.
        source=lambda wildcards: PLAN.source(wildcards.source),
        asked=lambda wildcards: inputs.asked_model(PLAN, wildcards.source),
    message:
        "prepare model {wildcards.source}"
    script:
        "../workflow/scripts/prepare_model.py"


rule retrieve:
    input:
        [f"{CONFIG.resources}/sources/{folder}/MANIFEST.json" for folder in PLAN.retrieved()],
    # Everything from outside, and nothing else: for a login node before nodes without network.
    localrule: True
