"""What a worker is told at its start, and what of it is refused before anything is imported or bound."""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import os
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path

MIN_TOKEN = 16
"""characters"""

MAX_SOCKET_PATH = 100
"""bytes; the kernel's limit is 108 on Linux and 104 elsewhere, its end included"""

TELEMETRY_HELP = "ZeroMQ endpoint, or none; one that other hosts can reach is encrypted (CURVE)"

DATA_HELP = "with --run-folder: jobs may read images from here (may be repeated)"


class UsageError(Exception):
    """a person's mistake, with a way on"""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, kw_only=True)
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
    token: str | None = field(repr=False)
    token_env: str | None = None
    insecure: bool = False
    data_folders: tuple[Path, ...] = ()
    """with a run folder of its own: images are read only from here and there"""

    @property
    def socket(self) -> Path | None:
        """the Unix socket's file"""
        return Path(self.listen.removeprefix("unix:")) if self.listen.startswith("unix:") else None

    @property
    def open_to_all(self) -> bool:
        """whether another user of this host could command this worker"""
        return self.socket is None and self.token is None and self.tls_client_ca is None

    @property
    def telemetry_off_host(self) -> bool:
        """whether other hosts can reach the telemetry"""
        return off_host(self.telemetry)


def parse(argv: list[str] | None) -> Options:
    """Raises UsageError; argparse itself prints help and unknown options, and exits."""
    given = _parser().parse_args(argv)
    token = _token(given.token_env)
    for one, other in ((given.tls_cert, given.tls_key), (given.tls_key, given.tls_cert)):
        if one is not None and other is None:
            raise UsageError("--tls-cert and --tls-key belong together", "give both")
    if given.tls_client_ca is not None and given.tls_cert is None:
        raise UsageError("--tls-client-ca needs --tls-cert and --tls-key", "give all three")
    if given.data_folder and given.run_folder is None:
        raise UsageError("--data-folder needs --run-folder", "without it, jobs may read whatever this user may")
    for file in filter(None, (given.tls_cert, given.tls_key, given.tls_client_ca)):
        if not os.access(file, os.R_OK) or not file.is_file():
            raise UsageError(f"{file} is not a file that can be read", "name PEM files")
    options = Options(
        listen=given.listen,
        telemetry=given.telemetry,
        run_folder=given.run_folder,
        data_folders=tuple(given.data_folder),
        allow_modules=tuple(given.allow_module),
        parent_stdin=given.parent_stdin,
        tls_cert=given.tls_cert,
        tls_key=given.tls_key,
        tls_client_ca=given.tls_client_ca,
        token=token,
        token_env=given.token_env,
        insecure=given.insecure,
    )
    _check_telemetry(options.telemetry)
    if options.socket is not None:
        _check_socket(options.socket)
    else:
        _check_host(options)
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m danas_worker",
        allow_abbrev=False,  # --token would be taken for --token-env, and the token for a name that may be shown
        description="The PyTorch worker of danas. Carries out jobs that an orchestrator sends; decides nothing.",
        epilog="examples:\n"
        "  python -m danas_worker --listen unix:/tmp/danas.sock\n"
        "  python -m danas_worker --listen 0.0.0.0:7777 --telemetry tcp://0.0.0.0:7778 --run-folder /scratch/danas \\\n"
        "    --tls-cert worker.pem --tls-key worker-key.pem --tls-client-ca ca.pem --token-env DANAS_TOKEN\n"
        "`danas worker init-tls` makes the certificates and the token",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--listen", default="127.0.0.1:0", metavar="ADDRESS", help="unix:PATH or HOST:PORT; port 0 picks one")
    add("--telemetry", default="tcp://127.0.0.1:*", metavar="ENDPOINT", help=TELEMETRY_HELP)
    add("--run-folder", type=Path, metavar="DIR", help="keep all runs below this folder")
    add("--data-folder", type=Path, action="append", default=[], metavar="DIR", help=DATA_HELP)
    add("--allow-module", action="append", default=[], metavar="MODULE", help="Python data may come from it")
    add("--parent-stdin", action="store_true", help="end when standard input ends")
    add("--tls-cert", type=Path, metavar="FILE")
    add("--tls-key", type=Path, metavar="FILE")
    add("--tls-client-ca", type=Path, metavar="FILE", help="clients must show a certificate of this CA")
    add("--token-env", metavar="NAME", help="environment variable with the token that clients must show")
    add(
        "--insecure",
        action="store_true",
        help="listen off this host without TLS and token, send telemetry without CURVE",
    )
    return parser


def _token(variable: str | None) -> str | None:
    """from the environment only: arguments are for every user of the host to see"""
    if variable is None:
        return None
    token = os.environ.get(variable, "")
    if len(token) < MIN_TOKEN or not token.isascii() or not token.isprintable():
        # what looks like no variable's name may be a token, given by mistake: it must not get into a log
        shown = variable if re.fullmatch("[A-Z_][A-Z0-9_]{0,31}", variable) else "that --token-env names"
        raise UsageError(
            f"the environment variable {shown} holds no token of at least {MIN_TOKEN} plain characters",
            'DANAS_TOKEN="$(openssl rand -hex 32)" makes one, for --token-env DANAS_TOKEN; both sides need the same',
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


def _check_host(options: Options) -> None:
    host, _, port = options.listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise UsageError(f"{options.listen!r} is no address", "write unix:PATH or HOST:PORT, e.g. 127.0.0.1:7777")
    if is_loopback(host):
        return
    if not options.insecure and (options.tls_cert is None or options.token is None):
        raise UsageError(
            f"{host} can be reached from other hosts: that needs TLS and a token",
            "give --tls-cert, --tls-key and --token-env; or listen on 127.0.0.1; or say --insecure",
        )
    if options.run_folder is None:
        raise UsageError(
            "a worker that other hosts can reach keeps its files below a folder of its own", "give --run-folder DIR"
        )


def _check_telemetry(endpoint: str) -> None:
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    tcp = endpoint.startswith("tcp://") and host and (port == "*" or (port.isdecimal() and int(port) <= 65_535))
    # an abstract socket (@) has no file whose mode would keep others out
    ipc = endpoint.startswith("ipc://") and len(endpoint) > len("ipc://") and not endpoint.startswith("ipc://@")
    if not (tcp or ipc or endpoint == "none"):
        raise UsageError(
            f"{endpoint!r} is no endpoint for telemetry",
            "write tcp://HOST:PORT (port * picks one), ipc://PATH, or none",
        )


def off_host(endpoint: str) -> bool:
    """whether other hosts can reach a ZeroMQ endpoint"""
    host, _, _ = endpoint.removeprefix("tcp://").rpartition(":")
    return endpoint.startswith("tcp://") and not is_loopback(host)


def is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    return host == "localhost"
