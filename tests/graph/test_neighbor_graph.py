import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import NeighborGraph
from tf_lpdistill.graph import search
from tf_lpdistill.metrics import neighbor_indices
from tf_lpdistill.ops import squared_distances


def reference(features, k):
    """Neighbours by a loop over pairs in float64, with the rules of the loss."""
    vectors = np.asarray(features, np.float64).reshape(len(features), -1)
    norms = np.square(vectors - vectors.mean(axis=0)).sum(axis=1)
    indices, distances = [], []
    for i in range(len(vectors)):
        pairs = []
        for j in range(len(vectors)):
            distance = np.square(vectors[i] - vectors[j]).sum()
            near = distance <= 1e-5 * (norms[i] + norms[j])
            if i != j:
                pairs.append((np.float32(0.0 if near else distance), j))
        pairs = sorted(pairs)[:k]
        indices.append([j for _, j in pairs])
        distances.append([distance for distance, _ in pairs])
    return np.array(indices), np.array(distances)


def lattice():
    """Every point of a 5 x 5 x 5 grid, far from the origin: all distances are tied many times."""
    return np.stack(np.meshgrid(*[np.arange(5.0)] * 3), axis=-1).reshape(-1, 3) + 1000


def duplicates():
    """Eight copies of each of twelve rows, and twenty rows of zeros."""
    rows = np.random.default_rng(0).normal(size=(12, 6))
    return np.concatenate([np.repeat(rows, 8, axis=0), np.zeros((20, 6))]).astype("float32")


CASES = {
    "random": np.random.default_rng(1).normal(size=(90, 7)),
    "offset": np.random.default_rng(2).normal(size=(90, 7)).astype("float32") + 1000,
    "lattice": lattice(),
    "duplicates": duplicates(),
    "one hot": np.eye(70),
    "all equal": np.full((40, 3), 7.25),
    "maps": np.random.default_rng(3).normal(size=(60, 3, 4, 2)),
    "one number": np.arange(50.0)[:, None],
    "integers": np.random.default_rng(4).integers(0, 3, (80, 4), "uint8"),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("block_size", [17, 64, 500])
def test_it_is_the_slow_reference_in_blocks_of_any_size(name, block_size):
    features = CASES[name].astype("float32") if name != "integers" else CASES[name]
    graph = NeighborGraph.build(features, 6, block_size=block_size)
    indices, distances = reference(features, 6)
    np.testing.assert_array_equal(graph.indices, indices)
    np.testing.assert_allclose(graph.squared_distances, distances, rtol=1e-6)
    assert graph.indices.dtype == "int32" and graph.squared_distances.dtype == "float32"
    assert graph.recall == 1.0 and graph.pca is None and graph.method == "tensorflow"


def test_all_others_may_be_neighbours():
    features = CASES["lattice"][:30]
    graph = NeighborGraph.build(features, 29, block_size=8)
    np.testing.assert_array_equal(graph.indices, reference(features, 29)[0])
    assert (graph.num_samples, graph.num_neighbors, graph.num_features) == (30, 29, 3)
    np.testing.assert_array_equal(NeighborGraph.build([[1.0], [3.0]], 1).indices, [[1], [0]])
    single = NeighborGraph.build(features[:9], 3, block_size=1)
    np.testing.assert_array_equal(single.indices, reference(features[:9], 3)[0])


def test_real_digits_by_every_way_in(digit_images, tmp_path):
    graph = NeighborGraph.build(digit_images, 10)
    # The pixels are integers: nothing is rounded, in float16 neither.
    np.testing.assert_array_equal(graph.indices[:60], reference_rows(digit_images, 10, range(60)))
    np.save(tmp_path / "features.npy", digit_images.astype("float16"))
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")
    for features in (mapped, np.asfortranarray(digit_images), digit_images[:, ::-1]):
        other = NeighborGraph.build(features, 10, block_size=300)
        np.testing.assert_array_equal(other.indices, graph.indices)
        np.testing.assert_array_equal(other.squared_distances, graph.squared_distances)
    assert graph.fingerprint != NeighborGraph.build(mapped, 10).fingerprint
    assert np.mean(neighbor_indices(digit_images, 10) == graph.indices) > 0.99


def reference_rows(features, k, rows):
    """The reference for some rows only, without the loop over pairs."""
    vectors = features.reshape(len(features), -1).astype(np.float64)
    found = []
    for row in rows:
        distances = np.square(vectors - vectors[row]).sum(axis=1)
        order = np.argsort(distances, kind="stable")
        found.append(order[order != row][:k])
    return np.array(found)


def test_features_of_a_long_tail_and_of_tight_classes():
    """Where distances are small against the norms, the estimates alone would not do."""
    random = np.random.default_rng(0)
    classes = random.normal(size=(6, 40)) * 100
    features = classes[random.integers(0, 6, 400)] + random.normal(size=(400, 40))
    features[::50] *= 30
    features = features.astype("float32")
    graph = NeighborGraph.build(features, 5, block_size=128)
    np.testing.assert_array_equal(graph.indices, reference(features, 5)[0])


def test_products_are_not_rounded_to_tensor_float_32(monkeypatch):
    """A GPU would otherwise keep ten bits; the setting of the process comes back."""
    switch, seen = tf.config.experimental.tensor_float_32_execution_enabled, []

    def watched(*features):
        seen.append(switch())
        return squared_distances(*features)

    monkeypatch.setattr(search, "squared_distances", watched)
    before = switch()
    NeighborGraph.build(CASES["lattice"], 3)
    assert set(seen) == {False} and switch() == before


def test_pca_states_the_recall_that_it_has(digit_images, capsys):
    exact = NeighborGraph.build(digit_images, 10)
    assert capsys.readouterr().out == ""
    recalls = []
    for dimensions in (2, 8, 32):
        graph = NeighborGraph.build(digit_images, 10, pca=dimensions, block_size=400)
        found = (graph.indices[:, :, None] == exact.indices[:, None, :]).any(axis=2).mean()
        assert graph.recall == pytest.approx(found, abs=1e-9)  # the sample is all of them
        assert f"{dimensions} dimensions found {found:.4f}" in capsys.readouterr().out
        # What was found has its true distance, in order.
        rows = digit_images.reshape(1000, -1)
        true = np.square(rows[:, None] - rows[graph.indices]).sum(axis=2)
        np.testing.assert_array_equal(graph.squared_distances, true)
        assert (np.diff(true, axis=1) >= 0).all()
        recalls.append(graph.recall)
    assert recalls[0] < 0.8 < recalls[1] < 0.95 < recalls[2]


@pytest.mark.parametrize(
    ("features", "arguments", "message"),
    [
        (np.ones(5), {}, r"numbers of shape \(samples, ...\).*shape=\(5,\)"),
        (np.ones((5, 2), complex), {}, "dtype=complex128"),
        (np.array([["a"], ["b"]]), {}, "numbers of shape .*dtype=<U1"),
        (np.ones((1, 4)), {}, r"at least 2 samples.*shape=\(1, 4\)"),
        (np.ones((4, 0)), {}, "a number in each"),
        (np.where(np.arange(8)[:, None] == 5, np.nan, np.eye(8)), {}, "in sample 5"),
        (np.eye(4) * 1e300, {}, "finite and smaller than 1e[+]15.*in sample 0"),
        (np.eye(5), {"num_neighbors": 5}, r"1 to 4 \(samples - 1\).*num_neighbors=5"),
        (np.eye(5), {"num_neighbors": 0}, "num_neighbors=0"),
        (np.eye(5), {"num_neighbors": 2.0}, "integer.*num_neighbors=2.0"),
        (np.eye(5), {"pca": 5}, r"1 to 4 \(numbers in a feature - 1\).*pca=5"),
        (np.eye(5), {"block_size": 0}, "at least 1. Received: block_size=0"),
        (np.eye(5), {"method": "hnsw"}, "one of .*'faiss'.*method='hnsw'"),
    ],
)
def test_bad_input_is_refused(features, arguments, message):
    with pytest.raises(ValueError, match=message):
        NeighborGraph.build(features, **{"num_neighbors": 2, **arguments})
