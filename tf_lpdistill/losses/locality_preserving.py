"""LP: what is near for the teacher stays near for the student. The method of the paper."""

import numbers
from typing import Any

import keras
from keras import ops

from tf_lpdistill.losses.arguments import check_count
from tf_lpdistill.losses.base import Loss, batch_mean
from tf_lpdistill.ops import (
    binary_affinities,
    cosine_affinities,
    flatten,
    gather,
    heat_affinities,
    l2_normalize,
    laplacian_energy,
    num_replicas,
    reconstruction_errors,
    reconstruction_weights,
)
from tf_lpdistill.types import Structure, Tensor

_AFFINITIES = ("heat", "binary", "cosine", "lle")


def locality_preserving(
    teacher_features: Tensor,
    student_features: Tensor,
    num_neighbors: int = 5,
    bandwidth: float | str = "auto",
    normalize: bool = False,
    affinity: str = "heat",
    sample_weight: Tensor | None = None,
) -> Tensor:
    """`(1/m) sum_ij alpha_ij |f_S^i - f_S^j|^2` with the teacher's alpha (Eqs. 5 and 6).

    Args:
        teacher_features: (m, ...), any float dtype; alpha carries no gradient.
        student_features: (m, ...), any float dtype.
        num_neighbors: k; a smaller batch uses m - 1, a batch of one gives 0.
        bandwidth: sigma, or "auto" (see `ops.heat_affinities`).
        normalize: whether to scale the student's features to length 1 first.
        affinity: "heat"; or another choice of `LocalityPreserving`, where "lle" has the form
            `(1/m) sum_i |f_S^i - sum_j w_ij f_S^j|^2`.
        sample_weight: (m,) or None. A pair counts sqrt(w_i w_j), so that equal weights w scale
            the loss by w; samples of weight 0 are nobody's neighbours.

    Returns:
        Scalar float32.
    """
    valid = None
    if sample_weight is not None:
        sample_weight = ops.reshape(ops.cast(sample_weight, "float32"), (-1,))
        valid = sample_weight > 0.0
    student = flatten(ops.cast(student_features, "float32"))
    if valid is not None:
        student = ops.where(valid[:, None], student, 0.0)
    if normalize:
        student = l2_normalize(student)
    teacher = ops.stop_gradient(teacher_features)
    if affinity == "lle":
        indices, weights = reconstruction_weights(teacher, num_neighbors, valid)
        errors = reconstruction_errors(indices, ops.stop_gradient(weights), student)
        return batch_mean(errors, sample_weight)
    indices, alpha = _edges(teacher, num_neighbors, bandwidth, affinity, valid)
    if sample_weight is not None:
        pair_weight = sample_weight[:, None] * ops.take(sample_weight, indices, axis=0)
        alpha = alpha * ops.sqrt(ops.maximum(pair_weight, 0.0))
    batch = ops.cast(ops.shape(student)[0], "float32")
    return laplacian_energy(indices, ops.stop_gradient(alpha), student) / batch


def _edges(teacher, num_neighbors, bandwidth, affinity, valid):
    """Indices of the neighbours and their alpha."""
    if affinity == "heat":
        return heat_affinities(teacher, num_neighbors, bandwidth, valid)
    affinities = {"binary": binary_affinities, "cosine": cosine_affinities}[affinity]
    return affinities(teacher, num_neighbors, valid)


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class LocalityPreserving(Loss):
    """The locality preserving loss (LP): the student keeps the teacher's neighbourhoods.

    In each mini-batch of m samples the teacher's features give every sample its k nearest
    neighbours N(i) and the weights

        alpha_ij = exp(-|f_T^i - f_T^j|^2 / sigma^2) if j in N(i), else 0        (Eq. 5)

    and the loss pulls the student's features of these neighbours together:

        (1/m) sum_i sum_j alpha_ij |f_S^i - f_S^j|^2                              (Eq. 6)

    It adds no parameters and compares distances only, so teacher and student features may have any
    shapes; maps are flattened. alpha carries no gradient, and only the layers up to the student's
    feature receive one (Eq. 10). Two readings: the paper's value of sigma is not known to us, hence
    the adaptive default; and the prefactor is 1/m.

    `affinity` chooses what else a neighbourhood can hand over, with the same neighbours:

    * "heat": alpha as above, the kernel of Belkin and Niyogi 2003.
    * "binary": alpha_ij = 1, their simpler choice.
    * "cosine": alpha_ij = max(0, cos(f_T^i, f_T^j)), as in Cai et al. 2011.
    * "lle": no affinities but the weights w of locally linear embedding, Roweis and Saul 2000,
      that best reconstruct each teacher feature from its neighbours (k x k systems, solved in the
      batch; `ops.reconstruction_weights`), which are to reconstruct the student's as well:

        (1/m) sum_i |f_S^i - sum_j w_ij f_S^j|^2,    sum_j w_ij = 1

    Alone the loss is least when all features are equal, so it wants the labels or `SoftTarget`
    beside it; and it falls when the features shrink as a whole, which `normalize=True` rules out.
    It keeps near pairs near and says nothing about far ones.

    Args:
        teacher_layer_name: the teacher's hint layer; None for its output.
        student_layer_name: the student's guided layer; None for its output.
        num_neighbors: k, a positive int below the batch size.
        bandwidth: sigma, a positive float in the unit of the teacher's features; or "auto":
            sigma^2 is the mean squared distance to the k neighbours in the batch.
        normalize: whether to scale the student's features to length 1 first.
        scope: "global": neighbours are searched in the batch of all replicas, so that the update
            does not depend on their number; "replica": in each replica's part alone, which needs
            no communication and is another loss.
        affinity: "heat", "binary", "cosine" or "lle"; `bandwidth` belongs to "heat" alone.
        name: name of the term in the logs.

    Raises:
        ValueError: for arguments out of range, or a `bandwidth` without "heat"; before training,
            when `num_neighbors` is not below the batch size, features are not finite, or batch
            sizes differ.

    Reference: Chen, Wang, Xu, Xu, Tao, Learning Student Networks via Feature Embedding, IEEE TNNLS
    2021 (https://arxiv.org/abs/1812.06597), Eqs. 5 and 6. Belkin, Niyogi, Laplacian Eigenmaps,
    Neural Computation 2003 (https://doi.org/10.1162/089976603321780317). Cai, He, Han, Huang, Graph
    Regularized Nonnegative Matrix Factorization, TPAMI 2011
    (https://doi.org/10.1109/TPAMI.2010.231). Roweis, Saul, Locally Linear Embedding, Science 2000
    (https://doi.org/10.1126/science.290.5500.2323).

    Examples:
        >>> loss = LocalityPreserving("features", "embedding", num_neighbors=1)
        >>> teacher = keras.ops.array([[0.0], [1.0], [9.0], [10.0]])
        >>> student = keras.ops.array([[0.0], [2.0], [5.0], [5.0]])
        >>> round(float(loss.compute_loss(teacher, student)), 4)  # (4 + 4 + 0 + 0) / 4 * exp(-1)
        0.7358
    """

    def __init__(
        self,
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
        *,
        num_neighbors: int = 5,
        bandwidth: float | str = "auto",
        normalize: bool = False,
        scope: str = "global",
        affinity: str = "heat",
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        if bandwidth != "auto" and not (isinstance(bandwidth, numbers.Real) and bandwidth > 0):
            raise ValueError(
                "`bandwidth` (sigma) must be a positive number or 'auto'. "
                f"Received: bandwidth={bandwidth!r}"
            )
        if scope not in ("global", "replica"):
            raise ValueError(f"`scope` must be 'global' or 'replica'. Received: scope={scope!r}")
        if affinity not in _AFFINITIES:
            raise ValueError(
                f"`affinity` must be one of {_AFFINITIES}. Received: affinity={affinity!r}"
            )
        if affinity != "heat" and bandwidth != "auto":
            raise ValueError(
                "`bandwidth` belongs to affinity='heat'; leave it out with another affinity. "
                f"Received: bandwidth={bandwidth!r}, affinity={affinity!r}"
            )
        self.num_neighbors = check_count("num_neighbors", num_neighbors)
        self.bandwidth = bandwidth if bandwidth == "auto" else float(bandwidth)
        self.normalize = normalize
        self.scope = scope
        self.affinity = affinity

    def compute_loss(
        self,
        teacher_outputs: Tensor,
        student_outputs: Tensor,
        y: Structure = None,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """See `locality_preserving`."""
        self.check_shapes(teacher_outputs, student_outputs)
        features = (teacher_outputs, student_outputs, sample_weight)
        if self.scope == "global":
            features = [gather(tensor) for tensor in features]
        teacher, student, sample_weight = features
        return locality_preserving(
            teacher,
            student,
            self.num_neighbors,
            self.bandwidth,
            self.normalize,
            self.affinity,
            sample_weight,
        )

    def check(
        self,
        teacher_outputs: Tensor,
        student_outputs: Tensor,
        y: Structure = None,
        sample_id: Tensor | None = None,
    ) -> None:
        """Refuses a first batch that is too small for `num_neighbors`."""
        batch = teacher_outputs.shape[0]
        if self.scope == "replica":
            batch //= num_replicas()
        if self.num_neighbors >= batch:
            raise ValueError(
                f"{self.name}: `num_neighbors` must be smaller than the batch, since a sample is "
                f"not its own neighbour. Received: num_neighbors={self.num_neighbors} with a batch "
                f"of {batch}. Use a larger batch or fewer neighbours."
            )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the loss."""
        return {
            **super().get_config(),
            "num_neighbors": self.num_neighbors,
            "bandwidth": self.bandwidth,
            "normalize": self.normalize,
            "scope": self.scope,
            "affinity": self.affinity,
        }
