"""Sphinx configuration."""

import os
import sys
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]
# Kernels are documented as the plain functions that they are in the source.
os.environ["NUMBA_DISABLE_JIT"] = "1"

project = "Undertow"
author = "The Undertow developers"
project_copyright = author
release = version = metadata.version("undertow")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "command_line",
    "liquidation_prices",
    "scenario_keys",
    "series",
    "target_bands",
]
exclude_patterns = ["_build", "_ext", "examples"]
default_role = "py:obj"

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
add_module_names = False
python_maximum_signature_line_length = 72
highlight_options = {"default": {"stripnl": True}}

html_theme = "pydata_sphinx_theme"
html_title = "Undertow"
html_static_path = ["_static"]
html_css_files = ["undertow.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "Undertow", "image_light": "_static/logo.svg", "image_dark": "_static/logo.svg"},
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_favicon = "_static/logo.svg"
