"""A hook of MkDocs: links of a page to files outside docs/ become the files' paths, since the site
has the pages alone.
"""

import posixpath
import re
from typing import Any

LINK = re.compile(r"\[([^\]]*)\]\((?!\w+:)([^)#\s]+)(#[^)\s]*)?\)")


def inside(markdown: str, page: str) -> str:
    """The Markdown of the page at a path below docs/, without links that lead outside."""

    def shown(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), match[2]))
        if path.startswith("docs/"):
            return match[0]
        text = match[1].strip("`")
        return f"`{path}`" if text == path else f"{match[1]} (`{path}` in the repository)"

    return LINK.sub(shown, markdown)


def on_page_markdown(markdown: str, page: Any, **context: Any) -> str:
    """What MkDocs calls with every page."""
    return inside(markdown, page.file.src_uri)
