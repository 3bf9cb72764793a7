"""What a worker refuses to be started with."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from danas_worker.options import Options, UsageError, is_loopback, parse

TOKEN = "a-token-of-some-length"


def refused(*arguments: str, match: str) -> UsageError:
    with pytest.raises(UsageError, match=match) as error:
        parse(list(arguments))
    assert error.value.hint
    return error.value


@pytest.fixture
def tls(tmp_path: Path) -> list[str]:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("PEM")
    return ["--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem")]


def test_by_default_it_listens_to_this_host_alone() -> None:
    options = parse([])
    assert (options.listen, options.telemetry) == ("127.0.0.1:0", "tcp://127.0.0.1:*")
    assert options == Options(
        listen="127.0.0.1:0",
        telemetry="tcp://127.0.0.1:*",
        run_folder=None,
        allow_modules=(),
        parent_stdin=False,
        tls_cert=None,
        tls_key=None,
        tls_client_ca=None,
        token=None,
    )
    assert not options.telemetry_off_host
    assert options.open_to_all


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.168.1.5", "gpu-7.example.org", "8.8.8.8", "[fe80::1]"])
def test_an_address_that_others_reach_needs_tls_and_a_token(
    host: str, tls: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DANAS_TOKEN", TOKEN)
    token, folder, listen = (
        ["--token-env", "DANAS_TOKEN"],
        ["--run-folder", str(tmp_path)],
        ["--listen", f"{host}:7777"],
    )
    for given in ([], tls, token, [*folder, *tls], [*folder, *token]):
        refused(*listen, *given, match="can be reached from other hosts")
    refused(*listen, *tls, *token, match="a folder of its own")
    refused(*listen, "--insecure", match="a folder of its own")
    guarded = parse([*listen, *tls, *token, *folder])
    assert guarded.token == TOKEN and not guarded.insecure
    assert TOKEN not in repr(guarded), "options may end up in a log"
    assert parse([*listen, "--insecure", *folder]).token is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "[::1]", "localhost"])
def test_an_address_of_this_host_needs_nothing(host: str) -> None:
    assert parse(["--listen", f"{host}:0"]).listen == f"{host}:0"


@pytest.mark.parametrize("host", ["", "localhost.example.org", "1.127.0.0", "::", "0", "127.0.0.1.example.org"])
def test_what_only_looks_like_this_host_is_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("address", ["", "7777", ":7777", "localhost", "localhost:", "localhost:x", "localhost:70000"])
def test_what_is_no_address_is_told(address: str) -> None:
    refused("--listen", address, match="is no address")


@pytest.mark.parametrize("token", [None, "", "too-short", "with a\nnewline in it", "umlauts are not ä token"])
def test_a_token_comes_from_the_environment_and_is_long_enough(
    token: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DANAS_TOKEN", raising=False)
    if token is not None:
        monkeypatch.setenv("DANAS_TOKEN", token)
    error = refused("--token-env", "DANAS_TOKEN", match="DANAS_TOKEN holds no token")
    assert not token or token not in error.message + error.hint


def test_a_token_is_not_taken_as_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        parse(["--token", TOKEN])
    assert exit.value.code == 2
    refused("--token-env", TOKEN, match="the environment variable that --token-env names")
    capsys.readouterr()
    with pytest.raises(SystemExit):
        parse(["--help"])
    assert "--token-env" in capsys.readouterr().out


@pytest.mark.parametrize("endpoint", ["none", "ipc:///run/t", "ipc://*", "tcp://127.0.0.1:*", "tcp://[::1]:5"])
def test_telemetry_of_this_host_is_not_encrypted(endpoint: str) -> None:
    assert not parse(["--telemetry", endpoint]).telemetry_off_host


@pytest.mark.parametrize("endpoint", ["tcp://*:7778", "tcp://0.0.0.0:*", "tcp://eth0:7778", "tcp://[::]:7778"])
def test_telemetry_that_others_reach_is_known_as_such(endpoint: str) -> None:
    assert parse(["--telemetry", endpoint]).telemetry_off_host


@pytest.mark.parametrize(
    "endpoint", ["", "7778", "tcp://", "tcp://*", "tcp://a:70000", "udp://*:7778", "pgm://eth0;239.1.1.1:5", "ipc://@t"]
)
def test_what_is_no_private_place_for_telemetry_is_told(endpoint: str) -> None:
    refused("--telemetry", endpoint, match="is no endpoint for telemetry")


def test_certificate_and_key_belong_together(tls: list[str], tmp_path: Path) -> None:
    refused(*tls[:2], match="belong together")
    refused(*tls[2:], match="belong together")
    refused("--tls-client-ca", tls[1], match="needs --tls-cert")
    refused(*tls[:2], "--tls-key", str(tmp_path / "gone.pem"), match="gone.pem is not a file")


@pytest.mark.parametrize("short", ["--insec", "--i", "--tok=x", "--allow=os"])
def test_no_option_is_guessed_from_its_beginning(short: str) -> None:
    with pytest.raises(SystemExit) as exit:
        parse(["--listen", "0.0.0.0:7777", "--run-folder", "/r", short])
    assert exit.value.code == 2


def test_folders_of_data_are_for_a_worker_with_a_folder_of_its_own(tmp_path: Path) -> None:
    refused("--data-folder", "/data", match="needs --run-folder")
    folders = ["--run-folder", str(tmp_path), "--data-folder", "/a", "--data-folder", "/b"]
    assert parse(folders).data_folders == (Path("/a"), Path("/b"))


def test_a_unix_socket_is_for_its_owner_and_needs_no_token(tmp_path: Path) -> None:
    options = parse(["--listen", f"unix:{tmp_path}/s"])
    assert options.socket == tmp_path / "s"
    assert not options.open_to_all


def test_a_socket_that_a_worker_listens_on_is_not_taken_from_it(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        refused("--listen", f"unix:{path}", match="another worker listens on")
    assert parse(["--listen", f"unix:{path}"]).socket == path, "one left behind by a dead worker may be taken"


def test_a_socket_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    refused("--listen", f"unix:{tmp_path}/file", match="is no socket")
    refused("--listen", f"unix:{tmp_path}/gone/s", match="gone is not a folder")
    refused("--listen", f"unix:{tmp_path}/{'x' * 100}", match="at most 100 bytes")


def test_a_mistake_is_three_lines_and_exit_code_2_before_torch_is_imported() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "danas_worker", "--listen", "0.0.0.0:7777"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, cwd=Path(__file__).parents[1])
    assert done.returncode == 2
    assert done.stdout == ""
    said = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    assert said == [
        "danas worker: cannot start",
        "  0.0.0.0 can be reached from other hosts: that needs TLS and a token",
        "  hint: give --tls-cert, --tls-key and --token-env; or listen on 127.0.0.1; or say --insecure",
    ]
    assert "danas_worker.options" in done.stderr and "torch" not in done.stderr
