"""The catalogue cannot be reached from a test: small data sets of our own are prepared instead."""

import re
import shutil
import sys

import numpy as np
import pytest

from tf_lpdistill.data import load_digits, load_tfds, open_tfds


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(
        ImportError, match=r"tensorflow-datasets: pip install .tf_lpdistill\[tfds\]"
    ):
        load_tfds("mnist")


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    """A folder in which three data sets are prepared; one more is registered and is not."""
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

    class BrokenDigits(LittleDigits):
        """Its source is gone."""

        def _split_generators(self, dl_manager):
            raise ConnectionError("Failed to resolve the host")

    folder = tmp_path_factory.mktemp("catalogue")
    for builder in (LittleDigits, UnevenDigits, NamelessDigits):
        builder(data_dir=folder).download_and_prepare()
    return folder


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


def test_the_variable_names_the_folder(catalogue, monkeypatch):
    monkeypatch.setenv("LPDISTILL_DATA", str(catalogue))
    assert str(open_tfds("little_digits").data_dir).startswith(str(catalogue))


def test_images_of_several_sizes_need_a_size(catalogue):
    with pytest.raises(ValueError, match=r"give `image_size`.*\(7, 8, 1\) to \(8, 8, 1\)"):
        load_tfds("uneven_digits", catalogue)
    assert load_tfds("uneven_digits", catalogue, (6, 6)).image_shape == (6, 6, 1)


def test_other_features_are_refused(catalogue):
    with pytest.raises(ValueError, match=r"features 'image' and 'label'.*\['class', 'image'\]"):
        load_tfds("nameless_digits", catalogue)


def test_a_prepared_folder_is_enough(catalogue, tmp_path):
    """No code for it: as where a data set was prepared elsewhere and copied."""
    shutil.copytree(catalogue / "little_digits", tmp_path / "copied_digits")
    info = tmp_path / "copied_digits" / "1.0.0" / "dataset_info.json"
    info.write_text(info.read_text().replace("little_digits", "copied_digits"))
    for path in (tmp_path / "copied_digits" / "1.0.0").iterdir():
        path.rename(path.with_name(path.name.replace("little_digits", "copied_digits")))
    data = load_tfds("copied_digits", tmp_path)
    assert data.name == "copied_digits" and len(data.train) == len(data.test) == 20


def test_what_is_not_prepared_is_told_with_the_command(catalogue, tmp_path):
    with pytest.raises(ValueError, match="not prepared") as caught:
        load_tfds("mnist", tmp_path)
    text = str(caught.value)
    assert f"there is no {tmp_path}/mnist/" in text
    command = f"tfds.builder('mnist', data_dir='{tmp_path}').download_and_prepare()"
    assert re.search(r'run: python -c "import tensorflow_datasets as tfds; (.*?)"', text)[1] == (
        command
    )
    assert not list(tmp_path.iterdir())  # nothing was tried


def test_a_failed_download_is_told_with_its_reason(catalogue, tmp_path):
    with pytest.raises(ValueError, match="download_and_prepare.*Failed to resolve the host"):
        open_tfds("broken_digits", tmp_path, download=True)


def test_a_download_prepares(catalogue, tmp_path):
    assert open_tfds("little_digits", tmp_path, download=True).is_prepared()
    assert len(load_tfds("little_digits", tmp_path).train) == 20


def test_an_unknown_name_is_told_in_a_line(tmp_path):
    pytest.importorskip("tensorflow_datasets")
    with pytest.raises(ValueError, match="does not know it. Received: 'imagenette99'") as caught:
        load_tfds("imagenette99", tmp_path)
    assert len(str(caught.value)) < 300 and str(tmp_path) in str(caught.value)
