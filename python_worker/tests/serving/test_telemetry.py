"""Frames that reach whoever watches, and stop nobody."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import pytest
import zmq

from danas_worker.protocol import messages as pb
from danas_worker.serving.telemetry import HIGH_WATER_MARK, KEY, KEYS, LogFrames, Publisher, watched
from danas_worker.training.meter import StepProgress

PROGRESS = StepProgress(3, 12, 1.5, 96, 800.0, 0.5, 20.0)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher("tcp://127.0.0.1:*")
    yield made
    made.close()


class Watcher:
    def __init__(
        self, endpoint: str, run: str, server: str | None = None, pair: tuple[bytes, bytes] | None = None
    ) -> None:
        """`server`, `pair`: CURVE keys, of the other side and our own"""
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.SUB)
        if server is not None and pair is not None:
            self.socket.curve_serverkey = server.encode()
            self.socket.curve_publickey, self.socket.curve_secretkey = pair
        self.socket.setsockopt(zmq.RCVTIMEO, 5_000)
        self.socket.setsockopt(zmq.SUBSCRIBE, run.encode())
        self.socket.connect(endpoint)

    def joined(self, publisher: Publisher, run: str) -> None:
        """frames sent before the subscription has arrived are lost: send until one comes, then read what is left"""
        self.socket.setsockopt(zmq.RCVTIMEO, 20)
        for _ in range(250):
            publisher.send(pb.Frame(run=run))
            try:
                self.hear()
                break
            except zmq.Again:
                continue
        else:
            raise AssertionError("no frame came")
        with pytest.raises(zmq.Again):
            while True:
                self.hear()
        self.socket.setsockopt(zmq.RCVTIMEO, 5_000)

    def hear(self) -> tuple[str, pb.Frame]:
        topic, content = self.socket.recv_multipart()
        return topic.decode(), pb.Frame.FromString(content)

    def close(self) -> None:
        self.socket.close(linger=0)
        self.context.term()


@pytest.fixture
def watcher(publisher: Publisher) -> Iterator[Watcher]:
    made = Watcher(publisher.endpoint, "mine")
    made.joined(publisher, "mine")
    yield made
    made.close()


def test_the_endpoint_is_the_port_that_was_picked(publisher: Publisher) -> None:
    assert publisher.endpoint.startswith("tcp://127.0.0.1:")
    assert int(publisher.endpoint.rsplit(":", 1)[1]) > 0


def test_progress_reaches_the_watchers_of_its_run(publisher: Publisher, watcher: Watcher) -> None:
    on_progress = watched(publisher, lambda: ("mine", "job-17", "bn_scales", 6.0))
    assert on_progress is not None
    on_progress(PROGRESS)
    topic, frame = watcher.hear()
    assert (topic, frame.run) == ("mine", "mine")
    step = frame.step
    assert (step.job_id, step.job, step.step, step.steps) == (17, "bn-scales", 3, 12)
    assert (step.loss, step.samples_per_second, step.data_ms, step.compute_ms) == (1.5, 800.0, 0.5, 20.0)
    assert step.wait_ms == 0.5, "6 ms before the job, shared by its 12 steps"
    assert step.memory_bytes > 10_000_000


def test_a_loss_that_is_not_known_is_absent(publisher: Publisher, watcher: Watcher) -> None:
    on_progress = watched(publisher, lambda: ("mine", "checkpoint-1", "checkpoint", 0.0))
    assert on_progress is not None
    on_progress(StepProgress(1, 0, None, 0, 0.0, 0.0, 0.0))
    assert not watcher.hear()[1].step.HasField("loss")


def test_frames_of_another_run_do_not(publisher: Publisher, watcher: Watcher) -> None:
    publisher.send(pb.Frame(run="yours", log=pb.LogFrame(message="no")))
    publisher.send(pb.Frame(run="mine", log=pb.LogFrame(message="yes")))
    assert watcher.hear()[1].log.message == "yes"


def test_log_lines_are_told_while_a_run_is_served(publisher: Publisher, watcher: Watcher) -> None:
    run = ""
    handler = LogFrames(publisher, lambda: run)
    logger = logging.getLogger("danas.worker")
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        logger.info("nobody is served: nobody is told")
        run = "mine"
        logger.debug("too fine")
        logger.info("data opened in %.1f s", 1.25)
        logger.warning("careful: %s", "x")
        logger.error("bad")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    heard = [watcher.hear()[1].log for _ in range(3)]
    assert [(pb.LogFrame.Level.Name(log.level), log.message) for log in heard] == [
        ("info", "data opened in 1.2 s"),
        ("warn", "careful: x"),
        ("warn", "bad"),
    ]


def test_nobody_watching_costs_nothing(publisher: Publisher) -> None:
    started = perf_counter()
    for _ in range(10_000):
        publisher.send(pb.Frame(run="mine"))
    assert perf_counter() - started < 2, "not even a tenth of a millisecond each"


def test_a_watcher_that_does_not_read_holds_nobody_up(publisher: Publisher) -> None:
    lazy = Watcher(publisher.endpoint, "mine")
    lazy.socket.setsockopt(zmq.RCVHWM, 1)
    lazy.joined(publisher, "mine")
    frame = pb.Frame(run="mine", log=pb.LogFrame(message="x" * 10_000))
    started = perf_counter()
    for _ in range(50 * HIGH_WATER_MARK):
        publisher.send(frame)
    assert perf_counter() - started < 5
    lazy.close()


def test_frames_may_come_from_any_thread(publisher: Publisher, watcher: Watcher) -> None:
    def send(number: int) -> None:
        for i in range(20):
            publisher.send(pb.Frame(run="mine", log=pb.LogFrame(message=f"{number}-{i}")))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    heard = {watcher.hear()[1].log.message for _ in range(80)}
    assert heard == {f"{number}-{i}" for number in range(4) for i in range(20)}


def test_what_goes_wrong_stops_no_job() -> None:
    closed = Publisher("tcp://127.0.0.1:*")
    closed.close()
    closed.send(pb.Frame(run="mine"))
    on_progress = watched(closed, lambda: (1, None, {}, "x"))  # type: ignore[return-value, arg-type]
    assert on_progress is not None
    on_progress(PROGRESS)
    LogFrames(closed, lambda: "mine").emit(logging.makeLogRecord({"msg": "%d", "args": ("no number",)}))
    assert watched(None, lambda: ("", "", "", 0.0)) is None


def test_an_endpoint_that_cannot_be_is_told(publisher: Publisher) -> None:
    for endpoint in (publisher.endpoint, "nonsense", "tcp://300.1.1.1:1"):
        with pytest.raises(zmq.ZMQError):
            Publisher(endpoint)


def test_an_ipc_endpoints_file_is_gone_after_the_end(tmp_path: Path) -> None:
    made = Publisher(f"ipc://{tmp_path}/t")
    assert (tmp_path / "t").is_socket()
    made.close()
    made.close()
    assert not (tmp_path / "t").exists()


# ---- from other hosts -----------------------------------------------------------------------------------------------


@pytest.fixture
def guarded() -> Iterator[Publisher]:
    made = Publisher("tcp://127.0.0.1:*", curve=True)
    yield made
    made.close()


@pytest.fixture
def watch(guarded: Publisher) -> Iterator[Callable[..., Watcher]]:
    """watchers that are gone before their publisher"""
    made: list[Watcher] = []

    def begin(server: str | None = None, pair: tuple[bytes, bytes] | None = None) -> Watcher:
        made.append(Watcher(guarded.endpoint, "mine", server, pair))
        return made[-1]

    yield begin
    for watcher in made:
        watcher.close()


def test_an_encrypted_endpoint_is_watched_by_admitted_keys_alone(
    guarded: Publisher, watch: Callable[..., Watcher]
) -> None:
    ours, theirs, wrong = (zmq.curve_keypair() for _ in range(3))
    guarded.admit(ours[0].decode())
    strangers = [
        watch(),  # in the clear
        watch(guarded.key, theirs),  # of a key that was in no hello
        watch(guarded.key, (ours[0], wrong[1])),  # our public key is not enough
        watch(wrong[0].decode(), ours),  # who takes another for the worker
    ]
    welcome = watch(guarded.key, ours)
    # the strangers have as long as it takes to let the welcome one in, and then twenty frames more
    welcome.joined(guarded, "mine")
    for number in range(20):
        guarded.send(pb.Frame(run="mine", log=pb.LogFrame(message=str(number))))
        assert welcome.hear()[1].log.message == str(number)
    for stranger in strangers:
        stranger.socket.setsockopt(zmq.RCVTIMEO, 50)
        with pytest.raises(zmq.Again):
            stranger.hear()


def test_a_key_is_let_in_as_soon_as_it_is_admitted(guarded: Publisher, watch: Callable[..., Watcher]) -> None:
    pair = zmq.curve_keypair()
    early = watch(guarded.key, pair)
    early.socket.setsockopt(zmq.RCVTIMEO, 100)
    for _ in range(3):
        guarded.send(pb.Frame(run="mine"))
        with pytest.raises(zmq.Again):
            early.hear()
    guarded.admit(pair[0].decode())
    watch(guarded.key, pair).joined(guarded, "mine")


def test_what_is_no_key_admits_nobody_and_the_oldest_of_many_keys_is_forgotten(guarded: Publisher) -> None:
    doorkeeper = guarded._doorkeeper
    assert doorkeeper is not None
    for nonsense in ("", "x", "ä" * KEY, "x" * 10_000):
        guarded.admit(nonsense)
        assert not doorkeeper.callback("", nonsense.encode())
    keys = [f"{number:040d}" for number in range(KEYS + 1)]
    for key in keys:
        guarded.admit(key)
    assert [doorkeeper.callback("", key.encode()) for key in keys] == [False] + [True] * KEYS


def test_an_endpoint_of_this_host_has_no_key(publisher: Publisher) -> None:
    assert publisher.key == ""
    publisher.admit("x" * KEY)


def test_an_encrypted_endpoint_ends_at_once(guarded: Publisher) -> None:
    started = perf_counter()
    guarded.close()
    guarded.close()
    assert perf_counter() - started < 2
    with pytest.raises(zmq.ZMQError):
        Publisher("nonsense", curve=True)
