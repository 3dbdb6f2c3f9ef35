"""Smaller students that go on learning meanwhile: pruning, clustering, quantization."""

from tf_lpdistill.compression.cluster import cluster
from tf_lpdistill.compression.preflight import preflight
from tf_lpdistill.compression.prune import prune
from tf_lpdistill.compression.quantize_aware import quantize_aware
from tf_lpdistill.compression.quantized import QuantizedStudent

__all__ = ["QuantizedStudent", "cluster", "preflight", "prune", "quantize_aware"]
