"""A script that starts Dask workers through SLURM and runs a sweep on them."""

from pathlib import Path

_SCRIPT = '''"""Run the sweep {name} on SLURM.

Adapt the call of SLURMCluster to your site, then start this script where sbatch works and where it may run as
long as the sweep: python {script}
It can be stopped and started again: what is finished is not done twice.
"""

from dask_jobqueue import SLURMCluster
from distributed import Client

from experiments.sweep import SweepRequest, sweep
from experiments.sweeps.cluster import Cluster

WORKERS = {workers}

if __name__ == "__main__":
    cluster = SLURMCluster(
        # queue="normal",
        # account="my-project",
        cores=1,  # one run at a time in each worker
        processes=1,
        memory="4GB",
        walltime="08:00:00",
        python={python!r},
    )
    cluster.scale(jobs=WORKERS)
    with Client(cluster) as client:
        result = sweep(SweepRequest({sweep!r}, out={out!r}), cluster=Cluster(client))
    print(result.sentence)
'''


def slurm_script(name: str, sweep: Path, out: Path, workers: int, python: str, script: Path) -> str:
    """Return the source of the script.

    Parameters
    ----------
    name
        Name of the sweep.
    sweep, out
        Sweep file and folder for results; every node must see both under these paths.
    workers
        How many jobs of one worker.
    python
        Interpreter on the nodes, with undertow and Dask installed.
    script
        Where it will lie.
    """
    return _SCRIPT.format(
        name=name, sweep=str(sweep), out=str(out), workers=workers, python=python, script=script
    )
