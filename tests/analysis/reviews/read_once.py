"""A workspace that is played many times asks its data each question once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import pandas as pd
from ibis.expr.types import Expr

from opsnb.analysis.metrics import Meter, load_catalogue
from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.recorder import Recorder
from opsnb.base.workspace import Workspace

EXECUTE: Callable[..., Any] = Expr.execute


class _Meter(Meter):
    """Keeps the daily values as well, which `Meter` asks for anew."""

    def daily(self, *asked: Any, **named: Any) -> pd.DataFrame:
        key = (*asked, *sorted(named.items()))
        known = self.__dict__.setdefault("_days", {})
        if key not in known:
            known[key] = super().daily(*asked, **named)
        return known[key].copy()


class ReadOnce:
    """Results of a workspace's queries, kept over the plays that are made within `read()`.

    What is kept is what the data say, never what a review made of it: each play has its own
    session, review and records.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.rows = Rows(workspace)
        self.catalogue = load_catalogue(workspace.metrics)
        self.meter = _Meter(self.rows, self.catalogue)
        self._results: dict[Any, Any] = {}

    @contextmanager
    def read(self) -> Iterator[None]:
        def execute(expr: Expr, **options: Any) -> Any:
            key = (expr.op(), *sorted(options.items()))
            if key not in self._results:
                self._results[key] = EXECUTE(expr, **options)
            found = self._results[key]
            return found.copy() if isinstance(found, pd.DataFrame | pd.Series) else found

        rows = property(lambda _: self.rows, lambda *_: None)
        with ExitStack() as patches:
            patches.enter_context(mock.patch.object(Expr, "execute", execute))
            patches.enter_context(mock.patch.object(Recorder, "rows", rows, create=True))
            patches.enter_context(mock.patch.object(Recorder, "catalogue", self.catalogue))
            patches.enter_context(mock.patch.object(Recorder, "meter", self.meter))
            yield
