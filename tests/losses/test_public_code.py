"""The weights of docs/torchdistill.md: times these, our losses give the numbers of public code.

The numbers are what the functions of the three collections returned on the features below, with the
weights that their scripts and configurations give (torch 2.13 on a CPU, maps transposed to channels
first): distiller_zoo of RepDistiller at b84f547, mdistiller.distillers of mdistiller at a08d46f,
torchdistill.losses.mid_level of torchdistill at 3e4373c. Where several have a method they agree to
six digits, but for torchdistill's SPKDLoss (see the page); the first that has it is named.
"""

import keras
import numpy as np
import pytest

from tf_lpdistill import losses
from tf_lpdistill.losses.factor_transfer import factor_distance
from tf_lpdistill.losses.feature_overhaul import partial_squared_difference

BATCH, SIZE = 16, 8


def draw():
    """Logits, vectors, maps after and before a ReLU, two ends of stages; (teacher's, student's)."""
    rng = np.random.default_rng(0)

    def normal(*shape):
        return rng.normal(size=(BATCH, *shape)).astype("float32")

    def maps(channels):
        return np.moveaxis(normal(channels, SIZE, SIZE), 1, -1)

    features = {
        "logits": (normal(10) * 3, normal(10) * 3),
        "vectors": (normal(64), normal(32)),
        "maps": (np.maximum(maps(48), 0), np.maximum(maps(24), 0)),
        "preactivations": (maps(24), maps(24)),
    }
    ends = [np.maximum(maps(channels), 0) for channels in (16, 24, 16, 24)]
    features["ends"] = tuple(ends[:2]), tuple(ends[2:])
    return features, rng.integers(0, 10, BATCH)


FEATURES, LABELS = draw()
ENTRIES = SIZE * SIZE * 24  # of a map before its ReLU


def without_connector(teacher, student):
    """OFD of what comes out of the connector, whose first weights are random."""
    return partial_squared_difference(teacher, student, np.full(24, -0.5, "float32"))


ROWS = {
    "DistillKL, 0.9": (losses.SoftTarget(temperature=4.0), 0.9, "logits", 7.0946012),
    "Attention, 1000": (losses.AttentionTransfer(), 1000.0, "maps", 4.0199449),
    "Similarity, 3000": (losses.SimilarityPreserving(), 3000.0, "maps", 0.74179110),
    "RKDLoss, 25 and 0": (losses.RelationalDistance(), 25.0, "vectors", 0.29137972),
    "RKDLoss, 0 and 50": (losses.RelationalAngle(), 50.0, "vectors", 0.65961760),
    "PKT, 30000": (losses.ProbabilisticTransfer(), 30000.0, "vectors", 43.977052),
    "NSTLoss, 50": (losses.NeuronSelectivity(), 50.0, "maps", 2.7485684),
    "FSP, 50": (losses.SolutionFlow(), 50.0, "ends", 0.34275732),
    "HintLoss, 100": (
        losses.Hint(regressor=keras.layers.Identity()), 200.0, "preactivations", 202.25303,
    ),
    "ABLoss": (losses.ActivationBoundary(), 0.003 * ENTRIES, "preactivations", 8.9666366),
    "mdistiller's feat_loss of OFD, margin -0.5, 0.001": (
        without_connector, 0.001 * ENTRIES, "preactivations", 2.2694028,
    ),
    "mdistiller's dkd_loss, 1 and 8": (losses.DecoupledSoftTarget(), 1.0, "logits", 62.508198),
    "torchdistill's FTLoss, 500": (
        factor_distance, 500 / ENTRIES**0.5, "preactivations", 14.451115,
    ),
    "torchdistill's DISTLoss, tau 4": (
        losses.ClassRelations(temperature=4.0), 16.0, "logits", 35.037712,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_equals_public_code(name):
    loss, weight, kind, expected = ROWS[name]
    compute = getattr(loss, "compute_loss", loss)
    labels = {"y": LABELS} if "y" in getattr(loss, "needs", ()) else {}
    assert weight * float(compute(*FEATURES[kind], **labels)) == pytest.approx(expected, rel=2e-6)
