"""
The private operations of torch that this worker stands on: the kernels behind torch.optim.SGD(fused=True), GradScaler
and clip_grad_value_, for lists of tensors that change from step to step. torch is pinned (requirements.in).
"""

from __future__ import annotations

import torch

NAMES = (
    "_amp_foreach_non_finite_check_and_unscale_",
    "_amp_update_scale_",
    "_foreach_clamp_max_",
    "_foreach_clamp_min_",
    "_foreach_copy_",
    "_foreach_norm",
    "_fused_sgd_",
)

if missing := [name for name in NAMES if not hasattr(torch, name)]:
    raise ImportError(
        f"torch {torch.__version__} has no {', '.join(missing)}: install the version that danas_worker requires"
    )

unscale = torch._amp_foreach_non_finite_check_and_unscale_
update_scale = torch._amp_update_scale_
clamp_max = torch._foreach_clamp_max_
clamp_min = torch._foreach_clamp_min_
copy = torch._foreach_copy_
norm = torch._foreach_norm
fused_sgd = torch._fused_sgd_
