"""Commands in processes of their own that start at once: forked from one that has imported everything.

As a program it is that one: it reads a request of JSON a line and answers with a number a line.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("failing_writes.c")
FULL, KILLED, READ_ONLY = 1, 2, 3
"""What becomes of a write, as failing_writes.c has it."""


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, or the negative number of the signal that killed it, and what it said."""

    code: int
    said: str
    calls: int = 0


class Started:
    """A process that runs.

    Args:
        server: that has started it.
        pid: of it.
        log: where it prints to.
    """

    def __init__(self, server: Server, pid: int, log: Path) -> None:
        self.server, self.pid, self.log = server, pid, log

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens to a process that has ended, as nobody has waited for it yet."""
        os.kill(self.pid, number)

    def wait(self) -> Ended:
        """Wait until it ends."""
        status = self.server.ask({"wait": self.pid})
        said = self.log.read_text(encoding="utf-8", errors="replace")
        calls = self.log.with_suffix(".calls")
        return Ended(os.waitstatus_to_exitcode(status), said, int(calls.read_text()) if calls.is_file() else 0)


class Server:
    """The process that has imported everything.

    Args:
        logs: a folder for what the processes print.
        library: of failing_writes.c, if writes are to fail.
    """

    def __init__(self, logs: Path, library: Path | None) -> None:
        self.logs, self.number = logs, 0
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
        if library is not None:
            environment["LD_PRELOAD"] = str(library)
        self.process = subprocess.Popen(
            [sys.executable, __file__], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, request: dict[str, object]) -> int:
        """Send a request; returns the answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(request), file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())

    def start(
        self,
        command: str,
        words: Sequence[str],
        folder: Path,
        *,
        fault: int = 0,
        call: int = 0,
        variables: Mapping[str, object] | None = None,
    ) -> Started:
        """`python -m sentcse.COMMAND WORDS` in a folder.

        Args:
            command: the module.
            words: of the command line.
            folder: the current one.
            fault: what becomes of writes; 0 for nothing.
            call: the number of the call from which on; 0 counts them only.
            variables: of the environment.
        """
        self.number += 1
        log = self.logs / f"{self.number}.log"
        log.touch()  # a process that is killed at once has not made it
        request = {"command": command, "words": list(words), "folder": str(folder), "log": str(log)}
        more = {name: str(value) for name, value in (variables or {}).items()}
        return Started(self, self.ask({**request, "fault": fault, "call": call, "variables": more}), log)

    def start_together(self, words: Sequence[str], folder: Path) -> list[Started]:
        """Two processes of one training, the first one first, as torchrun starts them."""
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
        group = {"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": 2, **address}
        own = [{"RANK": each, "LOCAL_RANK": each, "LOCAL_WORLD_SIZE": 2, "GROUP_RANK": 0} for each in (0, 1)]
        return [self.start("train", words, folder, variables={**group, **each}) for each in own]

    def run(self, command: str, words: Sequence[str], folder: Path, *, fault: int = 0, call: int = 0) -> Ended:
        """Start and wait."""
        return self.start(command, words, folder, fault=fault, call=call).wait()


def free_port() -> int:
    """A port of this machine that nobody listens to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def server(logs: Path) -> Iterator[Server]:
    """A server, whose processes' writes can be made to fail where there is a compiler."""
    logs.mkdir(parents=True, exist_ok=True)
    compiler = shutil.which("cc")
    library = None if compiler is None else logs / "failing_writes.so"
    if compiler is not None:
        subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    made = Server(logs, library)
    try:
        yield made
    finally:
        assert made.process.stdin is not None
        made.process.stdin.close()
        made.process.wait(timeout=30)


def main() -> None:
    """Import, then serve until nobody asks any more."""
    import matplotlib.pyplot  # noqa: F401
    import torch

    import sentcse.sweeps.sweep_job
    import sentcse.train
    import sentcse.training.run  # noqa: F401

    torch.set_num_threads(1)
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            print(os.waitpid(request["wait"], 0)[1], flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            _child(request)
        print(pid, flush=True)


def _child(request: dict[str, object]) -> None:
    """Become the command; never returns."""
    from importlib import import_module

    log = os.open(str(request["log"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # a test run in the background of a shell has Ctrl-C switched off, and children would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(request["variables"])  # type: ignore[arg-type]
    if "RANK" in os.environ:
        from pytorch_lightning.utilities import rank_zero_only

        rank_zero_only.rank = int(os.environ["RANK"])  # which is looked up as Lightning is imported
    os.chdir(str(request["folder"]))
    sys.argv = [f"sentcse-{request['command']}", *request["words"]]  # type: ignore[misc]
    library = ctypes.CDLL(None)
    if request["fault"]:
        library.failing_writes(ctypes.c_int(request["fault"]), ctypes.c_long(request["call"]))  # type: ignore[arg-type]
    code: object = 1
    try:
        code = import_module(f"sentcse.{request['command']}").main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        import traceback

        traceback.print_exc()
    if request["fault"]:
        library.calls_seen.restype = ctypes.c_long
        calls = library.calls_seen()
        library.failing_writes(ctypes.c_int(0), ctypes.c_long(0))
        Path(str(request["log"])).with_suffix(".calls").write_text(str(calls))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
