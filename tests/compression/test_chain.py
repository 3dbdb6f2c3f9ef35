"""Prune, cluster, quantize: what each step wins is there in the end, counted in the `.tflite`."""

import re

import numpy as np
import pytest

from tests.compression.conftest import distinct_per_output, file_kernels, kernels
from tf_lpdistill import compression, tflite

LABELS = [str(digit) for digit in range(10)]


@pytest.fixture(scope="module")
def export(trained, digits, tmp_path_factory):
    """Exports a student of the digits."""

    def run(student, **settings):
        directory = tmp_path_factory.mktemp("bundles") / "phone"
        return tflite.export_bundle(
            student, directory, labels=LABELS, preprocessing=trained.preprocessing, **settings
        )

    return run


def zeros(kernel):
    return float(np.mean(kernel == 0))


def test_pruning_leaves_its_share_of_zeros_in_every_kernel(chain, trained):
    assert [zeros(kernel) for kernel in kernels(trained.student)] == [0.0] * 4
    for kernel in kernels(chain.pruned):
        assert abs(zeros(kernel) - 0.6) <= 1 / kernel.size


def test_clustering_keeps_the_zeros_and_shares_the_rest(chain):
    for pruned, kernel in zip(kernels(chain.pruned), kernels(chain.clustered), strict=True):
        assert len(np.unique(kernel)) <= 12
        assert (kernel[pruned == 0] == 0).all()


def test_quantization_keeps_zeros_and_clusters(chain):
    student = chain.quantized.student
    for clustered, kernel in zip(kernels(chain.clustered), kernels(student), strict=True):
        # Rounded for each output, clusters may come apart between outputs; within one they stay.
        assert distinct_per_output(kernel) <= 12
        assert (kernel[clustered == 0] == 0).all()
        assert np.abs(kernel - clustered).max() > 0  # it learnt nevertheless


def test_they_are_counted_in_the_int8_file(chain, export, digits):
    bundle = export(chain.quantized)
    # All four: the float ones are made of the float student, no images are needed for int8.
    assert list(bundle.files) == list(tflite.PRECISIONS)
    facts = bundle.facts()
    assert facts["made_from"]["quantization_aware"] is True
    assert facts["made_from"]["calibration_images"] == 0
    assert facts["files"]["int8"]["int8_share"] == 1.0
    assert facts["files"]["int8"]["minimum_runtime"] == "1.14.0"
    assert "ranges of a quantization-aware training" in (
        (bundle.directory / "MODEL_CARD.md").read_text()
    )
    found = file_kernels(bundle.files["int8"], chain.quantized.student)
    assert len(found) == 4
    for kernel in found:
        assert kernel.dtype == np.int8 and distinct_per_output(kernel) <= 12
        assert zeros(kernel) >= 0.59
    scores = tflite.verify(bundle, chain.quantized, (digits.test.images, digits.test.labels))
    assert scores["int8"]["agreement"] > 0.95 and scores["float32"]["agreement"] == 1.0
    assert "diagnosis" not in scores["int8"]


@pytest.mark.slow
@pytest.mark.parametrize("kept", ["preserve_sparsity", "preserve_clusters"])
def test_one_of_the_two_is_counted_as_well(kept, chain, export, trained, batches):
    """PQAT and CQAT."""
    settings = {"epochs": 2, "verbose": 0}
    student = chain.pruned
    if kept == "preserve_clusters":
        student = compression.cluster(trained.student, batches(), num_clusters=12, **settings)
    quantized = compression.quantize_aware(
        student, batches(), trained.objective, **{kept: True}, **settings
    )
    bundle = export(quantized, precisions=["int8"])
    assert bundle.facts()["files"]["int8"]["int8_share"] == 1.0
    found = file_kernels(bundle.files["int8"], quantized.student)
    assert len(found) == 4
    for kernel in found:
        if kept == "preserve_sparsity":
            assert zeros(kernel) >= 0.59
        else:
            assert distinct_per_output(kernel) <= 12 and zeros(kernel) < 0.5


def test_the_file_computes_what_the_emulation_does(chain, export, trained, digits, capsys):
    bundle = export(chain.quantized, precisions=["int8"])
    said = capsys.readouterr().err
    assert "with its trained ranges: seconds for a small student, minutes for a large" in said
    assert re.search(r"with its trained ranges: done in \d+ s\n", said)
    from tf_lpdistill.tflite.runtime import Runner

    run = Runner(bundle.files["int8"])
    rgb = np.repeat(digits.test.images[:200], 3, axis=-1)
    found = np.stack([run(image) for image in rgb])
    logits = chain.quantized.predict(trained.test[:200])
    expected = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    # This student has learnt little: two classes are often all but equal, and either may win.
    second, first = np.sort(expected)[:, -2:].T
    sure = first - second > 0.1
    assert sure.mean() > 0.5
    assert (found.argmax(-1) == expected.argmax(-1))[sure].all()
    # The softmax of int8 is a table: up to some levels of 1/256 beside the exact one.
    assert np.abs(found - expected).max() < 0.12


def test_what_was_won_makes_the_zipped_file_smaller(chain, trained, export):
    sizes = [
        export(student, precisions=["float32"]).facts()["files"]["float32"]["zipped_bytes"]
        for student in (trained.student, chain.pruned, chain.clustered)
    ]
    assert sizes[0] > sizes[1] > sizes[2]


def test_the_student_is_not_changed(chain, trained):
    assert chain.pruned is not trained.student and chain.clustered is not chain.pruned
    for name in ("conv1", "features", "logits"):  # features are found where they were
        assert chain.pruned.get_layer(name).name == name
    assert np.mean(kernels(trained.student)[1] == 0) == 0


def test_layers_in_float_are_refused(chain, export):
    settings = tflite.Conversion(int8_input="float32", float_layers=("conv1",))
    with pytest.raises(ValueError, match=r"computed in int8 as it was trained.*\['conv1'\]"):
        export(chain.quantized, precisions=["int8"], conversion=settings)
