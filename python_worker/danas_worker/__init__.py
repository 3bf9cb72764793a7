"""The PyTorch worker of danas: told jobs, tells signals. No search logic lives here."""

__version__ = "0.1.0"
