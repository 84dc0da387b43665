"""`lingualift plan`: what a system does, in words."""

from pathlib import Path

import click

EXAMPLE = """\b
Example:
  lingualift plan --system lingualift
  lingualift plan --system lingualift --configfile config/paper.yaml"""


@click.command("plan", epilog=EXAMPLE, short_help="What a system does, in words.")
@click.option("--system", required=True, help="A name of config/systems/*.yaml.")
@click.option(
    "--configfile",
    type=Path,
    multiple=True,
    help="An overlay over config/config.yaml; repeat it. Default: the shipped configuration that"
    " lists the system.",
)
def plan_command(system: str, configfile: tuple[Path, ...]) -> None:
    """What a system does, in words: stages, what learns from what, prompts, steps."""
    from lingualift.plan.told import describe_system

    click.echo(describe_system(system, configfile or None), nl=False)
