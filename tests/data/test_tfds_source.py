"""The catalogue cannot be reached from a test: a small data set of our own is prepared instead."""

import sys

import numpy as np
import pytest

from tf_lpdistill.data import load_digits, load_tfds


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(
        ImportError, match=r"tensorflow-datasets: pip install .tf_lpdistill\[tfds\]"
    ):
        load_tfds("mnist")


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    """Registers three data sets and prepares them on their first use."""
    tfds = pytest.importorskip("tensorflow_datasets")
    digits = load_digits()

    class LittleDigits(tfds.core.GeneratorBasedBuilder):
        """Twenty digits a split."""

        VERSION = tfds.core.Version("1.0.0")
        SHAPE, LABEL = (8, 8, 1), "label"

        def _info(self):
            names = [f"digit {i}" for i in range(10)]
            features = {
                "image": tfds.features.Image(shape=self.SHAPE),
                self.LABEL: tfds.features.ClassLabel(names=names),
            }
            return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

        def _split_generators(self, dl_manager):
            return {"train": self._generate(digits.train), "test": self._generate(digits.test)}

        def _generate_examples(self, split):
            for i in range(20):
                image = split.images[i][: 8 - i % 2] if self.SHAPE[0] is None else split.images[i]
                yield i, {"image": image, self.LABEL: int(split.labels[i])}

        _generate = _generate_examples

    class UnevenDigits(LittleDigits):
        """Every other one is cut off at the bottom."""

        SHAPE = (None, None, 1)

    class NamelessDigits(LittleDigits):
        """The labels have another name."""

        LABEL = "class"

    return tmp_path_factory.mktemp("catalogue")


def test_splits_and_names(catalogue, digits):
    data = load_tfds("little_digits", catalogue)
    assert data.name == "little_digits" and data.validation is None
    assert data.class_names == tuple(f"digit {i}" for i in range(10))
    for title in ("train", "test"):
        given, expected = getattr(data, title), getattr(digits, title).take(np.arange(20))
        # The catalogue shuffles what it stores.
        assert sorted(i.tobytes() for i in given.images) == sorted(
            i.tobytes() for i in expected.images
        )
        assert sorted(given.labels) == sorted(expected.labels)


def test_images_of_several_sizes_need_a_size(catalogue):
    with pytest.raises(ValueError, match=r"give `image_size`.*\(7, 8, 1\) to \(8, 8, 1\)"):
        load_tfds("uneven_digits", catalogue)
    assert load_tfds("uneven_digits", catalogue, (6, 6)).image_shape == (6, 6, 1)


def test_other_features_are_refused(catalogue):
    with pytest.raises(ValueError, match=r"features 'image' and 'label'.*\['class', 'image'\]"):
        load_tfds("nameless_digits", catalogue)
