"""Answer a reference vector by calling the public rule functions and nothing else.

A vector has the fields ``category``, ``venue`` and ``inputs``, and ``formula`` where two rules take the same
inputs. What its category means is written in five tables: margin, liquidation prices, closing positions,
prices and funding, losses.
"""

import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

if str(Path(__file__).parent) not in sys.path:  # loaded from elsewhere by its path
    sys.path.insert(0, str(Path(__file__).parent))

import closing_categories
import liquidation_categories
import loss_categories
import margin_categories
import price_categories

Answer = Callable[[str, dict[str, Any]], object]
CATEGORIES: dict[str, Answer] = {
    **margin_categories.CATEGORIES,
    **liquidation_categories.CATEGORIES,
    **closing_categories.CATEGORIES,
    **price_categories.CATEGORIES,
    **loss_categories.CATEGORIES,
}


def evaluate(vector: Mapping[str, Any]) -> object:
    """Return the value of a vector, in the shape of its ``expected`` field.

    Raises
    ------
    ValueError
        If no rule answers its category or its venue; the message names the nearest known one.
    """
    category = str(vector["category"])
    if category not in CATEGORIES:
        near = get_close_matches(category, CATEGORIES, n=1, cutoff=0.0)
        raise ValueError(f"category {category!r} is unknown; the nearest known one is {near[0]!r}")
    return CATEGORIES[category](str(vector["venue"]), price_categories.named_inputs(vector))
