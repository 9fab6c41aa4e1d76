"""How the documentation site is built; ``docs/README.md`` has the command."""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

import neuplug

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "neuplug"
version = release = neuplug.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.githubpages",  # names with an underscore are served too
    "sphinx_copybutton",
    "from_code",
]
# README.md is for who reads this folder on a code host; generated/ is included by pages
exclude_patterns = ["_build", "README.md", "generated"]

# Everything that the site shows is on it: nothing is fetched while it is built or read.
html_theme = "furo"
html_title = f"neuplug {release}"
html_static_path = ["_static"]
html_css_files = ["neuplug.css"]
html_copy_source = False
html_show_copyright = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}

myst_heading_anchors = 3
highlight_language = "none"  # of a block that names none: it is a command
smartquotes_action = "D"  # the dash in lists of parameters

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autosummary_generate = False  # the tables link to what the pages themselves describe
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
add_module_names = False

# A reference to a name of neuplug must lead somewhere; other libraries are not looked up.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!neuplug).*"),
    ("py:class", r"neuplug_testing\.subjects\..*"),
    ("py:class", r"neuplug\.experiment\.recipes\..*"),
    ("py:class", r"neuplug_papers\.paper\..*"),
    ("py:class", r"neuplug\.experiment\.(results|parts)\..*"),  # their fields are in run-folder.md
    ("py:class", r"neuplug\.plugins\.code\..*"),
    ("py:class", r"neuplug\.experiment\.(tasks|events)\..*"),
    ("py:class", r"neuplug\.training\.metrics\.(ClassScores|Profile)"),
    ("py:class", r"neuplug\.data\.report\._.*"),
    ("py:class", r"neuplug\.training\.optimizers\._.*"),
]

copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True


def readable_defaults(
    app: Sphinx, what: str, name: str, thing: object, options: object, signature: str, returns: str
) -> tuple[str, str]:
    """``...`` for what a dataclass makes anew, and the name of a function, as Python has them."""
    if signature:
        signature = signature.replace("<factory>", "...")
        signature = re.sub(r"<function (\w+)[^>]*>", r"\1", signature)
    return signature, returns


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-signature", readable_defaults)
