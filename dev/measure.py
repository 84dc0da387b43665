"""The measures of how readable this repository is, as one table:  python dev/measure.py [FOLDER]

Each FOLDER (default: this checkout) is a checkout; its figures are a column. `--long` lists the
functions and names behind them.
"""

import argparse
import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

COLUMNS = 100
TEMPLATES = "templates.py"
"""Prose of generated problems: data, whatever its suffix."""
INTERFACES = {
    "main": "lingualift",
    "read": "lingualift.benchmarks",
    "readable": "lingualift",
    "draw": "lingualift.figures",
    "finding": "lingualift.figures",
    "make": "lingualift.paper",
    "translate": "lingualift.translate",
    "generate_problems": "lingualift.tasks",
}
"""Functions that every module of a register (commands, benchmarks, tables, figures, the paper's
items, engines, generators) has, so that all are called alike, with the package of the register: one
meaning in many homes. The same name outside of that package is another meaning.
"""
OF_A_RULE = {
    f"lingualift.{name}" for name in ("plan.files", "plan.inputs", "plan.requests", "sizes")
}
"""A rule's paths, inputs, request and the request's arithmetic stand in these under its name. Rules
call them with their module alone (`requests.lexicon`, `inputs.lexicon`), which says what of the
rule is meant; a second such name elsewhere counts.
"""
BRANCHES = (ast.If, ast.IfExp, ast.For, ast.While, ast.ExceptHandler, ast.comprehension)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Checkout:
    """A checkout of this repository, by its tracked files."""

    folder: Path

    def files(self, *patterns: str) -> list[Path]:
        """Tracked files that match one of these patterns of git."""
        command = ["git", "-C", str(self.folder), "ls-files", "-z", "--", *patterns]
        names = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return [self.folder / name for name in names.split("\0") if name]

    @cached_property
    def library(self) -> dict[str, ast.Module]:
        """The library's modules by dotted name."""
        source = self.folder / "src"
        modules = {}
        for path in self.files("src/*.py"):
            parts = path.relative_to(source).with_suffix("").parts
            name = ".".join(parts).removesuffix(".__init__")
            modules[name] = ast.parse(path.read_text(encoding="utf-8"))
        return modules

    @cached_property
    def rules(self) -> str:
        """The text of all rule files."""
        files = self.files("Snakefile", "rules/*.smk")
        return "\n".join(path.read_text(encoding="utf-8") for path in files)

    def functions(self) -> Iterator[tuple[str, Function]]:
        """Every function and method of the library with its place."""
        for name, module in self.library.items():
            for node in ast.walk(module):
                if isinstance(node, Function):
                    yield f"{name}.{node.name}", node

    def code(self) -> list[Path]:
        """Files of Python and of rules, tests included."""
        return self.files("*.py", "*.smk", "Snakefile")


def lines_of(function: Function) -> int:
    """Lines from `def` to the end."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def branches_of(function: Function) -> int:
    """Conditions, loops, handlers and joined truth values."""
    nodes = list(ast.walk(function))
    joined = sum(len(node.values) - 1 for node in nodes if isinstance(node, ast.BoolOp))
    return joined + sum(isinstance(node, BRANCHES) for node in nodes)


def parameters_of(function: Function) -> int:
    """Parameters without `self` and `cls`."""
    arguments = function.args
    names = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return sum(name.arg not in ("self", "cls") for name in names)


def defined_name(node: ast.stmt) -> str | None:
    """The class, function or alias of a type (`Rows = list[Row]`) that a statement defines; a type
    variable is none.
    """
    if isinstance(node, (*Function.__args__, ast.ClassDef)):
        return node.name
    if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
        return None
    name = node.targets[0].id
    variable = isinstance(node.value, ast.Call) and "TypeVar" in ast.unparse(node.value.func)
    return name if re.match("[A-Z].*[a-z]", name) and not variable else None


def repeated_names(checkout: Checkout) -> dict[str, list[str]]:
    """Public classes, functions and aliases of types of one name in several modules, but
    `INTERFACES` and those that stand for one rule (`OF_A_RULE`).

    A name starting with an underscore is its module's own affair.
    """
    homes: dict[str, list[str]] = defaultdict(list)
    for module, tree in checkout.library.items():
        for name in filter(None, map(defined_name, tree.body)):
            package = INTERFACES.get(name)
            called_alike = package is not None and f"{module}.".startswith(f"{package}.")
            if name[0] != "_" and not called_alike:
                homes[name].append(module)
    # one home beside a register is a second meaning as well
    return {
        name: modules
        for name, modules in homes.items()
        if len(modules) + (name in INTERFACES) > 1 and not OF_A_RULE.issuperset(modules)
    }


def uncalled(checkout: Checkout) -> dict[str, int]:
    """Public functions and classes that no library module, script or rule names, with their lines.

    A name counts as used where any of these files holds it as a word beside its definition.
    """
    words: dict[str, int] = defaultdict(int)
    callers = checkout.files("src/*.py", "workflow/*.py", "rules/*.smk", "Snakefile", "*.toml")
    for path in callers:
        for word in re.findall(r"[A-Za-z_]\w*", path.read_text(encoding="utf-8")):
            words[word] += 1
    unused = {}
    for name, module in checkout.library.items():
        for node in module.body:
            if isinstance(node, (*Function.__args__, ast.ClassDef)) and words[node.name] == 1:
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                unused[f"{name}.{node.name}"] = lines
    return unused


def imports(checkout: Checkout) -> dict[str, set[str]]:
    """Which module of the library imports which at import time."""
    graph: dict[str, set[str]] = {name: set() for name in checkout.library}
    for name, module in checkout.library.items():
        for node in module.body:
            targets = []
            if isinstance(node, ast.ImportFrom) and node.module:
                targets = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module]
            elif isinstance(node, ast.Import):
                targets = [alias.name for alias in node.names]
            graph[name] |= {target for target in targets if target in graph and target != name}
    return graph


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import one another, by Tarjan's algorithm."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for target in graph[name]:
            if target not in order:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], order[target])
        if low[name] == order[name]:
            start = stack.index(name)
            group = stack[start:]
            del stack[start:]
            if len(group) > 1:
                groups.append(sorted(group))

    for name in graph:
        if name not in order:
            visit(name)
    return groups


def loops_with_rules(text: str) -> int:
    """Loops at the top level of a rule file that hold a rule."""
    loops = re.findall(r"^for .*:\n((?:[ \t].*\n|\n)*)", text, flags=re.MULTILINE)
    return sum(bool(re.search(r"^\s+rule\b", body, flags=re.MULTILINE)) for body in loops)


def figures(checkout: Checkout) -> dict[str, str]:
    """The measures of a checkout by name."""
    functions = [function for _, function in checkout.functions()]
    lengths = sorted(map(lines_of, functions))
    sizes = {
        path: len(path.read_text(encoding="utf-8").splitlines())
        for path in checkout.files("src/*.py")
        if path.name != TEMPLATES
    }
    lines = [
        line for path in checkout.code() for line in path.read_text(encoding="utf-8").splitlines()
    ]
    over = sum(len(line) > COLUMNS for line in lines)
    largest = max(sizes, key=lambda path: sizes[path])
    readme = checkout.folder / "README.md"
    results = checkout.folder / "docs/results.md"
    rules = [path.read_text(encoding="utf-8") for path in checkout.files("rules/*.smk")]
    return {
        "loops that make rules": str(sum(map(loops_with_rules, rules))),
        "functions in rule files": str(len(re.findall(r"^def ", checkout.rules, re.MULTILINE))),
        "lines in rules/": str(sum(text.count("\n") for text in rules)),
        "function, lines: median / 95th / longest": " / ".join(
            str(lengths[int(share * (len(lengths) - 1))]) for share in (0.5, 0.95, 1)
        ),
        "most branches of a function": str(max(map(branches_of, functions))),
        "most parameters of a function": str(max(map(parameters_of, functions))),
        "largest file of code, lines": f"{sizes[largest]} ({largest.name})",
        f"lines over {COLUMNS} columns": f"{over} ({100 * over / len(lines):.1f} %)",
        "public names with several homes": str(len(repeated_names(checkout))),
        "library code that nothing calls, lines": str(sum(uncalled(checkout).values())),
        "cycles between modules": str(len(cycles(imports(checkout)))),
        "README.md, lines": str(len(readme.read_text(encoding="utf-8").splitlines())),
        "docs/results.md, lines": str(len(results.read_text(encoding="utf-8").splitlines())),
    }


def details(checkout: Checkout) -> str:
    """What stands behind the figures."""
    functions = list(checkout.functions())
    parts = []
    for title, measure in (
        ("lines", lines_of),
        ("branches", branches_of),
        ("parameters", parameters_of),
    ):
        most = sorted(functions, key=lambda entry: -measure(entry[1]))[:12]
        parts.append(f"{title}: " + ", ".join(f"{name} {measure(node)}" for name, node in most))
    names = [f"{name} ({', '.join(homes)})" for name, homes in repeated_names(checkout).items()]
    parts.append("several homes: " + "; ".join(names))
    unused = [f"{name} {lines}" for name, lines in uncalled(checkout).items()]
    parts.append("nothing calls: " + ", ".join(unused))
    parts.append("cycles: " + "; ".join(map(" ".join, cycles(imports(checkout)))))
    return "\n\n".join(parts)


def main() -> None:
    """The command of this module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":  ")[0])
    parser.add_argument("folders", nargs="*", type=Path, default=[Path(__file__).parents[1]])
    parser.add_argument("--long", action="store_true", help="list what stands behind the figures")
    arguments = parser.parse_args()
    checkouts = [Checkout(folder) for folder in arguments.folders]
    columns = [figures(checkout) for checkout in checkouts]
    sys.stdout.write("| | " + " | ".join(str(folder) for folder in arguments.folders) + " |\n")
    sys.stdout.write("|---|" + "--:|" * len(columns) + "\n")
    for name in columns[0]:
        sys.stdout.write(f"| {name} | " + " | ".join(column[name] for column in columns) + " |\n")
    if arguments.long:
        sys.stdout.write("\n" + "\n\n".join(map(details, checkouts)) + "\n")


if __name__ == "__main__":
    main()
