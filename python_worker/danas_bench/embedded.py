"""danas_worker.embedded with the bare loop of the benches; see bare_loop.py."""

from .bare_loop import add_bare_loop

add_bare_loop()

from danas_worker.embedded import handle  # noqa: E402

__all__ = ["handle"]
