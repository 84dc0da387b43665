"""The benchmarks by name; each is a module with `BENCHMARK` and `load(language, split)`."""

from types import ModuleType

from lingualift.benchmarks import mmwp_mini

BENCHMARKS: dict[str, ModuleType] = {module.BENCHMARK.name: module for module in (mmwp_mini,)}
