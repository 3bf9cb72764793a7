"""Where the images come from, and in which order they are seen."""

from .dataset import Data, open_data
from .stream import Stream

__all__ = ["Data", "Stream", "open_data"]
