"""Smaller students that go on learning meanwhile: pruning, clustering, quantization."""

from tf_lpdistill.compression.cluster import cluster
from tf_lpdistill.compression.fine_tuning import fine_tune
from tf_lpdistill.compression.kernels import describe_kernels
from tf_lpdistill.compression.logits import as_logits
from tf_lpdistill.compression.low_rank import low_rank
from tf_lpdistill.compression.preflight import preflight
from tf_lpdistill.compression.prune import prune
from tf_lpdistill.compression.prune_channels import prune_channels
from tf_lpdistill.compression.quantize_aware import quantize_aware
from tf_lpdistill.compression.quantized import QuantizedStudent

__all__ = [
    "QuantizedStudent",
    "as_logits",
    "cluster",
    "describe_kernels",
    "fine_tune",
    "low_rank",
    "preflight",
    "prune",
    "prune_channels",
    "quantize_aware",
]
