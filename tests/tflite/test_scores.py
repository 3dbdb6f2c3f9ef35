import numpy as np
import pytest

from tf_lpdistill import tflite
from tf_lpdistill.tflite import scores
from tf_lpdistill.tflite.metadata import read


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def drawn(slope, offset, count=20_000):
    """Scores that are too sure by a known sigmoid, and labels drawn by what is true."""
    random = np.random.default_rng(0)
    logits = random.normal(0.0, 3.0, count)
    labels = random.random(count) < sigmoid(slope * logits + offset)
    return np.stack([1 - sigmoid(logits), sigmoid(logits)], axis=1), labels.astype(int)


def test_a_known_sigmoid_is_found():
    probabilities, labels = drawn(0.5, -0.4)
    first, second = tflite.fit_scores(probabilities, labels)
    assert second == pytest.approx((0.5, -0.4), abs=0.05)
    assert first == pytest.approx((0.5, 0.4), abs=0.05), "the mirror image"
    calibrated = scores.apply(probabilities, [first, second])[:, 1]
    sure = calibrated > 0.8
    assert np.mean(labels[sure]) == pytest.approx(calibrated[sure].mean(), abs=0.02)
    assert probabilities[sure, 1].mean() > calibrated[sure].mean() + 0.05, "it was too sure"


def test_classes_that_are_told_apart_keep_finite_sigmoids():
    probabilities = np.repeat([[1.0, 0.0], [0.0, 1.0]], 20, axis=0)
    fitted = tflite.fit_scores(probabilities, np.repeat([0, 1], 20))
    assert np.all(np.isfinite(fitted)) and all(slope > 0 for slope, _ in fitted)


@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        (np.ones((4, 3)) / 3, [0, 1, 1, 0], r"needs images.*Received: images .* \[2, 2, 0\]"),
        (np.ones((4, 2)) / 2, [0, 1, 2, 0], r"\[2, 1, 1\]"),
        (np.ones((4, 2)) / 2, [0, 1], r"shapes \(4, 2\) and \(2,\)"),
    ],
)
def test_what_cannot_be_fitted_is_refused(probabilities, labels, message):
    with pytest.raises(ValueError, match=message):
        tflite.fit_scores(probabilities, labels)


@pytest.mark.parametrize("value", [[(1.0, 0.0)] * 9, [(1.0, np.nan)] * 10, "abc", [1.0] * 10])
def test_a_wrong_calibration_is_refused(grey, export, tmp_path, value):
    with pytest.raises(ValueError, match=r"must be 10 pairs \(slope, offset\)"):
        export(grey, tmp_path / "p", precisions=["float32"], score_calibration=value)
    assert not any(tmp_path.iterdir())


def test_embeddings_have_no_scores(grey, export, tmp_path):
    with pytest.raises(ValueError, match="Embeddings are no scores"):
        export(grey, tmp_path / "p", labels=None, score_calibration=[(1.0, 0.0)] * 10)


def test_it_travels_in_the_metadata_and_changes_no_output(grey, export, tmp_path):
    pairs = [(0.5 + i / 10, -0.25) for i in range(10)]
    bundle = export(grey, tmp_path / "p", precisions=["float32"], score_calibration=pairs)
    description, attached = read(bundle.files["float32"])
    lines = attached["score_calibration.txt"].decode().split("\n")
    assert lines[0] == "1.0,0.5,-0.25" and len(lines) == 10, "no line end at the end"
    (output,) = description["subgraph_metadata"][0]["output_tensor_metadata"]
    assert output["process_units"] == [
        {"options": {"ScoreCalibrationOptions": {"score_transformation": 2}}}
    ]
    assert [file["type"] for file in output["associated_files"]] == [2, 4]
    assert bundle.facts()["score_calibration"] == [list(pair) for pair in pairs]
    assert "calibrates the scores" in (bundle.directory / "MODEL_CARD.md").read_text()
    result = tflite.verify(bundle, grey.model, (grey.test[:20], grey.labels[:20]))
    assert result["float32"]["max_difference"] < 1e-5
