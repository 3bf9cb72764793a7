"""Made-up images for tests and demonstrations."""

from __future__ import annotations

import torch

from ..protocol.messages import DataSpec, Synthetic
from ..seeds import draw_seed
from .images import EAGER_BYTES, HeldImages
from .source import Pool, Source, data_error


def make_synthetic(source: Synthetic, spec: DataSpec) -> Source:
    """
    A template of normal noise a class, plus noise an image. The templates of later classes are fainter, so that later
    classes are harder: strength 1 for the first, nearly 0.4 for the last.
    """
    shape = (spec.input.channels, spec.input.height, spec.input.width)
    size = spec.classes * source.per_class * shape[0] * shape[1] * shape[2]
    if size > EAGER_BYTES:
        raise data_error(f"{size / 1e9:.0f} GB of synthetic images are too many", "set data.perClass lower")
    x_NCHW = torch.empty((spec.classes * source.per_class, *shape), dtype=torch.uint8)
    for label, of_class_NCHW in enumerate(x_NCHW.split(source.per_class)):
        generator = torch.Generator().manual_seed(draw_seed("synthetic", spec.split_seed, label))
        template_CHW = torch.randn(shape, generator=generator)
        strength = 1.0 - 0.6 * label / spec.classes
        noise_NCHW = torch.randn(of_class_NCHW.shape, generator=generator)
        of_class_NCHW.copy_((128 + 48 * (template_CHW * strength + source.noise * noise_NCHW)).clamp_(0, 255))
    y_N = torch.arange(spec.classes).repeat_interleave(source.per_class)
    digits = len(str(spec.classes - 1))
    classes = tuple(f"class-{label:0{digits}d}" for label in range(spec.classes))
    return Source(classes, {"train": Pool(HeldImages(x_NCHW, spec.on_device), y_N)})
