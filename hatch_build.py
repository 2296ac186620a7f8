"""Writes the wheel's software bill of materials from requirements.lock (PEP 770, CycloneDX 1.6)."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LINE = re.compile(r"^(?P<name>[\w.-]+)(?:\[[\w,-]+\])?==(?P<version>[^\s;\\]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def bill_of_materials(name: str, version: str, lock: str) -> dict[str, Any]:
    """What `lock` pins, as a CycloneDX document: one library a line, with its hashes."""
    components: list[dict[str, Any]] = []
    for line in lock.splitlines():
        if found := LINE.match(line):
            package, pinned = found["name"].lower(), found["version"]
            address = f"pkg:pypi/{package}@{pinned}"
            components.append(
                {
                    "type": "library",
                    "bom-ref": address,
                    "name": package,
                    "version": pinned,
                    "purl": address,
                    "hashes": [],
                }
            )
        elif components:
            hashes = [{"alg": "SHA-256", "content": text} for text in HASH.findall(line)]
            components[-1]["hashes"] += hashes
    root = f"pkg:pypi/{name}@{version}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": name,
                "version": version,
                "purl": root,
            }
        },
        "components": components,
    }


class BillOfMaterials(BuildHookInterface):
    PLUGIN_NAME = "bill-of-materials"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        lock = (Path(self.root) / "requirements.lock").read_text(encoding="utf-8")
        bill = bill_of_materials(self.metadata.name, self.metadata.version, lock)
        path = Path(tempfile.mkdtemp()) / "opsnb.cdx.json"
        path.write_text(json.dumps(bill, indent=1) + "\n", encoding="utf-8")
        build_data["sbom_files"].append(str(path))
