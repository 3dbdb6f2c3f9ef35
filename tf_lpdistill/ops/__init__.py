"""Pure tensor functions in `keras.ops`: no state, no classes, no knowledge of any loss."""

from tf_lpdistill.ops.affinities import binary_affinities, cosine_affinities, heat_affinities
from tf_lpdistill.ops.distances import DISTANCE_FLOOR, center, squared_distances
from tf_lpdistill.ops.draws import draw_indices
from tf_lpdistill.ops.edges import edge_matrix, laplacian_matrix
from tf_lpdistill.ops.huber import huber
from tf_lpdistill.ops.laplacian import laplacian_energy
from tf_lpdistill.ops.maps import as_maps, flatten, l2_normalize
from tf_lpdistill.ops.moments import batch_normalize, channel_mean
from tf_lpdistill.ops.neighbors import nearest_neighbors, nearest_rows
from tf_lpdistill.ops.pearson import pearson_distance
from tf_lpdistill.ops.pooling import adaptive_mean, max_pool_larger
from tf_lpdistill.ops.reconstruction import reconstruction_errors, reconstruction_weights
from tf_lpdistill.ops.replicas import assign_rows, gather, num_replicas, scale
from tf_lpdistill.ops.resize import match_sizes, resize_bilinear, resize_nearest
from tf_lpdistill.ops.reversal import reverse_gradient
from tf_lpdistill.ops.roots import safe_sqrt
from tf_lpdistill.ops.rows import leave_out
from tf_lpdistill.ops.scaling import unit_scale
from tf_lpdistill.ops.similarities import cosine_similarities
from tf_lpdistill.ops.sizes import choose

__all__ = [
    "DISTANCE_FLOOR",
    "adaptive_mean",
    "as_maps",
    "assign_rows",
    "batch_normalize",
    "binary_affinities",
    "center",
    "channel_mean",
    "choose",
    "cosine_affinities",
    "cosine_similarities",
    "draw_indices",
    "edge_matrix",
    "flatten",
    "gather",
    "heat_affinities",
    "huber",
    "l2_normalize",
    "laplacian_energy",
    "laplacian_matrix",
    "leave_out",
    "match_sizes",
    "max_pool_larger",
    "nearest_neighbors",
    "nearest_rows",
    "num_replicas",
    "pearson_distance",
    "reconstruction_errors",
    "reconstruction_weights",
    "resize_bilinear",
    "resize_nearest",
    "reverse_gradient",
    "safe_sqrt",
    "scale",
    "squared_distances",
    "unit_scale",
]
