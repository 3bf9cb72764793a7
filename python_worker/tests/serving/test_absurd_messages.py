"""Messages made to do harm: claims of gigabytes, absurd numbers, any order. Sound ones work after each."""

from __future__ import annotations

import math
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import commands
import fuzz
import grpc
import pytest
from house import METHOD, WAIT_S, House

from danas_worker.jobs.executor import Executor
from danas_worker.protocol import messages as pb
from danas_worker.protocol.checks import MAX_BLOCKS
from danas_worker.serving.desk import MAX_MESSAGE, carry_out

ROOM = 400 << 20
"""bytes that the process may grow by while it looks at an absurd message: a few copies of the largest one"""


class Peak:
    """the process's largest memory since this was made, where the system tells (Linux)"""

    def __init__(self) -> None:
        try:
            Path("/proc/self/clear_refs").write_text("5")
        except OSError:
            pytest.skip("this system does not tell a process's peak memory")
        self.before = self._read()

    def grown(self) -> int:
        return self._read() - self.before

    @staticmethod
    def _read() -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


def still_works(house: House, what: str) -> None:
    session = house.session()
    session.send(commands.command(f"after {what}"))
    assert session.hear_reply().train.samples == 1
    session.goodbye()
    assert session.rest() == []


# ---- claims ---------------------------------------------------------------------------------------------------------


def frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    """of HTTP/2 [RFC 9113, 4.1]"""
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


def literal(name: str, value: str) -> bytes:
    """a header neither indexed nor compressed [RFC 7541, 6.2.2]"""
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def claim(address: str, length: int, content: bytes) -> bool:
    """a message that says it has `length` bytes and brings `content`; whether its stream was ended"""
    headers = {
        **{":method": "POST", ":scheme": "http", ":path": METHOD, ":authority": "localhost"},
        **{"content-type": "application/grpc", "te": "trailers"},
    }
    data, header, settings, reset, end_headers, end_stream = 0, 1, 4, 3, 4, 1
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(WAIT_S)
        wire.connect(address.removeprefix("unix:"))
        wire.sendall(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            + frame(settings, 0, 0, b"")
            + frame(header, end_headers, 1, b"".join(literal(*pair) for pair in headers.items()))
            + frame(data, 0, 1, b"\0" + length.to_bytes(4, "big") + content)
        )
        answers = wire.makefile("rb")
        while head := answers.read(9):
            answers.read(int.from_bytes(head[:3], "big"))
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:9], "big")
            if stream == 1 and (kind == reset or (kind == header and flags & end_stream)):
                return True
    return False


@pytest.mark.parametrize("length", [MAX_MESSAGE + 1, 2**31 - 1, 2**31, 2**32 - 1])
def test_a_claim_of_gigabytes_ends_its_stream_and_takes_no_room(house: House, length: int) -> None:
    peak = Peak()
    assert claim(house.address, length, b"x" * 1000)
    assert peak.grown() < ROOM
    still_works(house, str(length))


def test_a_claim_of_gigabytes_inside_a_message_is_no_message(house: House) -> None:
    peak = Peak()
    # field 1 (hello), field 2 (command), and a command whose id claims it: each of a length of five bytes
    for content in (b"\x0a\xff\xff\xff\xff\x07x", b"\x12\xff\xff\xff\xff\x0fx", b"\x12\x07\x0a\xff\xff\xff\xff\x07x"):
        house.channels.append(grpc.insecure_channel(house.address, options=[("grpc.use_local_subchannel_pool", 1)]))
        call = house.channels[-1].stream_stream(METHOD, lambda part: part, pb.FromWorker.FromString)
        assert [commands.refused(m) for m in call(iter([content]), timeout=WAIT_S)] == ["protocol"]
    assert peak.grown() < ROOM
    still_works(house, "all")


BOMB = """
import sys, grpc
options = [("grpc.default_compression_algorithm", 2)]
call = grpc.insecure_channel(sys.argv[1], options=options).stream_stream(sys.argv[2], lambda part: part)
answer = call(iter([bytes(int(sys.argv[3]))]), timeout=30)
try:
    next(answer)
except grpc.RpcError:
    pass
print(answer.code().name)
"""


def test_a_message_that_is_small_only_while_compressed_is_not_unpacked(house: House) -> None:
    peak = Peak()
    # from a process of its own: what is measured here is what it costs the worker
    sent = [sys.executable, "-c", BOMB, house.address, METHOD, str(4 * MAX_MESSAGE)]
    done = subprocess.run(sent, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["RESOURCE_EXHAUSTED"]
    assert peak.grown() < 2 * MAX_MESSAGE, f"{peak.grown() >> 20} MiB"
    still_works(house, "all")


# ---- numbers --------------------------------------------------------------------------------------------------------

HUGE = 2**31


def prepare_with(change: Callable[[pb.Prepare], None]) -> pb.Command:
    command = commands.runnable_prepare()
    change(command.prepare)
    return command


def changed(path: str, value: object) -> pb.Command:
    return commands.put(commands.runnable_prepare(), path, value)


def with_slots(slots: int) -> pb.Command:
    def change(prepare: pb.Prepare) -> None:
        slot = prepare.space.slots[0]
        prepare.space.slots.extend([slot] * (slots - 1))
        del prepare.checks[:]

    return prepare_with(change)


def with_stem(channels: int) -> pb.Command:
    def change(prepare: pb.Prepare) -> None:
        stem = prepare.space.stem[0]
        wide, wider, narrow = type(stem)(), type(stem)(), type(stem)()
        for block in (wide, wider, narrow):
            block.CopyFrom(stem)
        wide.out_channels = wider.in_channels = wider.out_channels = narrow.in_channels = channels
        wider.conv.kernel = 31
        del prepare.space.stem[:]
        prepare.space.stem.extend([wide, wider, narrow])

    return prepare_with(change)


def training(rate: float) -> pb.Command:
    return commands.put(commands.jobs()[0], "steps.0.learning_rate", rate)


def long_path() -> pb.Command:
    command = commands.jobs()[0]
    command.train.steps[0].paths[0].architecture.extend([0] * 1_000_000)
    return command


SIDES = [HUGE - 1, HUGE, 2 * HUGE - 1]

ABSURD: dict[str, pb.Command] = {
    **{f"{n} channels of the input": changed("space.input.channels", n) for n in SIDES},
    **{f"{n} rows of the input": changed("data.input.height", n) for n in SIDES},
    **{f"{n} channels out of a block": changed("space.stem.0.out_channels", n) for n in SIDES},
    **{f"a kernel of {n}": changed("space.stem.0.conv.kernel", n) for n in SIDES},
    **{f"{n} hidden channels": changed("space.slots.0.candidates.0.block.mbconv.hidden", n) for n in SIDES},
    **{f"{n} classes": changed("space.classes", n) for n in SIDES},
    **{f"{n} classes of the data": changed("data.classes", n) for n in SIDES},
    **{f"a batch of {n}": changed("streams.0.batch_size", n) for n in SIDES},
    **{f"{n} images a class": changed("data.synthetic.per_class", n) for n in SIDES},
    **{f"{n} threads": changed("compute.threads", n) for n in SIDES},
    **{f"a learning rate of {rate}": training(rate) for rate in (math.nan, math.inf, -math.inf, -0.1, 1e300)},
    **{f"a momentum of {m}": changed("optimizer.momentum", m) for m in (math.nan, math.inf, -1.0)},
    **{f"a smoothing of {s}": changed("classification.label_smoothing", s) for s in (math.nan, math.inf, -1.0)},
    **{f"a noise of {n}": changed("data.synthetic.noise", n) for n in (math.nan, math.inf, -1.0)},
    "thousands of slots": with_slots(MAX_BLOCKS),
    "a million slots of no candidates": prepare_with(
        lambda prepare: prepare.space.slots.extend([type(prepare.space.slots[0])()] * 1_000_000)
    ),
    "weights of 16 TB": with_stem(65_536),
    "a path of a million choices": long_path(),
    "a stream called by ten million letters": pb.Command(gates=pb.Gates(stream="x" * 10_000_000)),
    "options nested a hundred thousand deep": prepare_with(
        lambda prepare: prepare.data.python.CopyFrom(pb.PythonFactory(factory="m:f", options_json="[" * 100_000))
    ),
    "a file called by ten million letters": pb.Command(checkpoint=pb.Checkpoint(path="x" * 10_000_000)),
}


def test_absurd_numbers_are_refused_at_once_and_take_no_room(tmp_path: Path) -> None:
    executor = Executor(tmp_path)

    def done(command: pb.Command) -> pb.Reply:
        return carry_out(executor, command, 0.0)

    sound = commands.jobs()[0]
    assert done(commands.runnable_prepare()).HasField("prepare")
    for what, command in ABSURD.items():
        peak = Peak()
        started = time.monotonic()
        reply = done(command)
        code, message = commands.failed(reply), reply.failure.message
        assert code in {"invalid_job", "out_of_memory", "data"}, f"{what}: {code} {message}"
        assert message and len(message) <= 2_000, what
        assert peak.grown() < ROOM, f"{what}: {peak.grown() >> 20} MiB"
        assert time.monotonic() - started < 20, what
        # what failed as the message it is leaves the model; a space too large for the machine does not
        if code != "invalid_job":
            assert done(commands.runnable_prepare()).HasField("prepare")
        assert done(sound).HasField("train"), what


# ---- order ----------------------------------------------------------------------------------------------------------


def disorder(draw: random.Random, number: int) -> list[pb.ToWorker]:
    """hellos, commands and pings in any order, ids missing, repeated or odd"""
    ping = pb.ToWorker(ping=pb.Ping(sequence=draw.randrange(2**32)))
    some = [
        *[commands.command(f"{number}-{draw.randrange(4)}", commands.train_job(0.5)) for _ in range(5)],
        *[commands.command(f"{number}-odd", {}), commands.command(f"{number}" + "😀" * draw.randrange(2000))],
        *[ping, ping],
        *[pb.ToWorker(), commands.command(""), commands.hello(), commands.hello(run="another")],
    ]
    weights = [4] * 9 + [1] * 4
    script = draw.choices(some, weights, k=draw.randrange(8))
    first = [commands.hello()] if draw.random() < 0.9 else [commands.hello(protocol=draw.randrange(2**32))]
    return [*first, *script] if draw.random() < 0.95 else script


def test_messages_in_any_order_are_answered_or_end_their_stream(house: House) -> None:
    what = "streams of messages in any order"
    draw = fuzz.draw_for(what)
    endings = {"answered": 0, "refused": 0, "nothing said": 0}
    for number in range(fuzz.cases(60, what)):
        script = disorder(draw, number)
        stream = house.stream()
        stream.send(*script)
        ids = {message.command.id for message in script if message.HasField("command")}
        if not script:
            stream.end()
            assert stream.rest() == []
            endings["nothing said"] += 1
            continue
        refused = False
        # a stream neither answered nor ended runs into its deadline, which raises
        while not refused and ids:
            message = next(stream.call)
            refused = message.HasField("refusal")
            ids.discard(message.reply.id if message.HasField("reply") else "?")
        if not refused:
            stream.goodbye()
            refused = any(message.HasField("refusal") for message in stream.call)
        endings["refused" if refused else "answered"] += 1
        house.channels.pop().close()
    assert min(endings["answered"], endings["refused"]) > 5, endings
    still_works(house, "all")
