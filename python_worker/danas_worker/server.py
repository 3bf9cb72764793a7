"""The gRPC side: one bidirectional stream a session. Its threads only carry messages to and from the desk."""

from __future__ import annotations

import hmac
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from .desk import Desk, Outbox
from .generated.danas.v1 import worker_pb2, worker_pb2_grpc

MAX_MESSAGE = 64 << 20
MAX_STREAMS = 16


@dataclass(frozen=True)
class Tls:
    """PEM files; with a client CA the other side must show a certificate too"""

    certificate: Path
    key: Path
    client_ca: Path | None


class Servicer(worker_pb2_grpc.WorkerServicer):
    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def Session(
        self, request_iterator: Iterator[worker_pb2.ToWorker], context: grpc.ServicerContext
    ) -> Iterator[worker_pb2.FromWorker]:
        first = next(request_iterator, None)
        if first is None:
            return
        out: queue.SimpleQueue[worker_pb2.FromWorker | None] = queue.SimpleQueue()
        # one object for this stream, by which the desk knows it again
        outbox: Outbox = lambda message: out.put(message)  # noqa: E731
        answer = self.desk.open(first.hello, outbox)
        yield answer
        if answer.WhichOneof("message") != "welcome":
            return
        context.add_callback(lambda: out.put(None))
        reader = threading.Thread(target=self._read, args=(request_iterator, outbox, out), daemon=True)
        reader.start()
        try:
            while (message := out.get()) is not None:
                yield message
        finally:
            self.desk.close(outbox)

    def _read(self, requests: Iterator[worker_pb2.ToWorker], outbox: Outbox, out: queue.SimpleQueue[Any]) -> None:
        try:
            for message in requests:
                self.desk.take(message, outbox)
        except grpc.RpcError:
            pass  # the other side is gone
        finally:
            out.put(None)


def _token_check(token: str) -> grpc.ServerInterceptor:
    expected = f"Bearer {token}".encode()

    class TokenCheck(grpc.ServerInterceptor):  # type: ignore[misc]
        def intercept_service(self, continuation: Callable[[Any], Any], details: Any) -> Any:
            shown = next((value for key, value in details.invocation_metadata if key == "authorization"), "")
            shown = shown.encode() if isinstance(shown, str) else shown
            if hmac.compare_digest(shown, expected):
                return continuation(details)
            return grpc.stream_stream_rpc_method_handler(
                lambda _, context: context.abort(grpc.StatusCode.UNAUTHENTICATED, "the token is missing or wrong")
            )

    return TokenCheck()


def serve(desk: Desk, listen: str, token: str | None, tls: Tls | None) -> tuple[grpc.Server, str]:
    """@returns the running server and the address it is bound to. Raises OSError where it cannot be bound."""
    server = grpc.server(
        ThreadPoolExecutor(MAX_STREAMS, thread_name_prefix="grpc"),
        interceptors=[_token_check(token)] if token else [],
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE),
            ("grpc.max_send_message_length", MAX_MESSAGE),
            ("grpc.max_concurrent_streams", MAX_STREAMS),
            ("grpc.so_reuseport", 0),
        ],
        maximum_concurrent_rpcs=MAX_STREAMS,
    )
    worker_pb2_grpc.add_WorkerServicer_to_server(Servicer(desk), server)
    try:
        if tls:
            port = server.add_secure_port(listen, _credentials(tls))
        else:
            port = server.add_insecure_port(listen)
    except RuntimeError as error:
        raise OSError(f"cannot listen on {listen}: {error}") from None
    server.start()
    address = listen if listen.startswith("unix:") else f"{listen.rsplit(':', 1)[0]}:{port}"
    return server, address


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    pair = (tls.key.read_bytes(), tls.certificate.read_bytes())
    ca = tls.client_ca.read_bytes() if tls.client_ca else None
    return grpc.ssl_server_credentials([pair], root_certificates=ca, require_client_auth=ca is not None)
