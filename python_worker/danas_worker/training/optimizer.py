"""SGD with momentum over whichever tensors a step names, and the loss scaling of float16.

torch.optim.SGD keeps its own list of parameters and looks at each of them at every step; here a step is handed the
tensors of the sampled path, so that what was not sampled is not even looked at: neither its weights, nor their decay,
nor their momentum move. The arithmetic is torch's own fused kernel, one call for all tensors, on CPU and CUDA alike.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..protocol.messages import OptimizerSpec
from . import torch_private
from .tensor_groups import Moved, Tensors


class LossScaler:
    """
    Dynamic loss scaling for float16, the rule and constants of torch.amp.GradScaler: start at 2^16, halve after a
    step with a non-finite gradient (which is skipped), double after 2000 good ones. Everything stays on the device.
    """

    GROWTH, BACKOFF, INTERVAL = 2.0, 0.5, 2000

    def __init__(self, device: torch.device) -> None:
        self.scale = torch.full((), 65_536.0, device=device)
        self.good_steps = torch.zeros((), dtype=torch.int32, device=device)

    def unscale(self, gradients: list[Tensor]) -> Tensor:
        """divides the gradients by the scale, in place; returns 1.0 where one is not finite, else 0.0"""
        found = torch.zeros((), device=self.scale.device)
        if gradients:
            torch_private.unscale(gradients, found, self.scale.reciprocal())
        return found

    def update(self, found: Tensor) -> None:
        torch_private.update_scale(self.scale, self.good_steps, found, self.GROWTH, self.BACKOFF, self.INTERVAL)


class Sgd:
    """v = momentum v + (g + decay w);  w = w - lr (nesterov: g + decay w + momentum v; else v). As torch.optim.SGD."""

    def __init__(self, spec: OptimizerSpec, scaler: LossScaler | None = None) -> None:
        self.spec = spec
        self.scaler = scaler

    @torch.no_grad()
    def step(self, moved: Moved, learning_rate: float) -> None:
        """Moves the tensors by their gradients, which must be there, and drops the gradients."""
        spec = self.spec
        both = [moved.decayed, moved.plain]
        gradients = [[p.grad for p in tensors.parameters] for tensors in both]
        flat: list[Tensor] = [*gradients[0], *gradients[1]]  # type: ignore[list-item]
        found = self.scaler.unscale(flat) if self.scaler else None
        if spec.HasField("clip_value") and flat:
            # before the decay is added, as in clip_grad_value_ followed by an optimizer's step
            torch_private.clamp_min(flat, -spec.clip_value)
            torch_private.clamp_max(flat, spec.clip_value)
        for tensors, grads, decay in zip(both, gradients, (spec.weight_decay, 0.0), strict=True):
            if tensors.parameters:
                self._fused(tensors, grads, decay, learning_rate, found)  # type: ignore[arg-type]
        if self.scaler and found is not None:
            self.scaler.update(found)
        for tensors in both:
            for parameter in tensors.parameters:
                parameter.grad = None

    def _fused(self, tensors: Tensors, grads: list[Tensor], decay: float, rate: float, found: Tensor | None) -> None:
        spec = self.spec
        torch_private.fused_sgd(
            list[Tensor](tensors.parameters),
            grads,
            tensors.momentum if spec.momentum > 0.0 else [],
            weight_decay=decay,
            momentum=spec.momentum,
            lr=rate,
            dampening=0.0,
            nesterov=spec.nesterov and spec.momentum > 0.0,
            maximize=False,
            # momentum starts as zeros, so the first step needs no case of its own
            is_first_step=False,
            found_inf=found,
        )
