"""A worker as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import commands
import grpc
from house import Stream


class Worker:
    def __init__(self, folder: Path, *arguments: str) -> None:
        self.socket, self.telemetry = folder / "s", folder / "t"
        command = [sys.executable, "-m", "danas_worker", "--listen", f"unix:{self.socket}"]
        command += ["--telemetry", f"ipc://{self.telemetry}", *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
        self.log = (folder / "log").open("w+")
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            cwd=Path(__file__).parents[1],
            env=environment,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("ready {"), self.logged()
        self.ready: dict[str, Any] = json.loads(line.removeprefix("ready "))

    def logged(self) -> str:
        self.log.seek(0)
        return self.log.read()

    def session(self, metadata: list[tuple[str, str]] | None = None) -> Stream:
        self.channel = grpc.insecure_channel(self.ready["address"])
        stream = Stream(self.channel, metadata)
        stream.send(commands.hello(run_folder=str(self.socket.parent)))
        assert stream.hear().WhichOneof("message") == "welcome"
        return stream

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        self.log.close()
