"""Names of report folders."""

from __future__ import annotations

import re
from hashlib import sha256

_LONGEST_NAME = 100


def safe_name(text: str) -> str:
    """The text as one folder's name: no separators, no leading dot, not too long.

    What is changed gets a short hash, so that two texts never share a name.

    >>> safe_name("ab-readout-checkout_one_page")
    'ab-readout-checkout_one_page'
    """
    name = re.sub(r"[^\w.-]+", "-", text).lstrip(".-")[:_LONGEST_NAME].rstrip(".-")
    if name and name == text:
        return name
    return f"{name or 'report'}-{sha256(text.encode()).hexdigest()[:6]}"
