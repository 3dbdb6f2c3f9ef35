import importlib.util
import sys

import numpy as np
import pytest

from tf_lpdistill.graph import NeighborGraph

# The wrappers that SWIG makes for faiss warn at import under Python 3.12 and later.
pytestmark = pytest.mark.filterwarnings("ignore:builtin type:DeprecationWarning")


@pytest.mark.skipif(not importlib.util.find_spec("faiss"), reason="faiss-cpu is not installed")
@pytest.mark.parametrize("case", ["digits", "duplicates", "lattice"])
def test_it_finds_what_tensorflow_finds(case, digit_images):
    random = np.random.default_rng(0)
    features = {
        "digits": digit_images,
        "duplicates": np.repeat(random.normal(size=(9, 5)), 30, axis=0).astype("float32"),
        "lattice": random.integers(0, 3, (300, 4)).astype("float32"),
    }[case]
    plain = NeighborGraph.build(features, 10)
    graph = NeighborGraph.build(features, 10, method="faiss", block_size=100)
    np.testing.assert_array_equal(graph.squared_distances, plain.squared_distances)
    np.testing.assert_array_equal(graph.indices, plain.indices)
    assert (graph.method, graph.recall) == ("faiss", 1.0)
    assert NeighborGraph.build(digit_images, 5, method="faiss", pca=8).recall > 0.9


def test_without_faiss_the_way_out_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ImportError, match=r'pip install "tf_lpdistill\[graph\]".*"tensorflow"'):
        NeighborGraph.build(np.eye(5), 2, method="faiss")
