"""Shared checks: what they let through, and what they say."""

import pytest

from tf_lpdistill.losses import arguments


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), "hot", None])
def test_check_positive(value):
    assert arguments.check_positive("margin", 2) == 2.0
    with pytest.raises(ValueError, match=r"`margin` must be a positive.*Received: margin="):
        arguments.check_positive("margin", value)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), "much", None])
def test_check_not_negative(value):
    assert arguments.check_not_negative("weight", 0) == 0.0
    with pytest.raises(
        ValueError, match=r"`weight` must be a finite number, not negative.*weight="
    ):
        arguments.check_not_negative("weight", value)


def test_check_same_classes():
    arguments.check_same_classes("loss", (None, 5), (8, 5))
    with pytest.raises(ValueError, match="loss: teacher and student must have the same classes"):
        arguments.check_same_classes("loss", (None, 5), (None, 6))


def test_map_shape():
    assert arguments.map_shape("loss", (8, 4, 5, 6)) == (None, 4, 5, 6)
    assert arguments.map_shape("loss", (None, 6)) == (None, 1, 1, 6)
    for shape in [(None, 4, 6), (None, None, None, 6), (None,)]:
        with pytest.raises(ValueError, match="loss: expected features .* of known size. Received"):
            arguments.map_shape("loss", shape)
