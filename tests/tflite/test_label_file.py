import pytest

from tf_lpdistill.tflite import label_file


def test_good_labels_pass():
    assert label_file.check(("T-shirt", "Hose", "été 夏"), 3) == ["T-shirt", "Hose", "été 夏"]


@pytest.mark.parametrize("bad", ["", "  ", "a\nb", "a\r", "a\u2028b", 3, None, "a\x0cb"])
def test_labels_must_be_lines(bad):
    with pytest.raises(ValueError, match="one line of text.*Received: label 1 is"):
        label_file.check(["a", bad, "c"], 3)


def test_labels_must_be_unique():
    with pytest.raises(ValueError, match=r"unique.*Received twice: \['a'\]"):
        label_file.check(["a", "b", "a"], 3)


@pytest.mark.parametrize(
    ("given", "count"), [(["a", "b"], 2), (["a", "b", "c", "d"], 4), ("abc", 1), ([], 0)]
)
def test_one_label_an_output(given, count):
    with pytest.raises(ValueError, match=f"3 outputs. Received: {count} labels"):
        label_file.check(given, 3)


def test_written_and_read_again(tmp_path):
    path = tmp_path / "labels.txt"
    names = ["T-shirt", "été 夏", " spaces stay "]
    path.write_text(label_file.to_text(names), encoding="utf-8")
    assert label_file.read(path) == names
    path.write_bytes("\ufeffone\r\ntwo".encode())  # as Windows' Notepad writes it
    assert label_file.read(path) == ["one", "two"]


def test_other_encodings_are_refused(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_bytes("été".encode("latin-1"))
    with pytest.raises(ValueError, match="must be UTF-8 text. Received: path="):
        label_file.read(path)
