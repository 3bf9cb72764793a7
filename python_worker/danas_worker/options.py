"""What a worker is told at its start, and what of it is refused before anything is imported or bound."""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path

MIN_TOKEN = 16
"""characters"""

MAX_SOCKET_PATH = 100
"""bytes; the kernel's limit is 108 on Linux and 104 elsewhere, its end included"""


class UsageError(Exception):
    """a person's mistake, with a way on"""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class Options:
    listen: str
    """unix:PATH or HOST:PORT"""
    telemetry: str
    """ZeroMQ endpoint, or none"""
    run_folder: Path | None
    """below it all runs must lie; None = where the orchestrator, on this host, says"""
    allow_modules: tuple[str, ...]
    parent_stdin: bool
    tls_cert: Path | None
    tls_key: Path | None
    tls_client_ca: Path | None
    token: str | None

    @property
    def socket(self) -> Path | None:
        """the Unix socket's file"""
        return Path(self.listen.removeprefix("unix:")) if self.listen.startswith("unix:") else None

    @property
    def open_to_all(self) -> bool:
        """whether another user of this host could command this worker"""
        return self.socket is None and self.token is None and self.tls_client_ca is None


def parse(argv: list[str] | None) -> Options:
    """Raises UsageError; argparse itself prints help and unknown options, and exits."""
    given = _parser().parse_args(argv)
    token = _token(given.token_env)
    for one, other in ((given.tls_cert, given.tls_key), (given.tls_key, given.tls_cert)):
        if one is not None and other is None:
            raise UsageError("--tls-cert and --tls-key belong together", "give both")
    if given.tls_client_ca is not None and given.tls_cert is None:
        raise UsageError("--tls-client-ca needs --tls-cert and --tls-key", "give all three")
    for file in filter(None, (given.tls_cert, given.tls_key, given.tls_client_ca)):
        if not os.access(file, os.R_OK) or not file.is_file():
            raise UsageError(f"{file} is not a file that can be read", "name PEM files")
    options = Options(
        given.listen,
        given.telemetry,
        given.run_folder,
        tuple(given.allow_module),
        given.parent_stdin,
        given.tls_cert,
        given.tls_key,
        given.tls_client_ca,
        token,
    )
    if options.socket is not None:
        _check_socket(options.socket)
    else:
        _check_host(options, given.insecure)
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m danas_worker",
        description="The PyTorch worker of danas. Carries out jobs that an orchestrator sends; decides nothing.",
        epilog="examples:\n"
        "  python -m danas_worker --listen unix:/tmp/danas.sock\n"
        "  DANAS_TOKEN=… python -m danas_worker --listen 0.0.0.0:7777 --tls-cert cert.pem --tls-key key.pem \\\n"
        "    --token-env DANAS_TOKEN --run-folder /scratch/danas",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--listen", default="127.0.0.1:0", metavar="ADDRESS", help="unix:PATH or HOST:PORT; port 0 picks one")
    add("--telemetry", default="tcp://127.0.0.1:*", metavar="ENDPOINT", help="ZeroMQ endpoint, or none")
    add("--run-folder", type=Path, metavar="DIR", help="keep all runs below this folder")
    add("--allow-module", action="append", default=[], metavar="MODULE", help="Python data may come from it")
    add("--parent-stdin", action="store_true", help="end when standard input ends")
    add("--tls-cert", type=Path, metavar="FILE")
    add("--tls-key", type=Path, metavar="FILE")
    add("--tls-client-ca", type=Path, metavar="FILE", help="clients must show a certificate of this CA")
    add("--token-env", metavar="NAME", help="environment variable with the token that clients must show")
    add("--insecure", action="store_true", help="listen off this host without TLS and token")
    return parser


def _token(variable: str | None) -> str | None:
    """from the environment only: arguments are for every user of the host to see"""
    if variable is None:
        return None
    token = os.environ.get(variable, "")
    if len(token) < MIN_TOKEN or not token.isascii() or not token.isprintable():
        raise UsageError(
            f"the environment variable {variable} holds no token of at least {MIN_TOKEN} plain characters",
            f'{variable}="$(openssl rand -hex 24)" makes one; the orchestrator needs the same',
        )
    return token


def _check_socket(path: Path) -> None:
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        raise UsageError(f"a Unix socket's path has at most {MAX_SOCKET_PATH} bytes: {path}", "choose a shorter one")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is not a folder", "make it, or choose another path")
    if not path.exists():
        return
    if not path.is_socket():
        raise UsageError(f"{path} is there already, and is no socket", "choose another path")
    # gRPC would take the path of a worker that lives; one left behind by a dead worker may be taken
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe:
        try:
            probe.connect(os.fspath(path))
        except OSError:
            return
    raise UsageError(f"another worker listens on {path}", "stop it, or choose another path")


def _check_host(options: Options, insecure: bool) -> None:
    host, _, port = options.listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise UsageError(f"{options.listen!r} is no address", "write unix:PATH or HOST:PORT, e.g. 127.0.0.1:7777")
    if is_loopback(host):
        return
    if not insecure and (options.tls_cert is None or options.token is None):
        raise UsageError(
            f"{host} can be reached from other hosts: that needs TLS and a token",
            "give --tls-cert, --tls-key and --token-env; or listen on 127.0.0.1; or say --insecure",
        )
    if options.run_folder is None:
        raise UsageError(
            "a worker that other hosts can reach keeps its files below a folder of its own", "give --run-folder DIR"
        )


def is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    return host == "localhost"
