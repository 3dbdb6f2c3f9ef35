import dataclasses

import pytest

from tf_lpdistill.callbacks import alarms
from tf_lpdistill.callbacks.health import Health

START = Health(norm=2.0, spread=1.0, rank=6.0, overlap=0.3)


def of_features(past=(START,), num_classes=10, layer="embedding", **changes):
    return alarms.of_features(dataclasses.replace(START, **changes), list(past), num_classes, layer)


def test_healthy_features_alarm_nobody():
    assert of_features(norm=5.0, spread=3.0) == {}
    assert of_features(norm=0.5, spread=0.4) == {}  # weight decay does as much


def test_collapse_is_told_with_layer_and_numbers():
    found = of_features(norm=2.0, spread=0.09)
    assert set(found) == {"collapse", "shrinking"}
    assert "features in 'embedding' have collapsed: they lie 0.09 from their" in found["collapse"]
    assert "Lower the weight of the losses between samples" in found["collapse"]


def test_features_that_began_narrow_have_not_collapsed():
    narrow = dataclasses.replace(START, spread=0.04)
    assert of_features([narrow], spread=0.04) == {}
    assert set(of_features([narrow], spread=0.001)) == {"collapse", "shrinking"}
    assert "collapse" in of_features([narrow, START], spread=0.09)
    constant = dataclasses.replace(START, norm=0.0, spread=0.0)
    assert set(of_features([constant], norm=0.0, spread=0.0)) == {"collapse"}


def test_a_line_is_a_collapse_unless_two_classes_need_no_more():
    found = of_features(rank=1.2)
    assert "onto a line: their effective rank is 1.20, with 10 classes" in found["collapse"]
    assert of_features(rank=1.2, num_classes=2) == {} == of_features(rank=1.2, num_classes=None)


def test_shrinking_is_seen_against_the_widest_so_far():
    wide = dataclasses.replace(START, norm=20.0, spread=11.0)
    found = of_features([START, wide, START])
    assert set(found) == {"shrinking"}
    assert "their distance from their mean fell from 11 to 1." in found["shrinking"]


def test_the_output_has_no_layer_name():
    assert of_features(layer=None, rank=1.0)["collapse"].startswith("The student's outputs have")


def test_shares_above_and_below():
    shares = {"student_loss": 0.004, "hint": 0.93, "soft_target": 0.066}
    found = alarms.of_shares(shares, {"student_loss": 1.0, "hint": 50.0, "soft_target": 0.5})
    assert set(found) == {"least student_loss", "most hint"}
    assert "'hint' (weight 50) has 93% of the gradient norm" in found["most hint"]
    assert "'student_loss' (weight 1) has 0.4% of the" in found["least student_loss"]


def test_a_part_that_is_switched_off_and_a_lone_one_are_no_alarm():
    weights = {"student_loss": 0.0, "hint": 1.0}
    assert alarms.of_shares({"student_loss": 0.0, "hint": 1.0}, weights) == {}


@pytest.mark.parametrize(
    ("values", "broken", "text"),
    [
        (["hint"], None, r"NaN or infinity in 'hint' between 'a' and 'output', in epoch 2"),
        (["student_loss", "hint"], "conv1", "'student_loss' and 'hint' between 'a' and 'output'"),
        ([], "conv1", "in the total, in epoch 2"),
    ],
)
def test_values_that_are_not_finite(values, broken, text):
    found = alarms.of_values(values, {"hint": ("a", None)}, broken, "in epoch 2, batch 3")
    assert text in found and ("such weights is 'conv1'" in found) == (broken is not None)
