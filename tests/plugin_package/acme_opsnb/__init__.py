"""What the market stalls of Acme bring to opsnb. Light to import: each process loads it."""

from __future__ import annotations

from pathlib import Path

import opsnb

HERE = Path(__file__).parent


def plugin() -> opsnb.Plugin:
    return opsnb.Plugin(
        api=1,
        playbooks=HERE / "playbooks",
        messages=HERE / "messages",
        metrics=HERE / "metrics.toml",
        sources={"jsonl": "acme_opsnb.json_lines:CONNECTOR"},
        formats={"facts": "acme_opsnb.fact_list:FactList"},
    )
