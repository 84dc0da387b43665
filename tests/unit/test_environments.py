"""The conda environments pin what the lock pins, hold every direct dependency, and every dependency
is justified.
"""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dev.environments import GPU_VARIANTS, PYTHON, environment
from lingualift.preflight import read_lock

ROOT = Path(__file__).resolve().parents[2]
LOCK = read_lock(ROOT / "requirements.lock")
REMEDY = "run `python dev/environments.py`"


def dependencies() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [
        Requirement(text)
        for text in (*project["dependencies"], *project["optional-dependencies"]["dev"])
    ]


def pins(name: str) -> dict[str, str]:
    entries = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())["dependencies"]
    (pip,) = [entry["pip"] for entry in entries if isinstance(entry, dict)]
    return dict(line.split("==") for line in pip)


@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_environment_file_is_the_one_that_the_lock_gives(name: str) -> None:
    assert (ROOT / "envs" / f"{name}.yaml").read_text() == environment(LOCK, gpu=name == "gpu"), (
        REMEDY
    )


@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_environment_pins_equal_the_lock_but_for_faiss(name: str) -> None:
    public = {package: version.partition("+")[0] for package, version in LOCK.items()}
    expected = {
        GPU_VARIANTS.get(package, package) if name == "gpu" else package: version
        for package, version in public.items()
    }
    assert pins(name) == expected, REMEDY
    assert {"faiss-cpu", "faiss-gpu"} & set(pins(name)) == {f"faiss-{name}"}


def test_environments_run_the_python_that_the_project_asks_for() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    for name in ("cpu", "gpu"):
        entries = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())["dependencies"]
        (python,) = [
            entry.partition("=")[2]
            for entry in entries
            if isinstance(entry, str) and entry.startswith("python ")
        ]
        assert python == wanted.removeprefix(">=")


@pytest.mark.parametrize("requirement", dependencies(), ids=lambda requirement: requirement.name)
def test_direct_dependency_is_locked_inside_its_range(requirement: Requirement) -> None:
    name = canonicalize_name(requirement.name)
    assert name in LOCK, f"{name}: not in requirements.lock"
    assert requirement.specifier.contains(LOCK[name].partition("+")[0], prereleases=True)


def test_every_direct_dependency_is_justified_and_nothing_else() -> None:
    text = (ROOT / "docs/dependencies.md").read_text()
    listed = [
        canonicalize_name(name)
        for name in re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE)
    ]
    assert sorted(listed) == sorted(
        canonicalize_name(requirement.name) for requirement in dependencies()
    )


def test_every_rule_with_a_script_names_an_environment_that_exists() -> None:
    for path in sorted((ROOT / "rules").glob("*.smk")):
        for rule in re.split(r"^\s*rule ", path.read_text(), flags=re.MULTILINE)[1:]:
            if "script:" in rule:
                found = re.search(r"conda:\n\s+(\S+)", rule)
                assert found, f"{path.name}, rule {rule.split(':')[0]}: no conda directive"
                assert found[1] in ('"../envs/cpu.yaml"', "GPU_ENVIRONMENT", "ANSWER_ENVIRONMENT")


@pytest.mark.parametrize("name", ["Dockerfile", "Apptainer.def"])
def test_images_are_built_from_the_lock_and_hold_the_faiss_that_is_asked_for(name: str) -> None:
    """The recipe's own `sed`, run on the lock, gives the pins of the conda environment of the same
    kind.
    """
    text = (ROOT / name).read_text()
    assert re.search(rf"python:{PYTHON}-", text)
    for kind in ("cpu", "gpu"):
        (expression,) = re.findall(r'sed "([^"]+)" requirements.lock', text)
        expression = expression.replace("$FAISS", kind).replace("{{ FAISS }}", kind)
        lines = subprocess.run(
            ["sed", expression, ROOT / "requirements.lock"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        found = {
            canonicalize_name(package): version
            for package, version in re.findall(r"^([\w.-]+)==(\S+)$", lines, flags=re.MULTILINE)
        }
        assert found == {
            package: version.partition("+")[0] for package, version in pins(kind).items()
        }


def test_what_images_copy_exists_and_is_all_that_an_installation_needs() -> None:
    lines = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    docker = [word for line in lines for word in line.split()]
    listing = re.search(r"%files\n((?:    .+\n)+)", (ROOT / "Apptainer.def").read_text())
    assert listing
    apptainer = [line.split()[0] for line in listing[1].splitlines()]
    assert sorted(docker) == sorted(apptainer)
    assert {name for name in docker if not (ROOT / name).exists()} == set()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {
        "src",
        "requirements.lock",
        "pyproject.toml",
        project["readme"],
        *project.get("license-files", []),
    } <= set(docker)
    kept = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")
    ]
    assert sorted(kept) == sorted(docker)
