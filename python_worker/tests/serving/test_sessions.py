"""Sessions over a real gRPC server, with a fake for the executor."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import commands
import fuzz
import grpc
import pytest
from house import METHOD, WAIT_S, FakeExecutor, Gate, House, Stream

from danas_worker.protocol import messages as pb
from danas_worker.serving import desk as desk_module
from danas_worker.serving.desk import Desk
from danas_worker.serving.server import MAX_STREAMS, Tls, serve


def until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(WAIT_S * 200):
        if condition():
            return
        pause.wait(0.005)
    raise AssertionError("it did not come to pass")


def test_commands_are_answered_in_order_with_their_signals(house: House) -> None:
    session = house.session()
    session.send(*(commands.command(f"job-{i}", commands.train_job(0.5 * i, 0.25)) for i in range(50)))
    for i in range(50):
        reply = session.hear_reply()
        assert reply.id == f"job-{i}"
        assert list(reply.train.losses) == [0.5 * i, 0.25]
        assert reply.timing.data_ms == 1.0
        assert reply.timing.wait_ms >= 0


def test_a_goodbye_ends_the_stream_in_order_and_frees_the_worker(house: House) -> None:
    one = house.session("one")
    one.send(commands.command("job-1"))
    one.hear_reply()
    one.goodbye()
    assert one.rest() == []
    assert one.call.code() == grpc.StatusCode.OK
    assert house.refused("one", 0) == "fenced", "but the run's earlier starts stay shut out"
    house.session("other")


def test_a_stream_that_ends_without_a_goodbye_was_cut_and_keeps_its_place(house: House) -> None:
    one = house.session("one")
    one.send(commands.command("job-1"))
    one.hear_reply()
    one.end()
    assert one.rest() == []
    assert house.refused("other") == "busy"
    again = house.session("one")
    again.send(commands.command("job-2"))
    assert again.hear_reply().id == "job-2"
    assert len(house.made) == 1, "with the same model"


def test_a_cut_stream_may_be_taken_up_again_and_what_was_missed_is_there(house: House) -> None:
    gate = Gate()
    house.before = gate
    first = house.session()
    first.send(commands.command("job-1"), commands.command("job-2"))
    assert gate.entered.wait(WAIT_S)
    first.call.cancel()
    until(lambda: house.desk._owner is not None and house.desk._owner.outbox is None)
    assert house.refused("other") == "busy"
    again = house.session()
    again.send(commands.command("job-1"), commands.command("job-2"), commands.command("job-3"))
    again.send(pb.ToWorker(ping=pb.Ping(sequence=1)))
    assert again.hear().pong.busy_with == "job-1"
    gate.leave.set()
    assert [again.hear_reply().id for _ in range(3)] == ["job-1", "job-2", "job-3"]
    assert house.executed == 3


def test_a_reconnect_replaces_a_stream_that_only_seems_alive(house: House) -> None:
    first = house.session()
    again = house.session()
    assert first.rest() == []
    again.send(commands.command("job-1"))
    assert again.hear_reply().id == "job-1"


def test_a_later_start_fences_the_earlier_off(house: House) -> None:
    gate = Gate()
    house.before = gate
    old = house.session(incarnation=1)
    old.send(commands.command("job-1"), commands.command("job-2"))
    assert gate.entered.wait(WAIT_S)
    new = house.session(incarnation=2)
    (told,) = old.rest()
    assert commands.refused(told) == "fenced"
    new.send(commands.command("job-1"))
    gate.leave.set()
    assert new.hear_reply().id == "job-1"
    assert house.executed == 2
    assert house.refused(incarnation=1) == "fenced"


@pytest.mark.parametrize(
    ("hello", "code"), [({"protocol": 1}, "protocol"), ({"run_folder": "here"}, "protocol"), ({"run": "other"}, "busy")]
)
def test_a_refusal_is_said_and_ends_the_stream(house: House, hello: dict[str, Any], code: str) -> None:
    owner = house.session()
    assert house.refused(**hello) == code
    owner.send(commands.command("job-1"))
    assert owner.hear_reply().id == "job-1"


def test_a_stream_that_does_not_begin_with_a_hello_is_refused(house: House) -> None:
    stream = house.stream()
    stream.send(commands.command("job-1"))
    (answer,) = stream.rest()
    assert commands.refused(answer) == "protocol"
    assert house.executed == 0


def test_a_stream_without_a_word_is_ended_and_does_not_hold_a_thread(open_house: Callable[..., House]) -> None:
    house = open_house(hello_s=0.1)
    silent = [house.stream() for _ in range(MAX_STREAMS)]
    for stream in silent:
        with pytest.raises(grpc.RpcError):
            stream.hear()
        assert stream.call.code() == grpc.StatusCode.CANCELLED
    house.session()


def test_pings_are_answered_while_a_job_runs(house: House) -> None:
    gate = Gate()
    house.before = gate
    session = house.session()
    session.send(commands.command("job-1"))
    assert gate.entered.wait(WAIT_S)
    session.send(pb.ToWorker(ping=pb.Ping(sequence=3)))
    pong = session.hear().pong
    assert (pong.sequence, pong.busy_with) == (3, "job-1")
    gate.leave.set()
    assert session.hear_reply().id == "job-1"


def raw(house: House, *parts: bytes) -> grpc.Call:
    """a stream of bytes that nobody has put together properly"""
    house.channels.append(grpc.insecure_channel(house.address, options=[("grpc.use_local_subchannel_pool", 1)]))
    call = house.channels[-1].stream_stream(METHOD, lambda part: part, pb.FromWorker.FromString)
    return call(iter(parts), timeout=WAIT_S)


def test_garbage_ends_its_stream_and_nothing_else(house: House) -> None:
    what = "streams of garbage"
    draw = fuzz.draw_for(what)
    for _ in range(fuzz.cases(30, what)):
        garbage = b"\xff" + bytes(draw.randrange(256) for _ in range(draw.randint(1, 300)))
        assert [commands.refused(m) for m in raw(house, garbage)] == ["protocol"]
        house.channels.pop().close()  # thousands of open ones would slow us down, not the worker
    hello = commands.hello().SerializeToString()
    told = [m.WhichOneof("message") for m in raw(house, hello, b"\xff\xff\xff", hello)]
    assert told == ["welcome", "refusal"]
    session = house.session()
    session.send(commands.command("job-1"))
    assert session.hear_reply().id == "job-1"


def test_a_message_above_the_limit_is_not_taken_in(house: House) -> None:
    stream = raw(house, commands.hello(run="x" * (desk_module.MAX_MESSAGE + 1)).SerializeToString())
    with pytest.raises(grpc.RpcError):
        next(stream)
    assert stream.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    house.session()


def test_disturbed_jobs_fail_one_by_one_and_a_sound_one_works_after_each(house: House) -> None:
    what = "disturbed jobs over gRPC, a sound one after each"
    draw = fuzz.draw_for(what)
    codes = []
    for i in range(fuzz.cases(200, what)):
        if i % 500 == 0:
            session = house.session()  # each stream has its deadline; the run goes on
        disturbed = commands.command(f"job-{i}", commands.train_job(0.5, 0.25))
        for _ in range(draw.randint(1, 3)):
            fuzz.disturb(disturbed.command.train, draw)
        session.send(disturbed, commands.command(f"sound-{i}"))
        reply = session.hear_reply()
        assert reply.id == f"job-{i}"
        codes.append(commands.failed(reply) if reply.HasField("failure") else "done")
        assert session.hear_reply().train.samples == 1
    assert set(codes) == {"done", "invalid_job"}, "sound, or a failure that says what was wrong"
    assert codes.count("invalid_job") > 40


def test_more_streams_than_places_are_turned_away_and_those_served_go_on(house: House) -> None:
    session = house.session()
    extra = [house.stream() for _ in range(2 * MAX_STREAMS)]
    codes = {stream.call.code() for stream in extra[-4:] if not stream.call.is_active()}
    assert codes <= {grpc.StatusCode.RESOURCE_EXHAUSTED}
    session.send(commands.command("job-1"))
    assert session.hear_reply().id == "job-1"


# ---- tokens and certificates ----------------------------------------------------------------------------------------

TOKEN = "0123456789abcdef-secret"


def test_only_streams_with_the_token_are_heard(open_house: Callable[..., House]) -> None:
    house = open_house(token=TOKEN)
    for shown in (None, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN, "Bearer ", f"bearer {TOKEN}"):
        stream = house.stream(metadata=None if shown is None else [("authorization", shown)])
        stream.send(commands.hello())
        with pytest.raises(grpc.RpcError):
            stream.hear()
        assert stream.call.code() == grpc.StatusCode.UNAUTHENTICATED
        assert TOKEN not in (stream.call.details() or "")
    stream = house.stream(metadata=[("authorization", f"Bearer {TOKEN}")])
    stream.send(commands.hello())
    assert stream.hear().WhichOneof("message") == "welcome"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca.pem; server.pem and client.pem signed by it, each with its .key; stranger.pem signed by itself"""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command")
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    for name in ("ca", "stranger"):
        openssl("req", "-x509", *key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost")
    for name in ("server", "client"):
        openssl("req", *key[:-2], "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-days", "2", "-extfile", "names", "-out", f"{name}.pem"),
        )
    return folder


def secure(house: House, folder: Path, name: str | None) -> Stream:
    read = lambda file: (folder / file).read_bytes()  # noqa: E731
    pair = (read(f"{name}.key"), read(f"{name}.pem")) if name else (None, None)
    house.channels.append(grpc.secure_channel(house.address, grpc.ssl_channel_credentials(read("ca.pem"), *pair)))
    stream = Stream(house.channels[-1])
    stream.send(commands.hello())
    return stream


def test_tls_with_certificates_on_both_sides(open_house: Callable[..., House], certificates: Path) -> None:
    tls = Tls(certificates / "server.pem", certificates / "server.key", certificates / "ca.pem")
    house = open_house(listen="127.0.0.1:0", tls=tls)
    assert house.address.startswith("127.0.0.1:") and not house.address.endswith(":0")
    assert secure(house, certificates, "client").hear().WhichOneof("message") == "welcome"
    for name in (None, "stranger"):
        with pytest.raises(grpc.RpcError):
            secure(house, certificates, name).hear()
    plain = house.stream()
    plain.send(commands.hello())
    with pytest.raises(grpc.RpcError):
        plain.hear()


def test_files_that_hold_no_certificate_are_told(tmp_path: Path, certificates: Path) -> None:
    (tmp_path / "bad.pem").write_text("not a certificate")
    at = lambda name: certificates / name  # noqa: E731
    for tls, why in (
        (Tls(tmp_path / "bad.pem", at("server.key"), None), "are no certificate and its key"),
        (Tls(at("server.pem"), at("client.key"), None), "are no certificate and its key: KEY_VALUES_MISMATCH"),
        (Tls(at("server.pem"), at("server.key"), tmp_path / "bad.pem"), "bad.pem holds no certificate"),
    ):
        with pytest.raises(OSError, match=why):
            serve(Desk(FakeExecutor), "127.0.0.1:0", tls=tls)


def test_an_address_that_is_taken_is_told(house: House, open_house: Callable[..., House]) -> None:
    first = open_house(listen="127.0.0.1:0")
    with pytest.raises(OSError, match="cannot listen on"):
        serve(Desk(FakeExecutor), first.address)
