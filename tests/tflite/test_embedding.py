"""A student that returns embeddings, for MediaPipe's ImageEmbedder."""

import types

import keras
import pytest

from tf_lpdistill import tflite
from tf_lpdistill.tflite.metadata import read


@pytest.fixture(scope="module")
def embedder(grey):
    """The grey student up to its pooled features."""
    pooled = next(
        la for la in grey.model.layers if isinstance(la, keras.layers.GlobalAveragePooling2D)
    )
    model = keras.Model(grey.model.inputs, pooled.output, name="embedder")
    return types.SimpleNamespace(**(vars(grey) | {"model": model}))


@pytest.fixture(scope="module")
def bundle(embedder, export, tmp_path_factory):
    directory = tmp_path_factory.mktemp("embedder") / "phone"
    return export(embedder, directory, labels=None, precisions=["float32", "int8"])


def test_the_files_return_keras_embeddings(bundle, embedder):
    assert bundle.labels == () and not bundle.softmax_added
    result = tflite.verify(bundle, embedder.model, embedder.test[:100])
    assert set(result) == {"float32", "int8"}
    assert result["float32"]["lowest_cosine"] > 1 - 1e-6
    assert result["float32"]["max_difference"] < 1e-4
    assert 0.98 < result["int8"]["cosine"] < 1.0 and result["int8"]["images"] == 100
    assert tflite.Bundle.open(bundle.directory) == bundle


def test_labels_beside_the_images_do_no_harm(bundle, embedder):
    with_labels = tflite.verify(bundle, embedder.model, (embedder.test[:9], embedder.labels[:9]))
    assert with_labels == tflite.verify(bundle, embedder.model, embedder.test[:9])


def test_folder_metadata_and_card(bundle):
    names = {path.name for path in bundle.directory.iterdir()}
    assert "labels.txt" not in names and "embedder_int8.tflite" in names
    description, attached = read(bundle.files["int8"])
    assert attached == {}
    (output,) = description["subgraph_metadata"][0]["output_tensor_metadata"]
    assert output["name"] == "embedding" and output["description"].endswith("16 numbers.")
    assert bundle.facts()["files"]["int8"]["output"]["shape"] == [1, 16]
    card = (bundle.directory / "MODEL_CARD.md").read_text()
    assert "`embedding`, (1, 16) float32" in card and "ImageEmbedder" in card
    assert "softmax" not in card and "labels.txt" not in card


def test_another_student_is_refused(bundle, grey):
    with pytest.raises(ValueError, match="with 16 outputs. Received: 'student' with 10 outputs"):
        tflite.verify(bundle, grey.model, grey.test[:5])
