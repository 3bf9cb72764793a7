"""The gRPC side: one bidirectional stream a session. Its threads only carry messages to and from the desk."""

from __future__ import annotations

import hmac
import queue
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from ..generated.danas.v1.worker_pb2 import DESCRIPTOR
from ..protocol.messages import FromWorker, Refusal, ToWorker
from .desk import MAX_MESSAGE, Desk, Outbox, refusal

SERVICE = DESCRIPTOR.services_by_name["Worker"].full_name

MAX_STREAMS = 16

HELLO_S = 10.0
"""a stream that has not said hello by then is ended: it holds one of a few threads"""


NO_MESSAGE = refusal(Refusal.protocol, "what came is no message to a worker")


@dataclass(frozen=True)
class Tls:
    """PEM files; with a client CA the other side must show a certificate too"""

    certificate: Path
    key: Path
    client_ca: Path | None


class Sessions:
    """
    Messages come as bytes and are parsed here: where gRPC itself cannot parse one, it sometimes never lets go of the
    stream (seen with grpcio 1.85).
    """

    def __init__(self, desk: Desk, hello_s: float = HELLO_S) -> None:
        self.desk = desk
        self.hello_s = hello_s

    def handler(self) -> grpc.GenericRpcHandler:
        method = grpc.stream_stream_rpc_method_handler(self.session, response_serializer=FromWorker.SerializeToString)
        return grpc.method_handlers_generic_handler(SERVICE, {"Session": method})

    def session(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[FromWorker]:
        patience = threading.Timer(self.hello_s, context.cancel)
        patience.daemon = True
        patience.start()
        try:
            content = next(requests, None)
        finally:
            patience.cancel()
        if content is None:
            return
        first = _parsed(content)
        if first is None:
            yield NO_MESSAGE
            return
        out: queue.SimpleQueue[FromWorker | None] = queue.SimpleQueue()
        # one object for this stream, by which the desk knows it again
        outbox: Outbox = lambda message: out.put(message)  # noqa: E731
        answer = self.desk.open(first.hello, outbox)
        try:
            yield answer
            if answer.WhichOneof("message") != "welcome":
                return
            if not context.add_callback(lambda: out.put(None)):
                return  # it is over already
            threading.Thread(target=self._read, args=(requests, outbox), daemon=True).start()
            while (message := out.get()) is not None:
                yield message
        finally:
            self.desk.close(outbox)

    def _read(self, requests: Iterator[bytes], outbox: Outbox) -> None:
        try:
            for content in requests:
                message = _parsed(content)
                if message is None:
                    outbox(NO_MESSAGE)
                    return
                self.desk.take(message, outbox)
        except grpc.RpcError:
            pass  # the other side is gone
        finally:
            outbox(None)


def _parsed(content: bytes) -> ToWorker | None:
    message = ToWorker()
    try:
        message.ParseFromString(content)
    except DecodeError:
        return None
    return message


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


def serve(
    desk: Desk, listen: str, token: str | None = None, tls: Tls | None = None, hello_s: float = HELLO_S
) -> tuple[grpc.Server, str]:
    """
    The running server and the address it is bound to; port 0 picks one. With a token, streams must show it as
    `authorization: Bearer …`. Raises OSError where the address cannot be bound or the certificates not be used.
    """
    server = grpc.server(
        ThreadPoolExecutor(MAX_STREAMS, thread_name_prefix="grpc"),
        interceptors=[_token_check(token)] if token else [],
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE),
            ("grpc.max_send_message_length", MAX_MESSAGE),
            ("grpc.max_concurrent_streams", MAX_STREAMS),
            ("grpc.so_reuseport", 0),
            # a host that vanished without a word is noticed, and its run's place becomes free
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.keepalive_timeout_ms", 20_000),
        ],
        maximum_concurrent_rpcs=MAX_STREAMS,
    )
    server.add_generic_rpc_handlers((Sessions(desk, hello_s).handler(),))
    try:
        port = server.add_secure_port(listen, _credentials(tls)) if tls else server.add_insecure_port(listen)
    except (RuntimeError, ValueError) as error:
        raise OSError(f"cannot listen on {listen}: {error}") from None
    server.start()
    return server, listen if listen.startswith("unix:") else f"{listen.rsplit(':', 1)[0]}:{port}"


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    _check(tls)
    pair = (tls.key.read_bytes(), tls.certificate.read_bytes())
    ca = tls.client_ca.read_bytes() if tls.client_ca else None
    return grpc.ssl_server_credentials([pair], root_certificates=ca, require_client_auth=ca is not None)


def _check(tls: Tls) -> None:
    """gRPC would listen with certificates that no handshake can use, and say nothing. Raises OSError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # an empty password: OpenSSL would ask the terminal for that of an encrypted key
        context.load_cert_chain(tls.certificate, tls.key, password="")
    except ssl.SSLError as error:
        raise OSError(
            f"{tls.certificate} and {tls.key} are no certificate and its key: {error.reason or error}"
        ) from None
    if tls.client_ca is not None:
        try:
            context.load_verify_locations(tls.client_ca)
        except ssl.SSLError as error:
            raise OSError(f"{tls.client_ca} holds no certificate: {error.reason or error}") from None
