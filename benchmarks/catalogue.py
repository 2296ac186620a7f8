"""A catalogue of 2,000 reports: how long it takes to write, to open in a browser, to search.

    .venv/bin/python -m benchmarks.catalogue [--reports 2000] [--runs 5]

The reports are the workspace's own newest ones (`make report` first), laid down again under
earlier cycles with their numbers changed. Needs playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from opsnb.publishing.reports.store import staged
from opsnb.publishing.site import write_index

NAME = {"en": "Lantern Market", "zh": "灯市集"}
CHROMIUM = "/usr/bin/chromium"


def cycles(newest: int = 2026) -> Iterator[str]:
    for year in range(newest, 1900, -1):
        for month in range(12, 0, -1):
            yield f"{year}-{month:02d}"


def lay(source: Path, folder: Path, count: int) -> int:
    """Copies of the source's reports under earlier and earlier cycles, records and pages."""
    models = sorted(path.parent for path in source.glob("*/*/report.json"))
    if not models:
        raise SystemExit(f"no report in {source}: run `make report` first")
    made = 0
    for cycle in cycles():
        for slot in range(10):  # ten reports a month
            if made == count:
                return made
            model = models[(made + slot) % len(models)]
            with staged(folder, cycle, f"{model.name}-{slot}") as (new, _):
                for path in model.glob("report*.json"):
                    record = json.loads(path.read_text("utf-8"))
                    changed = _changed(record, cycle, 1 + made % 97 / 100)
                    (new / path.name).write_text(json.dumps(changed, ensure_ascii=False), "utf-8")
                for stem in ("report.html", "report.zh.html", "report.pdf", "brief.html"):
                    (new / stem).write_text("<p>page</p>", "utf-8")
            made += 1
    return made


def _changed(record: dict[str, Any], cycle: str, factor: float) -> dict[str, Any]:
    for fact in record["facts"]:
        for part in ("value", "low", "high"):
            if isinstance(fact.get(part), float):
                fact[part] *= factor
    return {**record, "cycle": cycle}


def timed(call: Callable[[], Any], runs: int) -> list[float]:
    seconds = []
    for _ in range(runs):
        clock = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - clock)
    return seconds


def opened(page_path: Path, runs: int) -> dict[str, list[float]]:
    """Seconds until the page is read and drawn, and until a search shows its result."""
    from playwright.sync_api import sync_playwright

    found: dict[str, list[float]] = {"open": [], "search": []}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for _ in range(runs):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            clock = time.perf_counter()
            page.goto(page_path.as_uri(), wait_until="load")
            page.evaluate(
                "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
            )
            found["open"].append(time.perf_counter() - clock)
            if page.locator("#ob-search").count():
                search = """() => new Promise(done => {
                    const box = document.getElementById("ob-search"), start = performance.now();
                    box.value = "coupon 2026";
                    box.dispatchEvent(new Event("input", {bubbles: true}));
                    requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
                })"""
                found["search"].append(page.evaluate(search) / 1000)
            page.close()
        browser.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--source", type=Path, default=Path("reports"))
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="opsnb-catalogue-"))
    try:
        (laying,) = timed(lambda: lay(asked.source, folder, asked.reports), 1)
        print(f"{asked.reports} reports laid down in {laying:.1f} s")
        write = lambda: write_index(folder, ["en", "zh"], NAME)  # noqa: E731
        say("written anew, first time", timed(write, 1))
        say("written anew", timed(write, asked.runs))
        for name in ("index", "index.zh", "kpis", "campaigns", "actions"):
            path = folder / f"{name}.html"
            print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")
            for what, seconds in opened(path, asked.runs).items():
                say(f"  {what}", seconds)
    finally:
        shutil.rmtree(folder)


def say(what: str, seconds: list[float]) -> None:
    if seconds:
        median = statistics.median(seconds)
        print(f"{what}: median {median:.3f} s, {min(seconds):.3f} to {max(seconds):.3f}")


if __name__ == "__main__":
    main()
