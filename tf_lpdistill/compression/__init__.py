"""Smaller students that go on learning meanwhile: pruning, clustering, quantization."""

from tf_lpdistill.compression.cluster import cluster
from tf_lpdistill.compression.preflight import preflight
from tf_lpdistill.compression.prune import prune

__all__ = ["cluster", "preflight", "prune"]
