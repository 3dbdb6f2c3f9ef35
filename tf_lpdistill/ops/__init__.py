"""Pure tensor functions in `keras.ops`: no state, no classes, no knowledge of any loss."""

from tf_lpdistill.ops.affinities import heat_affinities
from tf_lpdistill.ops.distances import center, squared_distances
from tf_lpdistill.ops.laplacian import laplacian_energy
from tf_lpdistill.ops.maps import as_maps, flatten, l2_normalize
from tf_lpdistill.ops.neighbors import nearest_neighbors
from tf_lpdistill.ops.replicas import gather, num_replicas, scale

__all__ = [
    "as_maps",
    "center",
    "flatten",
    "gather",
    "heat_affinities",
    "l2_normalize",
    "laplacian_energy",
    "nearest_neighbors",
    "num_replicas",
    "scale",
    "squared_distances",
]
