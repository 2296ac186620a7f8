"""The reports of the last complete month as an Airflow DAG: one mapped task a report.

For Airflow 3. Put this file into the DAGs folder, and name the workspace's folder, as every
worker sees it, in the Airflow variable `opsnb_workspace`; `opsnb` must be on the workers' PATH.
`opsnb cycle --plan` says what there is to run and starts nothing. A report that fails fails
its task alone (`opsnb run` ends with 1), and the index is written whatever became of them.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Variable, task

WORKSPACE = "{{ var.value.opsnb_workspace }}"


def commands(plan: str) -> list[str]:
    """A shell command for each run of a plan, in its order."""
    return [shlex.join(run["command"]) for run in json.loads(plan)["runs"]]


with DAG(
    dag_id="opsnb_cycle",
    schedule="0 7 2 * *",  # on the second: the month has closed and its last day is loaded
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["opsnb"],
):

    @task
    def planned() -> list[str]:
        """What the cycle asks for, as it is known when this runs."""
        asked = ["opsnb", "cycle", "latest", "--plan"]
        found = subprocess.run(
            asked, cwd=Variable.get("opsnb_workspace"), check=True, stdout=subprocess.PIPE
        )
        return commands(found.stdout.decode("utf-8"))

    reports = BashOperator.partial(
        task_id="report",
        cwd=WORKSPACE,
        append_env=True,
        retries=1,
        retry_delay=timedelta(minutes=10),
        execution_timeout=timedelta(hours=2),
        max_active_tis_per_dagrun=2,
    ).expand(bash_command=planned())

    index = BashOperator(
        task_id="index", bash_command="opsnb index", cwd=WORKSPACE, append_env=True,
        trigger_rule="all_done",
    )  # fmt: skip

    reports >> index
