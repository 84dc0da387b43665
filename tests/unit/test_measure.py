"""The measure of names: what counts as one name with two meanings."""

import ast
from pathlib import Path

import pytest

from dev.measure import Checkout, repeated_names


def repeated(**modules: str) -> dict[str, list[str]]:
    """The measure over modules of `lingualift`, by their text; `_` stands for a dot."""
    checkout = Checkout(Path())
    checkout.__dict__["library"] = {
        f"lingualift.{name.replace('_', '.')}": ast.parse(text) for name, text in modules.items()
    }
    return repeated_names(checkout)


@pytest.mark.parametrize("definition", ["def pack(): ...", "class Row: ...", "Rows = list[int]"])
def test_a_public_name_of_two_modules_counts(definition: str) -> None:
    (homes,) = repeated(text=definition, model_layout=definition).values()
    assert homes == ["lingualift.text", "lingualift.model.layout"]


@pytest.mark.parametrize(
    "definition", ["def _pack(): ...", 'Item = TypeVar("Item")', "FEWEST = 5", "pack = 5"]
)
def test_what_a_module_keeps_to_itself_does_not(definition: str) -> None:
    assert repeated(text=definition, model=definition) == {}


def test_an_interface_has_one_meaning_in_its_register_and_another_outside_of_it() -> None:
    read = "def read(): ..."
    register = {"benchmarks_mgsm": read, "benchmarks_xnli": read}
    assert repeated(**register) == {}
    assert repeated(**register, evaluation=read) == {"read": ["lingualift.evaluation"]}


def test_a_rules_functions_share_its_name_with_one_another_alone() -> None:
    rule = "def lexicon(): ..."
    of_the_rule = {"plan_files": rule, "plan_requests": rule, "sizes": rule}
    assert repeated(**of_the_rule) == {}
    assert [*repeated(**of_the_rule, command=rule)] == ["lexicon"]


def test_no_public_name_of_this_repository_has_two_homes() -> None:
    assert repeated_names(Checkout(Path(__file__).parents[2])) == {}
