"""The HTML of single pieces: Markdown cells, and outputs with or without opsnb's payload."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bleach
from bleach.css_sanitizer import CSSSanitizer
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from opsnb.base.seam import MIME
from opsnb.publishing.reports.run_record import strip_root

_TAGS = frozenset(
    """a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption
    figure h3 h4 h5 h6 hr i img ins li ol p pre s small span strong sub summary sup table tbody
    td tfoot th thead tr u ul""".split()  # noqa: SIM905
)
_ATTRIBUTES = {
    "*": ["class", "title", "lang", "style"],
    "a": ["href"],
    "img": ["alt", "width", "height"],
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan", "scope"],
}
_CLEANER = bleach.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    css_sanitizer=CSSSanitizer(
        allowed_css_properties=["text-align", "font-weight", "width", "color"]
    ),
    strip=True,
    strip_comments=True,
)
_DROPPED = re.compile(r"<(style|script)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class _Renderer(IPythonRenderer):
    """Markdown of a playbook's author: HTML is allowed, pictures from elsewhere are not loaded."""

    def image(self, text: str, url: str, title: str | None = None) -> str:
        source = self._embed_image_or_attachment(url)
        if source.startswith("data:"):
            return super().image(text, source, title)
        return f'<a href="{html.escape(url)}">{text or html.escape(url)}</a>'

    def heading(self, text: str, level: int, **attributes: Any) -> str:
        return f"<h{level}>{text}</h{level}>\n"


def markdown(source: str, attachments: Mapping[str, Any] | None = None) -> str:
    """HTML of a Markdown cell. A missing attachment is left out, with its name."""
    known = dict(attachments or {})
    names = re.findall(r"\(attachment:([^)\s]+)", source)
    for name in names:
        if name not in known:
            source = source.replace(f"(attachment:{name}", f"({name}")
    renderer = _Renderer(escape=False, attachments=known, exclude_anchor_links=True)
    return MarkdownWithMath(renderer=renderer).render(source)


def fragment(output: Mapping[str, Any], language: str, primary: str, root: Path) -> str:
    """The HTML of one output in a language; empty when there is nothing to show.

    Outputs with opsnb's payload escape themselves. Others (a data frame, a picture) are
    cleaned of everything that could act or load.
    """
    data = output.get("data", {})
    payload = data.get(MIME)
    if payload is not None:
        spoken = (payload.get("languages") or {}).get(language) or {}
        drawn = spoken.get("html") if language != primary else None
        return strip_root(_joined(drawn or data.get("text/html") or ""), root)
    return strip_root(_foreign(data, output.get("metadata", {})), root)


def _foreign(data: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    for mime in ("image/svg+xml", *_IMAGES):
        if mime in data:
            return _picture(mime, _joined(data[mime]), metadata.get(mime, {}))
    if "text/html" in data:
        body = _CLEANER.clean(_DROPPED.sub("", _joined(data["text/html"])))
        return f'<div class="ob-table-wrap pg-foreign">{body}</div>' if body.strip() else ""
    if "text/markdown" in data:
        renderer = IPythonRenderer(escape=True, exclude_anchor_links=True)
        body = MarkdownWithMath(renderer=renderer).render(_joined(data["text/markdown"]))
        return f'<div class="pg-text">{_CLEANER.clean(body)}</div>'
    text = _joined(data.get("text/plain", ""))
    return f'<pre class="pg-plain">{html.escape(text)}</pre>' if text.strip() else ""


def _picture(mime: str, body: str, metadata: Mapping[str, Any]) -> str:
    """A picture as `<img>`: what is inside an SVG from elsewhere cannot act there."""
    alt = html.escape(str(metadata.get("alt", "")))
    if mime == "image/svg+xml":
        body = base64.b64encode(body.encode("utf-8")).decode("ascii")
    source = f"data:{mime};base64,{''.join(body.split())}"
    return f'<figure class="ob-figure"><img src="{source}" alt="{alt}"></figure>'


def plain_text(fragment_html: str) -> str:
    """The words of a piece of HTML."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", fragment_html)).split())


def _joined(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)
