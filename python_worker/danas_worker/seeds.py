"""Randomness by name: whatever is drawn is a function of what it is drawn for, never of what was drawn before."""

from __future__ import annotations

import hashlib


def draw_seed(*parts: object) -> int:
    """a 63-bit seed from named parts: the same on every machine, unrelated for different parts"""
    text = "\0".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
