"""Why a job could not be done: raised where it is found, a Failure on the wire."""

from __future__ import annotations

from .messages import Failure, FailureCode

MAX_TEXT = 2_000
"""characters of a failure's message"""


class JobFailed(Exception):
    """`step`: of non_finite in a train job, the first step, from 0, whose loss was not finite"""

    def __init__(self, code: FailureCode, message: str, hint: str = "", step: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.step = step

    def to_wire(self) -> Failure:
        return Failure(code=self.code, message=_shortened(self.message), hint=_shortened(self.hint), step=self.step)


def _shortened(text: str) -> str:
    # surrogates, from file names that are no text, cannot be sent
    text = text.encode(errors="replace").decode()
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"
