"""Smaller students that go on learning meanwhile: pruning, clustering, quantization."""

from tf_lpdistill.compression.fine_tuning import fine_tune
from tf_lpdistill.compression.low_rank import low_rank
from tf_lpdistill.compression.prune_channels import prune_channels

__all__ = ["fine_tune", "low_rank", "prune_channels"]
