"""IRG against float64 loops: edges of each layer, transformations between layers."""

import math

import numpy as np
import pytest

from tf_lpdistill.losses import InstanceRelationGraph

TWO = (("a", "b"), ("c", "d"))
EXAMPLES = [lambda: InstanceRelationGraph(*TWO)]
# Maps to smaller maps with more channels, and maps to vectors; unequal on both sides.
SHAPES = (((5, 4, 2), (2, 2, 3)), ((4, 4, 3), (5,)))
MATCHING = True


def draw(shapes, batch=9, seed=0):
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(size=(batch, *shape)).astype("float32") for shape in shapes)


def edges(features):
    rows = np.float64(features).reshape(len(features), -1)
    distances = np.array([[((a - b) ** 2).sum() for b in rows] for a in rows])
    return distances / (distances.max() or 1.0)


def average(values, axis, size):
    """Means of `size` windows of an axis: from floor(i n / m) to ceil((i + 1) n / m)."""
    old = values.shape[axis]
    windows = [
        np.take(values, range(i * old // size, math.ceil((i + 1) * old / size)), axis).mean(axis)
        for i in range(size)
    ]
    return np.stack(windows, axis)


def transformation(before, after):
    maps = [np.float64(f) if f.ndim == 4 else np.float64(f)[:, None, None] for f in (before, after)]
    for axis in (1, 2, 3):
        size = min(f.shape[axis] for f in maps)
        maps = [average(f, axis, size) for f in maps]
    moved = ((maps[1] - maps[0]) ** 2).sum(axis=(1, 2, 3))
    return moved / (moved.max() or 1.0)


def reference(teacher, student):
    layers = range(len(teacher))
    value = np.mean([((edges(teacher[n]) - edges(student[n])) ** 2).mean() for n in layers])
    steps = [
        (transformation(teacher[n], teacher[n + 1]) - transformation(student[n], student[n + 1]))
        ** 2
        for n in layers[:-1]
    ]
    return value + (np.mean(steps) if steps else 0.0)


@pytest.mark.parametrize(
    "shapes",
    [
        SHAPES,
        (((4, 4, 2), (4, 4, 2)), ((4, 4, 3), (4, 4, 3))),  # equal within a network
        (((7,), (3,)), ((4,), (9,))),
        (((6, 6, 2), (3, 3, 4), (8,)), ((4, 4, 2), (4, 4, 2), (2,))),  # three layers
    ],
)
def test_several_layers_equal_the_loop(shapes):
    teacher, student = draw(shapes[0]), draw(shapes[1], seed=1)
    names = tuple("abc"[: len(teacher)])
    value = InstanceRelationGraph(names, names).compute_loss(teacher, student)
    np.testing.assert_allclose(value, reference(teacher, student), rtol=1e-5)


@pytest.mark.parametrize("shapes", [((7,), (4,)), ((3, 3, 4), (2, 2, 5))])
def test_one_layer_gives_the_edges_alone(shapes):
    teacher, student = draw(shapes[:1]), draw(shapes[1:], seed=1)
    expected = ((edges(teacher[0]) - edges(student[0])) ** 2).mean()
    one = InstanceRelationGraph("a", "b").compute_loss(teacher[0], student[0])
    tuple_of_one = InstanceRelationGraph(("a",), ("b",)).compute_loss(teacher, student)
    np.testing.assert_allclose(one, expected, rtol=1e-5)
    np.testing.assert_allclose(tuple_of_one, expected, rtol=1e-5)


def test_value_computed_by_hand():
    # Edges over their largest: teacher 1/4, 1/4, 1 and student 1/9, 4/9, 1; the second layers are
    # equal to the first but for the last sample of the student, which moves.
    teacher = np.array([[0.0], [1.0], [2.0]], "float32")
    student = np.array([[0.0], [1.0], [3.0]], "float32")
    first = 2 * ((1 / 4 - 1 / 9) ** 2 + (1 / 4 - 4 / 9) ** 2) / 9
    value = InstanceRelationGraph("a", "b").compute_loss(teacher, student)
    np.testing.assert_allclose(value, first, rtol=1e-5)
    later = np.array([[0.0], [1.0], [2.0]], "float32")  # the teacher's edges: no difference
    value = InstanceRelationGraph(*TWO).compute_loss((teacher, teacher), (student, later))
    np.testing.assert_allclose(value, first / 2 + 1.0 / 3, rtol=1e-5)


def test_scale_of_a_network_does_not_matter():
    teacher, student = draw(SHAPES[0]), draw(SHAPES[1], seed=1)
    scaled = tuple(1e4 * features for features in student)
    loss = InstanceRelationGraph(*TWO)
    np.testing.assert_allclose(
        loss.compute_loss(teacher, scaled), loss.compute_loss(teacher, student), rtol=1e-5
    )


def test_weight_zero_leaves_a_sample_out():
    teacher, student = draw(SHAPES[0], 20), draw(SHAPES[1], 20, seed=1)
    keep = np.ones(20, "float32")
    keep[[3, 11]] = 0.0
    inside = keep > 0
    kept = [tuple(f[inside] for f in features) for features in (teacher, student)]
    edge_terms = [((edges(t) - edges(s)) ** 2).sum() / 20**2 for t, s in zip(*kept, strict=True)]
    moves = ((transformation(*kept[0]) - transformation(*kept[1])) ** 2).sum() / 20
    teacher[0][3], student[1][11] = 1e9, np.nan
    value = InstanceRelationGraph(*TWO).compute_loss(teacher, student, sample_weight=keep)
    np.testing.assert_allclose(value, np.mean(edge_terms) + moves, rtol=1e-5)


def test_equal_weights_scale_the_loss():
    teacher, student = draw(SHAPES[0]), draw(SHAPES[1], seed=1)
    loss = InstanceRelationGraph(*TWO)
    np.testing.assert_allclose(
        loss.compute_loss(teacher, student, sample_weight=np.full(9, 2.5, "float32")),
        2.5 * loss.compute_loss(teacher, student),
        rtol=1e-5,
    )


def test_unequal_numbers_of_layers_are_refused():
    with pytest.raises(ValueError, match="must be tuples of the same length"):
        InstanceRelationGraph(("a", "b"), ("c",))


def test_no_layer_is_refused():
    with pytest.raises(ValueError, match="name at least one layer"):
        InstanceRelationGraph((), ())
