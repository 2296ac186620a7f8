"""JSON that others wrote, read so that whatever is wrong with it is one kind of error."""

from __future__ import annotations

import json
from typing import Any


def read_json(text: str) -> Any:
    """The value of a text.

    Raises
    ------
    ValueError
        It is no JSON, is nested deeper than can be read, or holds a number of thousands of digits.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
