"""danas_worker.embedded with the bare loop of the benches; see bench.py."""

from .bench import add_bare_loop

add_bare_loop()

from .embedded import handle  # noqa: E402

__all__ = ["handle"]
