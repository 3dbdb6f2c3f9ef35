"""Smaller students that go on learning meanwhile: pruning, clustering, quantization."""

from tf_lpdistill.compression.cluster import cluster
from tf_lpdistill.compression.fine_tuning import fine_tune
from tf_lpdistill.compression.low_rank import low_rank
from tf_lpdistill.compression.preflight import preflight
from tf_lpdistill.compression.prune import prune
from tf_lpdistill.compression.prune_channels import prune_channels
from tf_lpdistill.compression.quantize_aware import quantize_aware
from tf_lpdistill.compression.quantized import QuantizedStudent

__all__ = [
    "QuantizedStudent",
    "cluster",
    "fine_tune",
    "low_rank",
    "preflight",
    "prune",
    "prune_channels",
    "quantize_aware",
]
