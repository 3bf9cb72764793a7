"""
One class an image: cross-entropy over the active classes, top-1 accuracy. The classifier knows all classes; those not
in the data yet are masked out.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..network.blocks import Classifier
from ..network.space import features
from ..protocol import messages
from ..protocol.messages import Evaluation, Space
from ..protocol.plain import plain

# Shapes: N images, K classes.


class Classification:
    def __init__(self, spec: messages.Classification, classes: int) -> None:
        self.smoothing = spec.label_smoothing
        self.classes = classes

    def head(self, space: Space) -> Classifier:
        head = plain(space.head)
        return Classifier(features(space), head["hidden"], head["hiddenActivation"], head["dropout"], self.classes)

    def masked(self, logits_NK: Tensor, active_K: Tensor | None) -> Tensor:
        """logits of inactive classes at -inf: no probability, no gradient, never the answer"""
        return logits_NK if active_K is None else logits_NK.masked_fill(~active_K, float("-inf"))

    def training_loss(self, masked_NK: Tensor, y_N: Tensor, active_K: Tensor | None) -> Tensor:
        return cross_entropy(masked_NK, y_N, active_K, self.smoothing)

    def loss(self, masked_NK: Tensor, y_N: Tensor, active_K: Tensor | None) -> Tensor:
        return cross_entropy(masked_NK, y_N, active_K)

    @torch.no_grad()
    def accuracy(self, masked_NK: Tensor, y_N: Tensor) -> Tensor:
        return (masked_NK.argmax(1) == y_N).float().mean()

    def counts(self, device: torch.device) -> Tensor:
        """loss sum, then images of each class, then those classified right"""
        return torch.zeros(1 + 2 * self.classes, dtype=torch.float64, device=device)

    def count(self, counts: Tensor, masked_NK: Tensor, y_N: Tensor) -> None:
        # integers in float64: exact, and their sums do not depend on the order
        loss_sum, seen_K, right_K = counts.split([1, self.classes, self.classes])
        loss_sum += F.cross_entropy(masked_NK, y_N, reduction="sum")
        hit_N = masked_NK.argmax(1) == y_N
        seen_K.scatter_add_(0, y_N, torch.ones_like(hit_N, dtype=torch.float64))
        right_K.scatter_add_(0, y_N, hit_N.double())

    def evaluation(self, counts: list[float]) -> Evaluation:
        loss_sum, seen, right = counts[0], counts[1 : 1 + self.classes], counts[1 + self.classes :]
        samples = int(sum(seen))
        return Evaluation(
            loss=loss_sum / max(1, samples),
            accuracy=sum(right) / max(1, samples),
            per_class=[r / s if s > 0 else -1.0 for s, r in zip(seen, right, strict=True)],
            samples=samples,
        )


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
