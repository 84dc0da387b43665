"""`lingualift pin`: the hub's commit of every source that a configuration leaves open."""

import json

import click

EXAMPLE = """\b
Example:
  lingualift pin config/one-gpu.yaml
  lingualift pin config/paper.yaml mt5-xl=refs/pr/3"""


@click.command("pin", epilog=EXAMPLE, short_help="Pin the hub's sources of a configuration.")
@click.argument("configuration", nargs=-1, required=True, metavar="CONFIG... [KEY=REVISION]...")
@click.option("--json", "as_json", is_flag=True, help="The pins as one JSON object.")
def pin_command(configuration: tuple[str, ...], as_json: bool) -> int:
    """Ask the hub for the commit of every source that has none, and write `pins` into the last
    CONFIG, an overlay over config/config.yaml. KEY=REVISION pins one source at a commit, branch,
    tag or pull request that you name, also one that CONFIG does not use.

    Sources that cannot be pinned are a line each, and exit code 1; the others are written.
    """
    from lingualift import pins

    overlays, revisions = pins.parse_arguments(configuration)
    outcome = pins.pin(overlays, revisions)
    if as_json:
        commits = {
            new.key: {"commit": new.there.commit, "about": new.about} for new in outcome.pins
        }
        left = {"notes": outcome.notes, "refused": outcome.refused}
        click.echo(json.dumps({"pins": commits, **left}, ensure_ascii=False))
    else:
        click.echo(pins.outcome_text(outcome, overlays[-1]))
    return 1 if outcome.refused else 0
