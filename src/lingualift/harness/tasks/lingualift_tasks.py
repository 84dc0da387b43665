"""What the YAML files beside this one name: the harness looks for functions in their folder."""

from lingualift.harness.documents import documents, marks

__all__ = ["documents", "marks"]
