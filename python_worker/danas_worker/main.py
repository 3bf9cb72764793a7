"""`python -m danas_worker`: listens, serves one run after another, ends with its parent."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .options import Options, UsageError, parse

if TYPE_CHECKING:
    from .serving.desk import Desk
    from .serving.telemetry import Publisher

# glibc hands freed tensors back to the system and faults them in again at every step: a small network trained three
# times faster with these. It reads them only at its start, hence the second start.
MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "67108864",
}

GRACE_S = 2.0
"""a worker that was told to leave may do so in order, then it is ended"""

log = logging.getLogger("danas.worker")


def main(argv: list[str] | None = None) -> None:
    try:
        options = parse(argv)
    except UsageError as error:
        refuse(error.message, error.hint)
    _with_malloc_settings()
    if options.token_env is not None:
        # what runs below this worker, a person's data code say, has no use for it
        os.environ.pop(options.token_env, None)
    run(options)


def refuse(message: str, hint: str) -> NoReturn:
    """a person's mistake in three lines, exit code 2"""
    print(f"danas worker: cannot start\n  {message}\n  hint: {hint}", file=sys.stderr, flush=True)
    # nothing is worth waiting for: a library imported meanwhile may hold threads
    os._exit(2)


def _with_malloc_settings() -> None:
    if sys.platform == "linux" and not any(name in os.environ for name in MALLOC):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **MALLOC})


class Stop(BaseException):
    """SIGTERM: leave as soon as the interpreter gets to it"""


def run(options: Options) -> None:
    # torch takes seconds to import: mistakes were told before
    import zmq

    from .serving.server import Tls, serve
    from .serving.telemetry import Publisher

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    before = os.umask(0o177)  # Unix sockets are for their owner alone
    publisher = None
    if options.telemetry != "none":
        curve = options.telemetry_off_host and zmq.has("curve")
        if options.telemetry_off_host and not curve and not options.insecure:
            refuse(
                f"other hosts can reach {options.telemetry}, and libzmq {zmq.zmq_version()} has no CURVE here",
                "give --telemetry none, install a pyzmq that has CURVE, or say --insecure",
            )
        try:
            publisher = Publisher(options.telemetry, curve)
        except zmq.ZMQError as error:
            refuse(f"telemetry cannot be bound to {options.telemetry}: {error}", "give another --telemetry, or none")
    desk = make_desk(options.allow_modules, publisher, options.run_folder, options.data_folders)
    tls = (
        Tls(options.tls_cert, options.tls_key, options.tls_client_ca) if options.tls_cert and options.tls_key else None
    )
    try:
        server, address = serve(desk, options.listen, options.token, tls)
    except OSError as error:
        refuse(str(error), "is another worker listening there? choose another address, and check the PEM files")
    os.umask(before | 0o077)  # so is all that a run leaves behind
    if options.tls_key and options.tls_key.stat().st_mode & 0o077:
        log.warning("others on this host may read %s: chmod 600 it", options.tls_key)
    if options.open_to_all:
        log.warning("every user of this host may command this worker: prefer --listen unix:PATH, or give --token-env")

    def stop(*_: object) -> None:
        # where an exception is lost (in a destructor, say), or the way out is long
        threading.Thread(target=_end_soon, args=(options.socket,), daemon=True).start()
        raise Stop

    code = 1
    try:
        signal.signal(signal.SIGTERM, stop)
        if options.parent_stdin:
            threading.Thread(target=_end_with_parent, args=(options.socket,), daemon=True).start()
        ready = {"address": address, "telemetry": publisher.endpoint if publisher else "", "pid": os.getpid()}
        print(f"ready {json.dumps(ready)}", flush=True)
        desk.work()
    except (Stop, KeyboardInterrupt):
        code = 0
    except BaseException:
        log.exception("the worker failed")
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        server.stop(0)
        if publisher:
            publisher.close()
        _remove(options.socket)
        # what must survive was written and renamed by a checkpoint; threads of torch or gRPC are not worth waiting for
        os._exit(code)


def make_desk(
    allow_modules: Iterable[str],
    publisher: Publisher | None,
    run_folder: Path | None,
    data_folders: tuple[Path, ...] = (),
) -> Desk:
    """a desk whose executor's progress, and whose log, are published"""
    from .data import keep_below
    from .jobs.executor import Executor
    from .serving.desk import Desk
    from .serving.telemetry import LogFrames, watched

    allowed = frozenset(filter(None, allow_modules))
    now: Callable[[], tuple[str, str, str, float]] = lambda: desk.now()  # noqa: E731
    on_progress = watched(publisher, now)
    open_data = None if run_folder is None else keep_below((run_folder, *data_folders))
    make_executor = lambda folder: Executor(folder, allowed, on_progress, open_data)  # noqa: E731
    if publisher is None:
        desk = Desk(make_executor, run_folder)
    else:
        desk = Desk(make_executor, run_folder, publisher.endpoint, telemetry_key=publisher.key, admit=publisher.admit)
        logging.getLogger("danas").addHandler(LogFrames(publisher, lambda: desk.now()[0]))
    logging.getLogger("danas").setLevel(logging.INFO)
    return desk


def _end_with_parent(socket: Path | None) -> None:
    """whoever started us holds the other end of our standard input: when it dies, however it dies, the input ends"""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    # the main thread may be deep in a step: it is asked first, and not asked twice
    with contextlib.suppress(OSError, RuntimeError):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    _end_soon(socket)


def _end_soon(socket: Path | None) -> NoReturn:
    time.sleep(GRACE_S)
    _remove(socket)
    os._exit(0)


def _remove(socket: Path | None) -> None:
    if socket is not None:
        with contextlib.suppress(OSError):
            socket.unlink()
