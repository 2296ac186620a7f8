"""Pictures of every chart type, every page and every playbook's PDF, in both languages.

    make gallery

draws the reports in `reports/` (`make report` first) into docs/gallery/ as WebP. It needs
Chromium (through playwright) and pdftoppm; it fails when a page, a PDF or a chart is missing.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from opsnb.analysis.display import gallery

HERE = Path(__file__).resolve().parent
REPORTS = HERE.parents[1] / "reports"
PLAYBOOKS = (
    "monthly_retrospective", "weekly_review", "campaign_review", "ab_readout", "experiment_design",
)  # fmt: skip
CATALOGUE = ("index", "kpis", "campaigns", "actions")
LANGUAGES = ("en", "zh")
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")

Shot = tuple[str, Path, int, str, int | None]
"""Name, page, width in pixels, colour scheme, and pixels from the top (None: all)."""


def ending(language: str, kind: str) -> str:
    """`.html` of the primary language, `.zh.html` of another."""
    return f".{kind}" if language == "en" else f".{language}.{kind}"


def reports() -> dict[str, Path]:
    """The newest ready report of each playbook, else its newest."""
    found: dict[str, Path] = {}
    for path in sorted(REPORTS.glob("2*/*/report.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        name = record["playbook"]
        if name not in found or record["status"] == "ready":
            found[name] = path.parent
    missing = [name for name in PLAYBOOKS if name not in found]
    if missing:
        raise SystemExit(f"no report of {', '.join(missing)} in {REPORTS}: make them first")
    return {name: found[name] for name in PLAYBOOKS}


def with_status(status: str) -> Path:
    """A report of this status."""
    for path in sorted(REPORTS.glob("2*/*/report.json")):
        if json.loads(path.read_text(encoding="utf-8"))["status"] == status:
            return path.parent
    raise SystemExit(f"no {status} report in {REPORTS}: run opsnb cycle 2026-10")


def shots(charts: Path) -> Iterator[Shot]:
    """What is photographed."""
    chosen = reports()
    for code in LANGUAGES:
        yield f"charts-{code}", charts / f"{code}.html", 860, "light", None
        for name, folder in chosen.items():
            yield (
                f"page-{name}-{code}",
                folder / f"report{ending(code, 'html')}",
                1280,
                "light",
                1700,
            )
        month = chosen["monthly_retrospective"]
        yield f"phone-{code}", month / f"report{ending(code, 'html')}", 390, "light", 1700
        yield f"dark-{code}", month / f"report{ending(code, 'html')}", 1280, "dark", 1700
        yield f"brief-{code}", month / f"brief{ending(code, 'html')}", 760, "light", None
        for status in ("provisional", "invalid"):
            page = with_status(status) / f"report{ending(code, 'html')}"
            yield f"{status}-{code}", page, 1280, "light", 1100
        for name in CATALOGUE:
            yield (
                f"catalogue-{name}-{code}",
                REPORTS / f"{name}{ending(code, 'html')}",
                1280,
                "light",
                1400,
            )


def photograph(wanted: list[Shot], out: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        installed = next((path for path in CHROMIUM if Path(path).is_file()), None)
        browser = play.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        for name, path, width, scheme, depth in wanted:
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page.goto(path.as_uri())
            height = page.evaluate("document.documentElement.scrollHeight")
            clip = {"x": 0, "y": 0, "width": width, "height": min(height, depth or height)}
            save(Image.open(io.BytesIO(page.screenshot(full_page=True, clip=clip))), out / name)
            page.close()
        browser.close()


def sheets(out: Path, count: int = 6) -> None:
    """The first pages of each playbook's PDF, side by side."""
    for name, folder in reports().items():
        for code in LANGUAGES:
            pdf = folder / f"report{ending(code, 'pdf')}"
            with tempfile.TemporaryDirectory() as place:
                subprocess.run(
                    ["pdftoppm", "-r", "64", "-l", str(count), "-png", str(pdf), f"{place}/p"],
                    check=True,
                )
                pages = [Image.open(path).convert("RGB") for path in sorted(Path(place).iterdir())]
                save(beside(pages), out / f"pdf-{name}-{code}")


def beside(pages: list[Any], columns: int = 3, gap: int = 8) -> Any:
    wide, high = pages[0].size
    rows = -(-len(pages) // columns)
    sheet = Image.new("RGB", (columns * (wide + gap) + gap, rows * (high + gap) + gap), "#8a929b")
    for index, page in enumerate(pages):
        left, top = gap + index % columns * (wide + gap), gap + index // columns * (high + gap)
        sheet.paste(page, (left, top))
    return sheet


def save(picture: Any, path: Path) -> None:
    if picture.width > 1000:
        height = round(picture.height * 1000 / picture.width)
        picture = picture.resize((1000, height), Image.Resampling.LANCZOS)
    picture.convert("RGB").save(path.with_suffix(".webp"), quality=72, method=6)


def contents(out: Path) -> None:
    """A page that shows them all."""
    lines = ["# Gallery", "", "Made by `make gallery` from the sample company's reports.", ""]
    for path in sorted(out.glob("*.webp")):
        title = path.stem.replace("-", " ").replace("_", " ")
        lines += [f"## {title}", "", f"![{title}]({path.name})", ""]
    (out / "README.md").write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", default=HERE)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.webp"):
        old.unlink()
    with tempfile.TemporaryDirectory() as place:
        for code in LANGUAGES:
            gallery.main(Path(place) / f"{code}.html", [code])
        photograph(list(shots(Path(place))), out)
    sheets(out)
    contents(out)


if __name__ == "__main__":
    main()
