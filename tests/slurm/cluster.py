"""A real Slurm of one node for tests: munged, slurmctld and slurmd, with partitions `cpu` and `gpu`
and a counted GPU without a device.

Needs root (the daemons), Debian's `slurm-wlm` and `munge`, and /etc/slurm/slurm.conf for itself:
jobs find their Slurm there.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path("/etc/slurm")
MARK = "# Written by LinguaLIFT's tests; goes when they end.\n"
CONFIGURATION = """\
ClusterName=lingualift
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill,UsePss
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
ReturnToService=2
MinJobAge=600
SchedulerParameters=sched_interval=5,batch_sched_delay=0
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/jobs.txt
NodeName={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=200000 Gres=gpu:1
PartitionName=cpu Nodes={host} Default=YES MaxTime=2-0
PartitionName=gpu Nodes={host} MaxTime=7-0
"""


def obstacle() -> str | None:
    """Why no Slurm can be started here; None if one can."""
    missing = [
        name
        for name in ("munged", "slurmctld", "slurmd", "sbatch")
        if shutil.which(name, path=_path()) is None
    ]
    if missing:
        return f"no {', '.join(missing)} on this machine: apt-get install slurm-wlm munge"
    if os.geteuid() != 0:
        return "starting slurmd needs root"
    configuration = FOLDER / "slurm.conf"
    if configuration.exists() and not configuration.read_text().startswith(MARK):
        return f"{configuration}: this machine has a Slurm of its own"
    return None


@contextmanager
def slurm(folder: Path) -> Iterator[Path]:
    """Run the three daemons with their files in `folder` while the block runs; yields the file that
    lists finished jobs.
    """
    daemons: list[subprocess.Popen[bytes]] = []
    host = os.uname().nodename.partition(".")[0]
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True, mode=0o755)
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "slurm.conf").write_text(MARK + CONFIGURATION.format(host=host, folder=folder))
    (FOLDER / "gres.conf").write_text(MARK + "Name=gpu File=/dev/null\n")
    try:
        munge = [
            "munged",
            "--foreground",
            "--force",
            f"--key-file={key}",
            f"--socket={folder}/munge.socket",
        ]
        munge += [f"--{kind}-file={folder}/munged.{kind}" for kind in ("pid", "log", "seed")]
        daemons.append(_start(munge, folder))
        _until(lambda: (folder / "munge.socket").exists(), folder)
        daemons.append(_start(["slurmctld", "-D", "-c"], folder))
        daemons.append(_start(["slurmd", "-D"], folder))
        _until(lambda: _output("sinfo", "--noheader", "--format=%T").split() == ["idle"], folder)
        yield folder / "jobs.txt"
    finally:
        subprocess.run(["scancel", "--user=root", "--quiet"], check=False, capture_output=True)
        for daemon in reversed(daemons):
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
        for name in ("slurm.conf", "gres.conf"):
            (FOLDER / name).unlink(missing_ok=True)


def _path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def _start(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    with open(folder / f"{command[0]}.out", "wb") as output:
        return subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            env={**os.environ, "PATH": _path()},
            start_new_session=True,
        )


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _until(ready, folder: Path, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            said = "\n".join(
                f"{path.name}: {path.read_text()[-800:]}"
                for path in sorted([*folder.glob("*.log"), *folder.glob("*.out")])
            )
            raise RuntimeError(f"Slurm did not start\n{said}")
        time.sleep(0.3)
