"""ReviewKD: HCL and ABF against float64 loops, and their composition."""

import numpy as np
import pytest

from tf_lpdistill.losses import KnowledgeReview
from tf_lpdistill.losses.knowledge_review import AttentionFusion, hierarchical_context

EXAMPLES = [lambda: KnowledgeReview(("a", "b"), ("c", "d"))]
SHAPES = (((4, 4, 3), (5,)), ((3, 3, 2), (4,)))


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def reference_context(teacher, student):
    difference = np.float64(teacher) - student
    size = difference.shape[1]
    value, total, weight = (difference**2).mean(), 1.0, 1.0
    for pooled in (4, 2, 1):
        if pooled >= size:
            continue
        weight /= 2
        total += weight
        squares = []
        for i in range(pooled):
            for j in range(pooled):
                rows, columns = (
                    slice(n * size // pooled, int(np.ceil((n + 1) * size / pooled))) for n in (i, j)
                )
                squares.append(difference[:, rows, columns].mean(axis=(1, 2)) ** 2)
        value += weight * np.mean(squares)
    return value / total


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 8])
def test_hierarchical_context_equals_the_loop(size):
    teacher, student = draw(3, size, size, 2), draw(3, size, size, 2, seed=1)
    value = hierarchical_context(teacher, student)
    np.testing.assert_allclose(value, reference_context(teacher, student), rtol=1e-5)


def test_hierarchical_context_by_hand():
    # A checkerboard of +1 and -1 averages out; a constant of 1 does not. 2x2: only the 1x1 level.
    checkerboard = np.array([[1.0, -1.0], [-1.0, 1.0]], "float32").reshape(1, 2, 2, 1)
    zeros = np.zeros_like(checkerboard)
    np.testing.assert_allclose(hierarchical_context(checkerboard, zeros), (1 + 0 / 2) / 1.5)
    np.testing.assert_allclose(hierarchical_context(zeros + 1.0, zeros), (1 + 1 / 2) / 1.5)


def test_equal_maps_give_zero_and_weights_are_per_sample():
    teacher, student = draw(3, 4, 4, 2), draw(3, 4, 4, 2, seed=1)
    assert float(hierarchical_context(teacher, teacher)) == 0.0
    weight = np.array([2.0, 0.0, 1.0], "float32")
    each = [reference_context(teacher[[i]], student[[i]]) for i in range(3)]
    value = hierarchical_context(teacher, student, weight)
    np.testing.assert_allclose(value, np.dot(each, weight) / 3, rtol=1e-5)


def normalize(maps):
    maps = maps - maps.mean(axis=(0, 1, 2))
    return maps / np.sqrt(maps.var(axis=(0, 1, 2)) + 1e-5)


def convolve(maps, kernel):
    """Convolution with a 3x3 kernel and zeros around."""
    padded = np.pad(np.float64(maps), ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = maps.shape[1:3]
    return sum(
        padded[:, i : i + height, j : j + width] @ kernel[i, j] for i in range(3) for j in range(3)
    )


def nearest(maps, size):
    index = [int(np.floor(i * maps.shape[1] / size)) for i in range(size)]
    return maps[:, index][:, :, index]


def reference_fusion(fusion, maps, deeper, teacher_size):
    fused = normalize(np.float64(maps) @ fusion.reduce.convolution.kernel.numpy()[0, 0])
    if deeper is not None:
        deeper = nearest(deeper, fused.shape[1])
        kernel, bias = (weight.numpy() for weight in fusion.attention.weights)
        logits = np.concatenate([fused, deeper], axis=-1) @ kernel[0, 0] + bias
        share = 1.0 / (1.0 + np.exp(-logits))
        fused = share[..., :1] * fused + share[..., 1:] * deeper
    fused = nearest(fused, teacher_size)
    return normalize(convolve(fused, fusion.expand.convolution.kernel.numpy())), fused


@pytest.mark.parametrize("fuse", [False, True])
def test_fusion_equals_the_loop(fuse):
    maps, deeper = draw(3, 4, 4, 2), draw(3, 2, 2, 5, seed=1) if fuse else None
    fusion = AttentionFusion(5, (None, 8, 8, 3), fuse)
    fusion.build(maps.shape)
    predicted, fused = fusion(maps, deeper)
    expected, expected_fused = reference_fusion(fusion, maps, deeper, 8)
    np.testing.assert_allclose(fused, expected_fused, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(predicted, expected, rtol=1e-3, atol=1e-4)


def test_the_whole_equals_the_loops_from_deep_to_shallow():
    teacher = draw(4, 8, 8, 5), draw(4, 4, 4, 6, seed=1), draw(4, 7, seed=2)
    student = draw(4, 6, 6, 3, seed=3), draw(4, 3, 3, 4, seed=4), draw(4, 5, seed=5)
    loss = KnowledgeReview(("a", "b", "c"), ("d", "e", "f"))
    value = loss.compute_loss(teacher, student)
    total, fused = 0.0, None
    for fusion, t, s in zip(loss.fusions[::-1], teacher[::-1], student[::-1], strict=True):
        t, s = (f if f.ndim == 4 else f[:, None, None] for f in (t, s))
        predicted, fused = reference_fusion(fusion, s, fused, t.shape[1])
        total += reference_context(t, predicted) / 3
    np.testing.assert_allclose(value, total, rtol=1e-4)


def test_widths_of_the_fusions():
    loss = KnowledgeReview(("a", "b"), ("c", "d"))
    loss.ensure_built(((None, 8, 8, 5), (None, 4, 4, 6)), ((None, 8, 8, 3), (None, 4, 4, 600)))
    assert [fusion.width for fusion in loss.fusions] == [512, 512]
    assert [fusion.attention is None for fusion in loss.fusions] == [False, True]


def test_one_pair_is_compared_without_fusion():
    teacher, student = draw(3, 4, 4, 5), draw(3, 4, 4, 2, seed=1)
    loss = KnowledgeReview("a", "b")
    value = loss.compute_loss(teacher, student)
    predicted, _ = reference_fusion(loss.fusions[0], student, None, 4)
    np.testing.assert_allclose(value, reference_context(teacher, predicted), rtol=1e-4)


def test_names_must_be_as_many():
    with pytest.raises(ValueError, match="must be tuples of the same length"):
        KnowledgeReview(("a", "b"), ("c",))


def test_features_of_another_rank_are_refused():
    with pytest.raises(ValueError, match="expected features .* of known size"):
        KnowledgeReview().ensure_built((None, 4, 6), (None, 4, 6))
