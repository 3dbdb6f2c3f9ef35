import numpy as np
import pytest

from tf_lpdistill.graph import NeighborGraph, archive


@pytest.fixture(scope="module")
def graph(digits):
    return NeighborGraph.build(digits.test.images.astype("float16"), 7)


def test_a_saved_graph_comes_back_whole(graph, tmp_path):
    path = tmp_path / "new folder" / "graph.npz"
    graph.save(path)
    loaded = NeighborGraph.load(path)
    for name in ("indices", "squared_distances"):
        before, after = getattr(graph, name), getattr(loaded, name)
        np.testing.assert_array_equal(before, after)
        assert before.dtype == after.dtype
    for name in ("num_features", "method", "pca", "recall", "fingerprint", "num_samples"):
        assert getattr(graph, name) == getattr(loaded, name)
    assert [entry.name for entry in path.parent.iterdir()] == ["graph.npz"]
    graph.save(tmp_path / "no_suffix")
    assert NeighborGraph.load(tmp_path / "no_suffix").num_neighbors == 7


def test_no_damage_goes_unseen(graph, tmp_path):
    """A wrong byte anywhere either is refused or changes nothing (an unused field of the zip)."""
    graph.save(tmp_path / "graph.npz")
    content = (tmp_path / "graph.npz").read_bytes()
    path, refused = tmp_path / "damaged.npz", 0
    for position in range(0, len(content), len(content) // 150):
        path.write_bytes(
            content[:position] + bytes([content[position] ^ 0x55]) + content[position + 1 :]
        )
        try:
            loaded = NeighborGraph.load(path)
        except ValueError as error:
            assert str(path) in str(error)
            refused += 1
        else:
            np.testing.assert_array_equal(loaded.indices, graph.indices)
            np.testing.assert_array_equal(loaded.squared_distances, graph.squared_distances)
    assert refused > 140


def test_a_changed_array_is_refused_although_the_archive_is_sound(graph, tmp_path):
    path = tmp_path / "graph.npz"
    graph.save(path)
    with np.load(path) as file:
        arrays = dict(file)
    arrays["indices"][3, 2] += 1
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="graph.npz is damaged: .* does not match its checksum"):
        NeighborGraph.load(path)


@pytest.mark.parametrize("keep", [0, 100, -1])
def test_a_cut_file_is_refused(graph, tmp_path, keep):
    path = tmp_path / "graph.npz"
    graph.save(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="graph.npz cannot be read as a neighbour graph"):
        NeighborGraph.load(path)


def test_foreign_files_are_refused_by_name(tmp_path):
    np.savez(tmp_path / "digits.npz", x=np.zeros(3))
    with pytest.raises(ValueError, match="digits.npz is no neighbour graph.*an archive of x"):
        NeighborGraph.load(tmp_path / "digits.npz")
    np.save(tmp_path / "array.npy", np.zeros(3))
    np.save(tmp_path / "object.npy", np.array([{}]), allow_pickle=True)
    (tmp_path / "text.npz").write_text("indices")
    for name in ("array.npy", "object.npy", "text.npz"):
        with pytest.raises(ValueError, match=f"{name} cannot be read.*another kind of file"):
            NeighborGraph.load(tmp_path / name)
    archive.write(tmp_path / "block.npz", {"pca": 3}, {"indices": np.zeros((2, 1))})
    with pytest.raises(ValueError, match="block.npz holds a part of a build, not a graph"):
        NeighborGraph.load(tmp_path / "block.npz")
    with pytest.raises(FileNotFoundError, match="absent.npz"):
        NeighborGraph.load(tmp_path / "absent.npz")
