"""Cross-entropy over the active classes. The classifier knows all classes; those not in the data yet are masked out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def masked(logits_NK: Tensor, active_K: Tensor | None) -> Tensor:
    """logits of inactive classes at -inf: no probability, no gradient, never the answer"""
    return logits_NK if active_K is None else logits_NK.masked_fill(~active_K, float("-inf"))


def cross_entropy(masked_NK: Tensor, y_N: Tensor, active_K: Tensor | None, smoothing: float = 0.0) -> Tensor:
    """
    Mean over images, nats, of masked logits. Smoothed targets are (1 - s) onehot + s / active: as torch's
    label_smoothing, but spread over the active classes only.
    """
    if active_K is None:
        return F.cross_entropy(masked_NK, y_N, label_smoothing=smoothing)
    log_p_NK = F.log_softmax(masked_NK, 1)
    loss = F.nll_loss(log_p_NK, y_N)
    if smoothing == 0.0:
        return loss
    # 0 x -inf would be NaN
    spread = -log_p_NK.masked_fill(~active_K, 0.0).sum(1).mean() / active_K.sum()
    return (1.0 - smoothing) * loss + smoothing * spread


@torch.no_grad()
def accuracy(masked_NK: Tensor, y_N: Tensor) -> Tensor:
    """top-1, a fraction"""
    return (masked_NK.argmax(1) == y_N).float().mean()
