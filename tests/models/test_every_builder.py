"""The contract of all networks; a new builder is covered without an edit here, but in the docs."""

import pathlib
import runpy

import keras
import numpy as np
import pytest

from tf_lpdistill import models
from tf_lpdistill.models import table
from tf_lpdistill.taps import Tap

DOCS = (pathlib.Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
# Those that take seconds to build. Each family has a faster member here or in test_every_family.py,
# or is run on a small image in its own file.
SLOW = (
    "inception", "mobilenet", "shufflenet_v2", "resnet32", "resnet34", "resnet44", "resnet56",
    "resnet110", "squeezenet_1_0", "vgg13", "wrn_16_4", "wrn_40",
)  # fmt: skip
BUILDERS = [
    pytest.param(name, marks=[pytest.mark.slow] * name.startswith(SLOW)) for name in models.BUILDERS
]


@pytest.mark.parametrize("name", BUILDERS)
def test_the_row_in_the_docs(name):
    assert table.row(name, models.get(name)) in DOCS.splitlines()


def test_the_docs_list_all_and_no_other():
    rows = [
        line.split("`")[1] for line in DOCS.splitlines() if line.startswith("| `") and "[" in line
    ]
    own = {"digits_teacher", "digits_student"}
    assert set(rows) | own == set(models.BUILDERS) and len(rows) == len(set(rows))
    assert table.HEADER in DOCS


@pytest.mark.slow
def test_the_command_prints_the_table_of_the_docs(capsys):
    runpy.run_module("tf_lpdistill.models", run_name="__main__")
    assert capsys.readouterr().out in DOCS


@pytest.mark.parametrize("name", [p for p in BUILDERS if not p.values[0].startswith("digits")])
def test_another_size_and_number_of_classes(name):
    shape = (40, 36, 3)
    model = models.get(name)(input_shape=shape, num_classes=7, name="another")
    assert model.name == "another"
    assert model.input_shape == (None, *shape) and model.output_shape == (None, 7)
    assert [layer.name for layer in model.layers][-1] == "logits"
    assert model.get_layer("logits").activation is keras.activations.linear
    stages = models.stage_names(model)
    assert len(stages) >= 3
    images = np.random.default_rng(0).uniform(-1, 1, (2, *shape)).astype("float32")
    logits, features = Tap(model, [*stages, "features"])(images)
    assert logits.shape == (2, 7) and np.isfinite(logits).all()
    np.testing.assert_array_equal(model(images), logits)  # without a warning about its input
    assert len(features["features"].shape) == 2
    sides = [features[stage].shape[1] for stage in stages if len(features[stage].shape) == 4]
    assert sides == sorted(sides, reverse=True) and sides[0] <= 40


@pytest.mark.parametrize("name", list(models.BUILDERS))
def test_the_docstring_names_the_source(name):
    builder = models.get(name)
    assert builder.__doc__ and getattr(models, name) is builder
    assert name.startswith("digits") == (table.source(builder) == "own")


@pytest.mark.parametrize(
    "name", ["fitnet1", "mnist_student", "resnet20", "wrn_16_1", "vgg8", "squeezenet_1_1"]
)
def test_wrong_arguments(name):
    with pytest.raises(ValueError, match="`num_classes` must be >= 2. Received: num_classes=1"):
        models.get(name)(num_classes=1)
    for shape in [(32, 32), (32, 0, 3), (None, None, 3), 32]:
        with pytest.raises(ValueError, match=r"`input_shape` must be .* Received: input_shape="):
            models.get(name)(shape)
