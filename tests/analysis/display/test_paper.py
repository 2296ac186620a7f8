"""Charts and parts on paper, by the PDF engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsnb.analysis.display.gallery import main

plutoprint = pytest.importorskip("plutoprint")
pypdf = pytest.importorskip("pypdf")


def test_charts_print_with_their_text(tmp_path: Path) -> None:
    main(tmp_path / "page.html", ["zh"])
    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4)
    book.load_url((tmp_path / "page.html").as_uri())
    book.write_to_pdf(str(tmp_path / "page.pdf"))
    reader = pypdf.PdfReader(tmp_path / "page.pdf")
    text = "".join(page.extract_text() for page in reader.pages).replace("\n", "")
    assert "加入购物车" in text and "国庆大促" in text
    # The drawing for phones is not printed a second time.
    assert text.count("三线城市付费社交新用户") == 1
