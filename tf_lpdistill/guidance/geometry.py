"""How features of labelled images lie: purity of neighbourhoods, and likeness of two spaces."""

import numpy as np
from keras import ops

from tf_lpdistill.metrics import neighbor_indices
from tf_lpdistill.ops import center, unit_scale


def label_purity(features: np.ndarray, labels: np.ndarray, k: int = 5) -> np.ndarray:
    """Share of the k nearest neighbours that have the label of their sample.

    Args:
        features: (n, ...) array; flattened, compared by Euclidean distance.
        labels: (n,) integers.
        k: neighbours a sample, 0 < k < n.

    Returns:
        (n,) float64 in [0, 1], one share a sample; by chance about the shares of the classes.
    """
    labels = np.asarray(labels)
    neighbors = neighbor_indices(features, k)
    return (labels[neighbors] == labels[:, None]).mean(axis=1)


def chance_purity(labels: np.ndarray) -> float:
    """The purity of neighbours drawn at random: the sum of the squared shares of the classes.

    Args:
        labels: (n,) integers.

    Returns:
        float in (0, 1].
    """
    shares = np.unique(np.asarray(labels), return_counts=True)[1] / len(labels)
    return float(np.sum(np.square(shares)))


def near_chance(purity: float, chance: float) -> bool:
    """Whether neighbours say next to nothing of the classes: a tenth of the way from chance to 1.

    Args:
        purity: mean of `label_purity`.
        chance: `chance_purity` of the same labels.

    Returns:
        bool.
    """
    return bool(purity < chance + 0.1 * (1 - chance))


def linear_cka(left: np.ndarray, right: np.ndarray) -> float:
    """Linear centred kernel alignment: how alike two spaces are but for rotation and scale.

        |Y^T X|_F^2 / (|X^T X|_F |Y^T Y|_F),    X and Y centred

    Args:
        left: (n, ...) array; flattened.
        right: (n, ...) array of the same samples.

    Returns:
        float in [0, 1]; 0 where one of them is constant.

    Reference: Kornblith et al., Similarity of Neural Network Representations Revisited, ICML 2019
    (https://arxiv.org/abs/1905.00414), Eq. 4 and section 3.
    """
    grams = []
    for features in (left, right):
        vectors = unit_scale(center(ops.convert_to_tensor(features)))
        grams.append(np.asarray(ops.matmul(vectors, ops.transpose(vectors)), "float64"))
    norms = [np.linalg.norm(gram) for gram in grams]
    return float(np.sum(grams[0] * grams[1]) / max(np.prod(norms), 1e-12))
