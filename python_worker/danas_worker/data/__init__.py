"""Where the images come from, and in which order they are seen."""

from .allowed import keep_below
from .dataset import Data, open_data
from .stream import Stream

__all__ = ["Data", "Stream", "keep_below", "open_data"]
