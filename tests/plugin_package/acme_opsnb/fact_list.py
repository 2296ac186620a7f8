"""The facts of a report as lines of CSV, for a spreadsheet."""

from __future__ import annotations

import csv
import io

from opsnb.publishing.reports.formats import Content, Format


class FactList(Format):
    name = "facts"
    label = "Facts"
    extension = "csv"
    media_type = "text/csv; charset=utf-8"
    stems = ("facts",)

    def draw(self, stem: str, content: Content) -> str:
        target = io.StringIO()
        rows = csv.writer(target, lineterminator="\n")
        rows.writerow(["key", "value", "unit"])
        rows.writerows([f["key"], f["value"], f["unit"]] for f in content.report["facts"])
        return target.getvalue()
