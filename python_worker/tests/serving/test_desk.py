"""The rules of a session, without a wire."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import commands
import pytest
from google.protobuf.message import Message
from house import FakeExecutor, Gate

from danas_worker.protocol import messages as pb
from danas_worker.protocol.failure import JobFailed
from danas_worker.serving import desk as desk_module
from danas_worker.serving.desk import Desk


class Client:
    """one stream's other side"""

    def __init__(self, desk: Desk, run: str = "run", incarnation: int = 1, **hello: object) -> None:
        self.desk = desk
        self.heard: list[pb.FromWorker | None] = []
        self.outbox = lambda message: self.heard.append(message)
        self.answer = desk.open(commands.hello(run, incarnation, **hello).hello, self.outbox)

    @property
    def refused(self) -> str:
        """the refusal's code; empty = welcome"""
        return commands.refused(self.answer) if self.answer.HasField("refusal") else ""

    def send(self, *ids: str) -> None:
        for name in ids:
            self.desk.take(commands.command(name), self.outbox)

    @property
    def replies(self) -> list[str]:
        return [m.reply.id for m in self.heard if m is not None and m.WhichOneof("message") == "reply"]

    @property
    def said(self) -> list[str]:
        """everything heard: the reply's id, pong, refusal code, end"""
        told = {"reply": lambda m: m.reply.id, "pong": lambda m: "pong", "refusal": commands.refused}
        return ["end" if m is None else told[m.WhichOneof("message") or ""](m) for m in self.heard]


class Office:
    """a desk with fakes for executors"""

    def __init__(self, run_folder: Path | None = None, **given: object) -> None:
        self.made: list[FakeExecutor] = []
        self.before: Callable[[Message], None] = lambda job: None
        self.desk = Desk(self._make, run_folder, **given)  # type: ignore[arg-type]

    def _make(self, folder: Path) -> FakeExecutor:
        executor = FakeExecutor(folder)
        executor.before = lambda job: self.before(job)
        self.made.append(executor)
        return executor

    def client(self, run: str = "run", incarnation: int = 1, **hello: object) -> Client:
        return Client(self.desk, run, incarnation, **hello)

    @property
    def executed(self) -> int:
        return sum(len(executor.executed) for executor in self.made)

    def work(self) -> None:
        while self.desk.work_once():
            pass

    @contextmanager
    def busy(self) -> Iterator[Gate]:
        """within, one command is being carried out on another thread; afterwards everything queued was"""
        gate = Gate()
        self.before = gate
        thread = threading.Thread(target=self.work)
        thread.start()
        assert gate.entered.wait(10)
        self.before = lambda job: None
        try:
            yield gate
        finally:
            gate.leave.set()
            thread.join(10)
            assert not thread.is_alive()


@pytest.fixture
def office() -> Office:
    return Office()


# ---- commands -------------------------------------------------------------------------------------------------------


def test_commands_are_carried_out_in_order_and_answered_once(office: Office) -> None:
    client = office.client()
    ids = [f"job-{i}" for i in range(20)]
    client.send(*ids)
    assert client.replies == []
    office.work()
    assert client.replies == ids
    assert office.executed == 20


def test_a_command_that_comes_again_is_answered_from_memory(office: Office) -> None:
    client = office.client()
    client.send("job-1", "job-2")
    office.work()
    client.send("job-1")
    assert client.replies == ["job-1", "job-2", "job-1"], "at once, without waiting for the worker"
    first, again = client.heard[0], client.heard[2]
    assert first == again
    assert office.executed == 2


def test_a_command_that_comes_again_while_it_waits_is_run_once(office: Office) -> None:
    client = office.client()
    client.send("job-1", "job-2", "job-1")
    office.work()
    assert client.replies == ["job-1", "job-2"]
    assert office.executed == 2


def test_a_command_that_comes_again_while_it_is_carried_out_is_run_once(office: Office) -> None:
    client = office.client()
    client.send("job-1")
    with office.busy():
        again = office.client()
        assert again.refused == ""
        again.send("job-1", "job-2")
    assert office.executed == 2
    assert again.replies == ["job-1", "job-2"], "the answer goes to whoever is there now"
    assert client.said == ["end"]


def test_memory_is_bounded_in_number(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "REMEMBERED", 3)
    client = office.client()
    client.send(*(f"job-{i}" for i in range(5)))
    office.work()
    client.send("job-2")
    office.work()
    assert office.executed == 5, "the last three are remembered"
    client.send("job-1")
    office.work()
    assert office.executed == 6


def test_memory_is_bounded_in_bytes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "REMEMBERED_BYTES", 10_000)
    client = office.client()
    for i in range(20):
        client.desk.take(commands.command(f"job-{i}", commands.train_job(*[0.5] * 100)), client.outbox)
    office.work()
    kept = office.desk._answers
    size = sum(reply.ByteSize() for reply in kept.values())
    assert 8_000 < size <= 10_000
    assert office.desk._answers_bytes == size
    assert list(kept)[-1] == "job-19"


def test_too_many_waiting_commands_end_the_stream(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "WAITING", 3)
    client = office.client()
    client.send(*(f"job-{i}" for i in range(4)))
    assert client.said == ["protocol", "end"]
    office.work()
    assert client.replies == ["job-0", "job-1", "job-2"]


def test_a_ping_is_answered_at_once_even_while_the_worker_is_busy(office: Office) -> None:
    client = office.client()
    client.send("job-7", "job-8")
    ping = pb.ToWorker(ping=pb.Ping(sequence=5))
    with office.busy():
        office.desk.take(ping, client.outbox)
        pong = client.heard[-1]
        assert pong is not None
        assert (pong.pong.sequence, pong.pong.busy_with) == (5, "job-7")
    office.desk.take(ping, client.outbox)
    idle = client.heard[-1]
    assert idle is not None
    assert idle.pong.busy_with == ""


@pytest.mark.parametrize("message", [pb.ToWorker(), commands.hello(), commands.command("")])
def test_what_has_no_place_in_a_session_ends_it(office: Office, message: pb.ToWorker) -> None:
    client = office.client()
    office.desk.take(message, client.outbox)
    assert client.said == ["protocol", "end"]
    office.work()
    assert office.executed == 0


# ---- failures -------------------------------------------------------------------------------------------------------


def failing(error: BaseException) -> Callable[[Message], None]:
    def fail(job: Message) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (JobFailed(pb.FailureCode.data, "no such folder", "make it"), "data", "no such folder"),
        (RuntimeError("odd"), "internal", "RuntimeError: odd"),
        (RecursionError(), "internal", "RecursionError"),
        (MemoryError(), "internal", "MemoryError"),
        (AssertionError("a bug of ours"), "internal", "a bug of ours"),
        (UnicodeEncodeError("utf-8", "\udc80", 0, 1, "surrogates"), "internal", "Unicode"),
    ],
)
def test_a_job_that_fails_is_a_failure_and_the_session_goes_on(
    office: Office, error: Exception, code: str, message: str
) -> None:
    client = office.client()
    office.before = failing(error)
    client.send("job-1")
    office.work()
    office.before = lambda job: None
    client.send("job-2")
    office.work()
    first, second = (m.reply for m in client.heard if m is not None)
    assert (commands.failed(first), second.WhichOneof("answer")) == (code, "train")
    assert message in first.failure.message
    assert first.failure.hint


def test_an_invalid_job_does_not_reach_the_executor(office: Office) -> None:
    client = office.client()
    office.desk.take(pb.ToWorker(command=pb.Command(id="job-1")), client.outbox)
    office.work()
    assert client.heard[0] is not None
    assert commands.failed(client.heard[0].reply) == "invalid_job"
    assert office.executed == 0


def answering(office: Office, answer: Message) -> pb.Reply:
    client = office.client()
    client.send("job-1")
    office.work()
    office.made[0].execute = lambda job: (answer, pb.Timing(total_ms=1))  # type: ignore[method-assign]
    client.send("job-2")
    office.work()
    assert client.heard[1] is not None
    return client.heard[1].reply


def test_an_answer_that_cannot_be_put_on_the_wire_is_a_failure(office: Office) -> None:
    # a number that no field holds, and an answer to another job
    with pytest.raises(ValueError):
        pb.Restricted(bytes_freed=-1)
    assert commands.failed(answering(office, pb.Restricted())) == "internal"


def test_an_answer_too_long_for_the_wire_is_a_failure(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "MAX_MESSAGE", 5_000)
    failure = answering(office, pb.Trained(losses=(0.5,) * 1000, accuracies=(0.5,) * 1000, samples=1)).failure
    assert failure.code == pb.FailureCode.unsupported
    assert "too long" in failure.message


def test_a_stop_is_not_swallowed_as_a_failed_job(office: Office) -> None:
    class Stop(BaseException):
        pass

    client = office.client()
    office.before = failing(Stop())
    client.send("job-1")
    with pytest.raises(Stop):
        office.desk.work_once()


def test_the_wait_is_the_time_without_work_before_a_command(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(100.0, 0.25)  # a quarter of a second passes between any two looks at it
    monkeypatch.setattr(desk_module, "perf_counter", lambda: next(clock))
    client = office.client()
    client.send("job-1", "job-2")
    office.work()
    # idle since the hello, then since the end of job-1: one look each
    waits = [m.reply.timing.wait_ms for m in client.heard if m is not None]
    assert waits == [250.0, 250.0]
    assert client.heard[0] is not None
    assert client.heard[0].reply.timing.total_ms == 3.0, "the rest is the executor's to tell"


# ---- who owns the worker --------------------------------------------------------------------------------------------


def test_a_welcome_says_who_answers(office: Office) -> None:
    welcome = office.client().answer.welcome
    assert welcome.protocol == 2
    assert not welcome.mock
    assert welcome.pid > 0 and welcome.host
    assert {"python", "torch", "torchvision", "numpy"} <= set(welcome.versions)
    assert welcome.devices[0].startswith("cpu ")


@pytest.mark.parametrize("hello", [{"protocol": 1}, {"protocol": 0}, {"run": ""}, {"run_folder": "relative/folder"}])
def test_a_hello_that_cannot_be_served_is_refused(office: Office, hello: dict[str, object]) -> None:
    assert office.client(**hello).refused == "protocol"  # type: ignore[arg-type]
    assert office.client().refused == "", "and leaves the place free"


def test_a_lower_incarnation_is_refused(office: Office) -> None:
    owner = office.client(incarnation=5)
    late = office.client(incarnation=4)
    assert late.refused == "fenced"
    late.send("job-1")
    office.work()
    assert office.executed == 0
    owner.send("job-1")
    office.work()
    assert owner.replies == ["job-1"]


def test_a_higher_incarnation_fences_the_old_owner_and_drops_its_queue(office: Office) -> None:
    old = office.client(incarnation=1)
    old.send("job-1", "job-2", "job-3")
    with office.busy():  # over job-1
        new = office.client(incarnation=2)
        assert new.refused == ""
        assert old.said == ["fenced", "end"]
        old.send("job-4")
        new.send("job-1")
    # job-1 of the old owner could not be called back; job-1 of the new one is another
    assert [len(executor.executed) for executor in office.made] == [1, 1]
    assert new.replies == ["job-1"]
    assert old.replies == []


def test_a_new_start_begins_with_nothing_of_the_one_before(office: Office) -> None:
    old = office.client(incarnation=1)
    old.send("job-1")
    office.work()
    new = office.client(incarnation=2, run_folder="/runs/elsewhere")
    new.send("job-1")
    office.work()
    assert [executor.closed for executor in office.made] == [True, False]
    assert [str(executor.folder) for executor in office.made] == ["/runs/run", "/runs/elsewhere"]
    assert office.executed == 2


def test_after_a_reconnect_the_answers_that_were_missed_are_there(office: Office) -> None:
    before = office.client()
    before.send("job-1", "job-2")
    office.desk.close(before.outbox)
    office.work()  # nobody listens
    assert before.replies == []
    after = office.client()
    after.send("job-1", "job-2", "job-3")
    office.work()
    assert after.replies == ["job-1", "job-2", "job-3"]
    assert office.executed == 3
    assert len(office.made) == 1, "with the same model"


def test_the_end_of_a_stream_that_was_replaced_changes_nothing(office: Office) -> None:
    before = office.client()
    after = office.client()
    office.desk.close(before.outbox, goodbye=True)
    after.send("job-1")
    office.work()
    assert after.replies == ["job-1"]
    assert office.client("other").refused == "busy"


def test_another_run_is_busy_told_while_the_owner_is_there(office: Office) -> None:
    office.client("one")
    other = office.client("other", incarnation=99)
    assert other.refused == "busy"
    assert "'one'" in other.answer.refusal.message


def test_after_a_goodbye_another_run_is_served_and_nothing_is_held(office: Office) -> None:
    one = office.client("one")
    one.send("job-1")
    office.work()
    one.send("job-2")
    office.desk.close(one.outbox, goodbye=True)
    office.work()
    assert office.executed == 1, "what was queued is wanted by nobody"
    assert office.made[0].closed, "model and data are given back"
    other = office.client("other")
    assert other.refused == ""
    other.send("job-1")
    office.work()
    assert other.replies == ["job-1"]


def test_a_goodbye_during_a_job_waits_for_it(office: Office) -> None:
    one = office.client("one")
    one.send("job-1", "job-2")
    with office.busy():
        office.desk.close(one.outbox, goodbye=True)
        assert not office.made[0].closed
    assert office.executed == 1
    assert office.made[0].closed


def test_a_run_that_was_cut_off_keeps_its_place_for_a_while() -> None:
    office = Office(lease_s=0.1)
    one = office.client("one")
    office.desk.close(one.outbox)
    refused = office.client("other")
    assert refused.refused == "busy"
    assert "may come back" in refused.answer.refusal.message
    assert office.client("one").refused == ""
    office.desk.close(one.outbox)  # an old stream's end
    assert office.client("other").refused == "busy"


def test_a_run_that_does_not_come_back_loses_its_place() -> None:
    office = Office(lease_s=0.05)
    one = office.client("one")
    office.desk.close(one.outbox)
    time.sleep(0.06)
    assert office.client("other").refused == ""
    assert office.client("one").refused == "busy"


# ---- where runs keep their files ------------------------------------------------------------------------------------


def test_a_worker_with_a_folder_of_its_own_keeps_runs_below_it(tmp_path: Path) -> None:
    office = Office(tmp_path / "runs")
    client = office.client("my run.1", run_folder="/etc")
    client.send("job-1")
    office.work()
    assert office.made[0].folder == tmp_path / "runs" / "my run.1"
    assert office.made[0].folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("run", ["..", ".", "a/b", "/etc", "../x", "a\\b", "nul\0", "x" * 300])
def test_a_runs_name_cannot_lead_out_of_that_folder(tmp_path: Path, run: str) -> None:
    office = Office(tmp_path / "runs")
    assert office.client(run).refused == "protocol"
    assert set(tmp_path.rglob("*")) <= {tmp_path / "runs"}
    assert office.client("fine").refused == ""


def test_a_link_cannot_lead_out_of_that_folder(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "runs" / "sly").symlink_to(tmp_path / "outside")
    assert Office(tmp_path / "runs").client("sly").refused == "protocol"


# ---- signals --------------------------------------------------------------------------------------------------------


def test_a_signal_that_does_not_wake_the_main_thread_is_heard_all_the_same(tmp_path: Path) -> None:
    """as when it comes in the instant before that thread falls asleep, or to another one"""

    class Told(Exception):
        pass

    def tell(*_: object) -> None:
        raise Told

    def send() -> None:
        time.sleep(0.2)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    desk = Office(tmp_path).desk
    give_up = threading.Timer(10, desk.stop)
    before = signal.signal(signal.SIGUSR1, tell)
    started = time.monotonic()
    try:
        give_up.start()
        threading.Thread(target=send).start()
        with pytest.raises(Told):
            desk.work()
        assert time.monotonic() - started < 5, "not only once something else woke it"
    finally:
        signal.signal(signal.SIGUSR1, before)
        give_up.cancel()
