"""`python -m danas_worker`: listens, serves one run after another, ends with its parent."""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from .executor import Executor

# glibc hands freed tensors back to the system and faults them in again at every step; it reads these only at its start
MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
    "MALLOC_TOP_PAD_": "268435456",
}


def main(argv: list[str] | None = None) -> None:
    options = _parser().parse_args(argv)
    _with_malloc_settings()
    token = _token(options)
    _check_address(options, token)
    run(options, token)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="danas worker",
        description="The PyTorch worker of danas. Carries out jobs that an orchestrator sends; decides nothing.",
        epilog="examples:\n  danas worker --listen unix:/tmp/danas.sock\n"
        "  DANAS_TOKEN=… danas worker --listen 0.0.0.0:7777 --tls-cert cert.pem --tls-key key.pem --token-env DANAS_TOKEN",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="ADDRESS", help="unix:PATH or HOST:PORT")
    parser.add_argument("--telemetry", default="tcp://127.0.0.1:*", metavar="ENDPOINT", help="ZeroMQ endpoint, or none")
    parser.add_argument("--run-folder", type=Path, metavar="DIR", help="keep all runs below this folder")
    parser.add_argument(
        "--allow-module", action="append", default=[], metavar="MODULE", help="Python data may come from it"
    )
    parser.add_argument("--parent-stdin", action="store_true", help="end when standard input ends")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE")
    parser.add_argument("--tls-key", type=Path, metavar="FILE")
    parser.add_argument("--tls-client-ca", type=Path, metavar="FILE", help="clients must show a certificate of this CA")
    parser.add_argument(
        "--token-env", metavar="NAME", help="environment variable with the token that clients must show"
    )
    parser.add_argument("--insecure", action="store_true", help="listen off this host without TLS and token")
    return parser


def refuse(message: str, hint: str) -> NoReturn:
    """a person's mistake: what is wrong and what to do, exit code 2"""
    print(f"danas worker: {message}\n  hint: {hint}", file=sys.stderr)
    sys.exit(2)


def _with_malloc_settings() -> None:
    if sys.platform != "linux" or any(name in os.environ for name in MALLOC) or "DANAS_NO_REEXEC" in os.environ:
        return
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **MALLOC})


def _token(options: argparse.Namespace) -> str | None:
    if options.token_env is None:
        return None
    token = os.environ.get(options.token_env, "")
    if len(token) < 16:
        refuse(
            f"the environment variable {options.token_env} holds no token of at least 16 characters",
            f"{options.token_env}=$(openssl rand -hex 24) danas worker …",
        )
    return token


def _check_address(options: argparse.Namespace, token: str | None) -> None:
    listen: str = options.listen
    if (options.tls_cert is None) != (options.tls_key is None):
        refuse("--tls-cert and --tls-key belong together", "give both")
    for file in (options.tls_cert, options.tls_key, options.tls_client_ca):
        if file is not None and not file.is_file():
            refuse(f"{file} is not a file", "name PEM files")
    if listen.startswith("unix:"):
        return
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        refuse(f"{listen!r} is no address", "write unix:PATH or HOST:PORT, e.g. 127.0.0.1:7777")
    if is_loopback(host) or options.insecure:
        return
    if options.tls_cert is None or token is None:
        refuse(
            f"{host} can be reached from other hosts: that needs TLS and a token",
            "give --tls-cert, --tls-key and --token-env; or listen on 127.0.0.1; or say --insecure",
        )
    if options.run_folder is None:
        refuse("a worker that other hosts can reach keeps its files below a folder of its own", "give --run-folder DIR")


def is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    return host == "localhost"


class Stop(BaseException):
    """SIGTERM: leave as soon as the interpreter gets to it"""


def run(options: argparse.Namespace, token: str | None) -> None:
    # torch takes seconds to import: mistakes were told before
    import zmq

    from .desk import Desk, log_to_stderr
    from .server import Tls, serve
    from .telemetry import Publisher

    log_to_stderr()
    publisher = None
    if options.telemetry != "none":
        try:
            publisher = Publisher(options.telemetry)
        except zmq.ZMQError as error:
            refuse(f"telemetry cannot be bound to {options.telemetry}: {error}", "give another endpoint, or none")
    desk: Desk
    desk = Desk(
        executor_maker(frozenset(options.allow_module), publisher, lambda: desk.now()),
        options.run_folder,
        publisher.endpoint if publisher else "",
    )
    tls = Tls(options.tls_cert, options.tls_key, options.tls_client_ca) if options.tls_cert else None
    before = os.umask(0o177)  # a Unix socket is for its owner alone
    try:
        server, address = serve(desk, options.listen, token, tls)
    except OSError as error:
        refuse(str(error), "is another worker listening there? choose another address")
    finally:
        os.umask(before)
    if options.parent_stdin:
        threading.Thread(target=_end_with_parent, args=(options.listen,), daemon=True).start()

    def stop(*_: object) -> None:
        raise Stop

    signal.signal(signal.SIGTERM, stop)
    ready = {"address": address, "telemetry": publisher.endpoint if publisher else "", "pid": os.getpid()}
    print(f"ready {json.dumps(ready)}", flush=True)
    with contextlib.suppress(Stop, KeyboardInterrupt):
        desk.work()
    server.stop(0)
    _remove_socket(options.listen)
    # what must survive was written and renamed by a checkpoint; threads of torch or zmq are not worth waiting for
    sys.stdout.flush()
    os._exit(0)


def executor_maker(
    allow_modules: frozenset[str], publisher: object, now: Callable[[], tuple[str, str, str, float]]
) -> Callable[[Path], Executor]:
    from .executor import Executor
    from .telemetry import Publisher, watched

    on_progress = watched(publisher if isinstance(publisher, Publisher) else None, now)
    return lambda folder: Executor(folder, allow_modules, on_progress)


def _end_with_parent(listen: str) -> None:
    """whoever started us holds the other end of our standard input: when it dies, however it dies, the input ends"""
    while sys.stdin.buffer.read(4096):
        pass
    _remove_socket(listen)
    os._exit(0)


def _remove_socket(listen: str) -> None:
    if listen.startswith("unix:"):
        with contextlib.suppress(OSError):
            os.unlink(listen.removeprefix("unix:"))
