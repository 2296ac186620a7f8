"""The Jinja environment of pages that are drawn without a notebook."""

from __future__ import annotations

import functools

import jinja2

from opsnb.base import resources


@functools.cache
def environment() -> jinja2.Environment:
    """Templates of `site/` and `report/`: all text is escaped, an unknown name is an error."""
    folders = [resources.templates() / "site", resources.templates() / "report"]
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([str(folder) for folder in folders]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
