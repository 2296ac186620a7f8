"""An executed notebook becomes report.json, pages and other formats in each language."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from opsnb.base.seam import MIME, SCHEMA

if TYPE_CHECKING:
    from opsnb.publishing.reports.run_record import Run, RunError
    from opsnb.publishing.reports.write import publish

__all__ = ["MIME", "SCHEMA", "Run", "RunError", "publish"]


def __getattr__(name: str) -> Any:
    """Loaded on first use: what only asks for a manifest must not wait for nbconvert."""
    if name in __all__:
        module = "write" if name == "publish" else "run_record"
        return getattr(import_module(f"opsnb.publishing.reports.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
