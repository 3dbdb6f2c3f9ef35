import io
import struct
import zipfile

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from tf_lpdistill.tflite import metadata
from tf_lpdistill.tflite.convert import convert, phone_function
from tf_lpdistill.tflite.keras_student import frozen


class Bytes:
    """A reader of FlatBuffers that shares no code with what is tested."""

    def __init__(self, data, position=None):
        self.data = data
        self.position = self._u32(0) if position is None else position

    def _u32(self, at):
        return struct.unpack_from("<I", self.data, at)[0]

    def _field(self, slot):
        vtable = self.position - struct.unpack_from("<i", self.data, self.position)[0]
        return self.position + struct.unpack_from("<H", self.data, vtable + 4 + 2 * slot)[0]

    def _target(self, at):
        return at + self._u32(at)

    def table(self, slot):
        return Bytes(self.data, self._target(self._field(slot)))

    def tables(self, slot):
        start = self._target(self._field(slot))
        return [Bytes(self.data, self._target(start + 4 + 4 * i)) for i in range(self._u32(start))]

    def text(self, slot):
        start = self._target(self._field(slot))
        return self.data[start + 4 : start + 4 + self._u32(start)].decode()

    def byte(self, slot):
        return self.data[self._field(slot)]

    def number(self, slot):
        return self._u32(self._field(slot))

    def floats(self, slot):
        start = self._target(self._field(slot))
        return list(struct.unpack_from(f"<{self._u32(start)}f", self.data, start + 4))


def raw_metadata(path):
    data = path.read_bytes()
    model = schema.Model.GetRootAs(data)
    entries = {model.Metadata(i).Name(): model.Metadata(i) for i in range(model.MetadataLength())}
    return model.Buffers(entries[b"TFLITE_METADATA"].Buffer()).DataAsNumpy().tobytes()


def test_the_bytes_say_what_android_reads(phone):
    for path in phone.files.values():
        data = raw_metadata(path)
        assert data[4:8] == b"M001"
        root = Bytes(data)
        assert root.text(0) == "student"
        assert root.text(7) == "1.0.0"
        (graph,) = root.tables(3)
        (image,), (probability,) = graph.tables(2), graph.tables(3)
        assert image.text(0) == "image"
        assert image.table(3).byte(0) == 2, "ImageProperties"
        picture = image.table(3).table(1)
        assert picture.byte(0) == 1, "RGB"
        assert (picture.table(1).number(0), picture.table(1).number(1)) == (8, 8)
        (unit,) = image.tables(4)
        assert unit.byte(0) == 1, "NormalizationOptions"
        assert (unit.table(1).floats(0), unit.table(1).floats(1)) == ([0.0], [1.0])
        assert (image.table(5).floats(0), image.table(5).floats(1)) == ([255.0], [0.0])
        assert probability.text(0) == "probability"
        (labels,) = probability.tables(6)
        assert (labels.text(0), labels.byte(2)) == ("labels.txt", 2)


def test_labels_lie_uncompressed_in_the_file(phone):
    for path in phone.files.values():
        with zipfile.ZipFile(path) as archive:
            (info,) = archive.infolist()
            assert (info.filename, info.compress_type) == ("labels.txt", zipfile.ZIP_STORED)
            text = archive.read("labels.txt").decode()
        assert text.splitlines() == list(phone.labels)
        assert text == (phone.directory / "labels.txt").read_text()


def test_read_gives_back_what_was_written(phone):
    expected = metadata.classifier("student", metadata.About(), (8, 8), 10)
    found, files = metadata.read(phone.files["int8"])
    assert found == expected
    assert files["labels.txt"].startswith(b"digit 0\ndigit 1\n")


def test_about_is_written_and_empty_words_are_not():
    about = metadata.About("Ziffern.", "7", "Jemand", "Apache-2.0")
    words = metadata.classifier("n", about, (8, 6), 3)
    assert [words[k] for k in ("description", "version", "author", "license")] == [
        "Ziffern.", "7", "Jemand", "Apache-2.0",
    ]  # fmt: skip
    size = words["subgraph_metadata"][0]["input_tensor_metadata"][0]["content"]
    assert size["content_properties"]["ImageProperties"]["default_size"] == {
        "width": 6,
        "height": 8,
    }
    assert "author" not in metadata.classifier("n", metadata.About(), (8, 6), 3)


@pytest.fixture(scope="module")
def plain(grey):
    return convert(phone_function(frozen(grey.model), grey.preprocessing, True), "float32")


def attached(plain):
    words = metadata.classifier("n", metadata.About(), (8, 8), 10)
    return metadata.attach(plain, words, {"labels.txt": b"a\nb\n"})


def test_attaching_changes_no_result(plain, digits):
    results = []
    for model in (plain, attached(plain)):
        interpreter = Interpreter(model_content=model)
        interpreter.allocate_tensors()
        image = np.repeat(digits.test.images[:1], 3, -1).astype("float32")
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
        interpreter.invoke()
        results.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
    np.testing.assert_array_equal(*results)


def test_the_same_student_gives_the_same_bytes(plain):
    assert attached(plain) == attached(plain)


def test_weights_stay_aligned(plain):
    """The schema asks for 16 bytes; a 4-byte start may trap on 32-bit ARM."""
    data = attached(plain)
    model = schema.Model.GetRootAs(data)
    whole = np.frombuffer(data, np.uint8)
    starts = [
        model.Buffers(i).DataAsNumpy().__array_interface__["data"][0]
        - whole.__array_interface__["data"][0]
        for i in range(model.BuffersLength())
        if model.Buffers(i).DataLength()
    ]
    assert len(starts) > 5
    assert [start % 16 for start in starts] == [0] * len(starts)


def test_a_plain_file_has_no_metadata(plain):
    assert metadata.read(plain) == (None, {})


def test_what_does_not_survive_is_an_error(plain, monkeypatch):
    monkeypatch.setattr(metadata, "read", lambda model: (None, {}))
    with pytest.raises(RuntimeError, match="did not survive"):
        attached(plain)


def test_the_archive_is_readable_as_a_zip(plain):
    with zipfile.ZipFile(io.BytesIO(attached(plain))) as archive:
        assert archive.testzip() is None
