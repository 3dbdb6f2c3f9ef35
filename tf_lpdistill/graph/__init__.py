"""Neighbours over the whole training set (Eq. 4), and batches that keep them together."""

from tf_lpdistill.graph.batches import NeighborBatches
from tf_lpdistill.graph.neighbor_graph import NeighborGraph

__all__ = ["NeighborBatches", "NeighborGraph"]
