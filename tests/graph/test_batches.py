import keras
import numpy as np
import pytest

from tf_lpdistill import Distiller, Preprocessing, data, models
from tf_lpdistill.graph import NeighborBatches, NeighborGraph
from tf_lpdistill.losses import LocalityPreserving

PIXELS = Preprocessing((8, 8), "grayscale", "0..1")


@pytest.fixture(scope="module")
def graph(digits):
    return NeighborGraph.build(digits.train.images.astype("float32"), 10)


def slow_measure(batches, epochs):
    """Coverage and neighbour recall by loops."""
    coverage, shares = [], []
    for epoch in range(epochs):
        seen = set()
        for batch in batches.epoch(epoch).tolist():
            seen |= set(batch)
            for i in batch:
                near = batches.neighbors[i].tolist()
                shares.append(sum(j in batch for j in near) / len(near))
        coverage.append(len(seen) / len(batches.neighbors))
    return np.mean(coverage), np.mean(shares)


@pytest.mark.parametrize("repeat", [False, True])
@pytest.mark.parametrize(("batch_size", "seeds"), [(64, 16), (64, 1), (64, 64), (7, 3), (1000, 9)])
def test_a_batch_holds_no_sample_twice(graph, batch_size, seeds, repeat):
    batches = graph.batches(batch_size, seeds, repeat=repeat)
    for epoch in range(2):
        drawn = batches.epoch(epoch)
        assert drawn.shape == (1000 // batch_size, batch_size) == (len(batches), batch_size)
        assert drawn.dtype == "int64" and drawn.min() >= 0 and drawn.max() < 1000
        assert all(len(set(batch)) == batch_size for batch in drawn.tolist())
        if not repeat:
            assert len(np.unique(drawn)) == drawn.size


def test_a_batch_is_seeds_then_neighbours_then_others():
    # Sample i and its neighbours: pairs (0, 1), (2, 3) and so on, far from each other.
    pairs = (np.arange(20) ^ 1)[:, None]
    for batch in NeighborBatches(pairs, batch_size=8, seeds=4).epoch(0).tolist():
        seeds, near, others = batch[:4], batch[4:], []
        free = [i ^ 1 for i in seeds if i ^ 1 not in seeds]
        assert near[: len(free)] == free
        others = near[len(free) :]
        assert not set(others) & {*seeds, *free}
    measured = NeighborBatches(pairs, batch_size=8, seeds=4).measure(20)
    assert measured["neighbor_recall"] > 0.8 > 0.5 > measured["random_recall"] == 7 / 19


def test_the_nearest_neighbours_of_all_seeds_come_first(graph):
    for batch in graph.batches(32, 16, repeat=True):
        first = list(dict.fromkeys([*batch[:16], *graph.indices[batch[:16], 0]]))
        assert batch.tolist()[: min(32, len(first))] == first[:32]


@pytest.mark.parametrize(
    ("seeds", "repeat", "coverage", "recall"),
    [
        (8, False, 0.96, 0.33),
        (16, False, 0.96, 0.27),
        (64, False, 0.96, 0.063),
        (8, True, 0.70, 0.46),
        (16, True, 0.72, 0.31),
    ],
)
def test_coverage_and_recall_are_as_measured(graph, seeds, repeat, coverage, recall):
    batches = graph.batches(64, seeds, repeat=repeat)
    measured = batches.measure(2)
    assert slow_measure(batches, 2) == pytest.approx(
        (measured["coverage"], measured["neighbor_recall"])
    )
    assert measured["random_recall"] == 63 / 999
    assert measured["coverage"] == pytest.approx(coverage, abs=0.02)
    assert measured["neighbor_recall"] == pytest.approx(recall, abs=0.02)


def test_all_seeds_make_random_batches(graph):
    batches = graph.batches(100, 100)
    measured = batches.measure(10)
    assert measured["coverage"] == 1.0
    assert measured["neighbor_recall"] == pytest.approx(measured["random_recall"], abs=0.01)


def test_epochs_depend_on_seed_and_number_only(graph):
    batches = graph.batches(50, 10, seed=3)
    later = batches.epoch(4)
    np.testing.assert_array_equal(graph.batches(50, 10, seed=3).epoch(4), later)
    np.testing.assert_array_equal(np.array(list(batches)), batches.epoch(0))
    assert (later != batches.epoch(5)).any() and (later != graph.batches(50, 10).epoch(4)).any()


def test_every_sample_is_seen_in_the_long_run(graph):
    """The n % batch_size samples that fill no batch are others in every epoch."""
    counts = np.zeros(1000, int)
    for epoch in range(40):
        counts[graph.batches(64, 8).epoch(epoch)] += 1
    assert counts.min() >= 30 and counts.max() <= 40


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 1001}, r"integer, 2 to 1000 \(samples\). Received: batch_size=1001$"),
        ({"batch_size": 1}, "batch_size=1$"),
        ({"batch_size": 32.0}, "batch_size=32.0$"),
        ({"seeds": 0}, r"integer, 1 to 128 \(the batch size\). Received: seeds=0$"),
        ({"seeds": 129}, "seeds=129$"),
        ({"seeds": 4.5}, "seeds=4.5$"),
        ({"seed": -1}, "`seed` must be an integer, at least 0. Received: seed=-1$"),
    ],
)
def test_impossible_batches_are_refused(graph, arguments, message):
    with pytest.raises(ValueError, match=message):
        graph.batches(**arguments)


def test_no_epochs_cannot_be_measured(graph):
    with pytest.raises(ValueError, match="`epochs` must be an integer, at least 1. .*epochs=0$"):
        graph.batches().measure(epochs=0)


def test_a_distiller_trains_with_them_and_resumes(digits, graph):
    batches = graph.batches(100, 20)

    def run(*parts):
        keras.utils.set_random_seed(0)
        distiller = Distiller(
            models.digits_teacher(),
            models.digits_student(),
            [LocalityPreserving("features", "features", num_neighbors=5)],
            [0.3],
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        distiller.compile(keras.optimizers.Adam(0.01), loss)
        history = []
        for first, last in parts:
            train = data.ordered_batches(digits.train, PIXELS, batches.epoch, initial_epoch=first)
            history += distiller.fit(
                train, initial_epoch=first, epochs=last, steps_per_epoch=len(batches), verbose=0
            ).history["student_loss"]
        return history

    whole = run((0, 4))
    assert whole[-1] < 0.7 * whole[0]
    assert run((0, 2), (2, 4)) == whole
