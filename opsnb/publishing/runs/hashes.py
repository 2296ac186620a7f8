"""Hashes by which a change is told: of values, of files, of the language files."""

from __future__ import annotations

import functools
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from opsnb.base import resources


def hash_of(value: Any) -> str:
    """A short hash of a text, or of what JSON can write."""
    text = value if isinstance(value, str) else json.dumps(value, default=str, sort_keys=True)
    return sha256(text.encode("utf-8")).hexdigest()[:32]


def hash_of_files(place: Path, pattern: str = "*") -> str:
    """Hash of a file, or of a folder's files; of nothing where there is none."""
    paths = sorted(place.rglob(pattern)) if place.is_dir() else [place]
    return hash_of(
        [[p.name, sha256(p.read_bytes()).hexdigest()] for p in paths if p.is_file()],
    )


@functools.cache
def hash_of_messages(codes: tuple[str, ...]) -> str:
    """Hash of opsnb's own texts in these languages."""
    folder = resources.messages()
    return hash_of([hash_of_files(folder / f"{code}.toml") for code in codes])
