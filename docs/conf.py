"""How the site is built: `sphinx-build -W docs build/site`; needs the extra `docs`."""

from __future__ import annotations

import re

from sphinx.application import Sphinx

import speechmatics

project = "speechmatics-typed"
project_copyright = "the speechmatics-typed authors"
release = version = speechmatics.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
# The names of fields, such as `type`, are those of builtins too: a link would be a guess.
suppress_warnings = ["ref.python"]

# Nothing is asked of another host: the site is read, and searched, offline.
html_theme = "furo"
html_title = f"speechmatics-typed {release}"
html_copy_source = False
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "show-inheritance": True, "exclude-members": "model_config"}
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"(?:^\|.*\|$\n?)+", re.MULTILINE)
_CODE = re.compile(r"(?<![`\\])`([^`\n]+(?:\n[^`\n]+)?)`(?!`)(\w?)")


def _to_literal(code: re.Match[str]) -> str:
    # A letter right after code ends it only behind an escaped space.
    return "``" + re.sub(r"\s+", " ", code[1]) + "``" + (rf"\ {code[2]}" if code[2] else "")


def _to_block(fence: re.Match[str]) -> str:
    indent, language, lines = fence.groups()
    return f"{indent}.. code-block:: {language or 'text'}\n\n" + re.sub(r"^(?=.)", "    ", lines, flags=re.MULTILINE)


def _to_list_table(table: re.Match[str]) -> str:
    rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in table[0].splitlines()]
    cells = ["\n     - ".join(row) for row in rows if not set("".join(row)) <= set("-: ")]
    return ".. list-table::\n   :header-rows: 1\n\n   * - " + "\n   * - ".join(cells) + "\n"


def convert_docstring(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Docstrings are written in Markdown; Sphinx reads reStructuredText."""
    text = _FENCE.sub(_to_block, "\n".join(lines))
    lines[:] = _CODE.sub(_to_literal, _TABLE.sub(_to_list_table, text)).splitlines()


def setup(app: Sphinx) -> None:
    """Converts before napoleon reads (its priority is 500)."""
    app.connect("autodoc-process-docstring", convert_docstring, priority=400)
