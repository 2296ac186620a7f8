"""Definitions that a team has already: metrics and experiments of other tools become its own.

outcome = import_definitions(workspace, "dbt", [Path("target/semantic_manifest.json")])
outcome.metrics     what metrics.toml would gain
outcome.refused     what has no equal here, each with the reason
outcome.write()     adds what is new, and touches nothing else
"""

from opsnb.analysis.definitions.importing import (
    TOOLS,
    Options,
    Outcome,
    as_dict,
    import_definitions,
)

__all__ = ["TOOLS", "Options", "Outcome", "as_dict", "import_definitions"]
