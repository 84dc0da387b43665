"""Tools for the project's maintainers; nothing here is installed or needed by a run."""
