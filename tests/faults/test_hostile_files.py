"""Hostile files: no pickles are loaded, no paths escape, bombs in archives and images refused."""

import html
import json
import os
import pickle
import re
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf

from tests.faults.archives import zip_bomb
from tf_lpdistill import (
    NeighborGraph,
    Preprocessing,
    TeacherCache,
    data,
    files,
    models,
    tflite,
)
from tf_lpdistill.data.decode import decode_image
from tf_lpdistill.data.gif import first_frame
from tf_lpdistill.report.markup import escape
from tf_lpdistill.report.neighbors import read_neighbors
from tf_lpdistill.teachers.cache.rows import RowSpec
from tf_lpdistill.tflite import label_file, metadata, old_h5

CANARY = "canary"


class Bomb:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


READERS = {
    "data.load_npz": data.load_npz,
    "NeighborGraph.load": NeighborGraph.load,
    "neighbors.npz": lambda path: read_neighbors(path, 10),
    "files.read_arrays": files.read_arrays,
    "metadata.read": metadata.read,
}


@pytest.mark.parametrize("form", ["array of objects", "bare pickle"])
@pytest.mark.parametrize("reader", READERS)
def test_a_pickle_in_an_archive_is_not_loaded(reader, form, tmp_path):
    path = tmp_path / "a.npz"
    if form == "bare pickle":
        path.write_bytes(pickle.dumps(Bomb(tmp_path / CANARY)))
    else:
        np.savez(path, x=np.array([Bomb(tmp_path / CANARY)], object), y=np.zeros(1, int))
    with pytest.raises(ValueError):
        READERS[reader](path)
    assert not (tmp_path / CANARY).exists()


@pytest.mark.parametrize("reader", READERS)
def test_a_decompression_bomb_is_refused(reader, tmp_path):
    with pytest.raises(ValueError, match="(?s)decompression bomb"):
        READERS[reader](zip_bomb(tmp_path / "a.npz"))


def png(width, height):
    def chunk(kind, content):
        crc = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(2**20))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def jpeg(width, height):
    content = bytearray(tf.io.encode_jpeg(np.zeros((8, 8, 3), np.uint8)).numpy())
    start = content.index(b"\xff\xc0")
    content[start + 5 : start + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def gif(side, *frames):
    """A GIF of one-coloured pixels; each frame is a square of the side it claims."""
    content = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(3) + b"\xff" * 3
    for claimed in frames:
        content += b"," + struct.pack("<HHHHB", 0, 0, claimed, claimed, 0) + b"\2\2L\1\0"
    return content + b";"


IMAGES = {
    "png": png(100_000, 100_000),
    "jpeg": jpeg(65_000, 65_000),
    "gif": gif(65_000, 1),
    "gif of a larger frame": gif(1, 65_000),
    "bmp": b"BM" + bytes(12) + struct.pack("<IiiHH", 40, 100_000, -100_000, 1, 24) + bytes(24),
}


@pytest.mark.parametrize("kind", IMAGES)
def test_an_image_that_claims_too_many_pixels_is_refused_undecoded(kind):
    with pytest.raises(ValueError, match="claims [0-9]+ x [0-9]+ pixels, and at most 100,000,000"):
        decode_image(IMAGES[kind])


def test_later_frames_of_a_gif_are_not_decoded():
    cut = first_frame(gif(1, 1, 65_000))[1]
    assert cut == gif(1, 1)
    np.testing.assert_array_equal(decode_image(cut), np.full((1, 1, 3), 255))


@pytest.mark.parametrize("name", ["../a.npy", "/etc/a.npy", "a/b.npy", "..\\a.npy", "a.npy\n", ""])
def test_the_files_of_a_cache_lie_in_its_folder(name):
    with pytest.raises(ValueError, match="files of its own folder. Received: file="):
        RowSpec(name, (3,), "float16")


def test_the_manifest_of_a_cache_cannot_name_another_file(tmp_path):
    cache = TeacherCache.from_arrays(tmp_path / "cache", {"logits": np.zeros((4, 3))})
    manifest = cache.directory / "cache.json"
    record = json.loads(manifest.read_text())
    record.pop("sha256")
    (spec,) = record["specs"].values()
    (cache.directory / spec["file"]).rename(tmp_path / "secret.npy")
    spec["file"] = "../secret.npy"
    manifest.write_text(json.dumps({**record, "sha256": files.json_sha256(record)}))
    with pytest.raises(ValueError, match="secret.npy"):
        TeacherCache.open(cache.directory)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret"])
def test_the_facts_of_a_bundle_cannot_name_another_file(name, tmp_path):
    (tmp_path / "secret").write_text("a")
    folder = tmp_path / "phone"
    folder.mkdir()
    entry = {"file": name, "sha256": files.sha256(tmp_path / "secret")}
    facts = {
        "format": "tf_lpdistill.bundle/1", "labels_file": entry, "files": {}, "labels": [],
        "name": "a", "softmax_added": True, "preprocessing": {"image_size": [8, 8]},
    }  # fmt: skip
    files.write_json(folder / "bundle.json", facts)
    with pytest.raises(ValueError, match="bundle is incomplete"):
        tflite.Bundle.open(folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "a\\b", "a\nb", "<b>", ".."])
def test_the_name_of_a_bundle_is_no_path(name, tmp_path):
    with pytest.raises(ValueError, match="name"):
        tflite.export_bundle(
            models.digits_student(), tmp_path / "phone", name=name, labels=list("0123456789"),
            preprocessing=Preprocessing((8, 8), "grayscale", "0..1"), precisions=["float32"],
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_a_copy_made_to_read_a_file_is_private(tmp_path):
    models.digits_student().save(tmp_path / "m.h5")
    (tmp_path / "m.h5").chmod(0o644)
    with old_h5.readable(tmp_path / "m.h5") as copy:
        modes = [path.stat().st_mode & 0o077 for path in (copy, copy.parent)]
    assert modes == [0, 0] and not copy.exists()


def photos(folder, *names):
    for number, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        pixels = np.full((4, 4, 3), number, np.uint8)
        (folder / name / "-rf.png").write_bytes(tf.io.encode_png(pixels).numpy())
    return data.load_image_folder(folder, (4, 4), fractions=(1.0, 0.0, 0.0))[0]


@pytest.mark.parametrize("name", ["a\nb", "a\u2028b", "a\r", " "])
def test_a_class_folder_whose_name_is_no_line_is_refused_before_any_training(name, tmp_path):
    with pytest.raises(ValueError, match="one line of text, not blank. Received: "):
        photos(tmp_path, name, "other")


def test_a_class_folder_is_called_what_it_is_called(tmp_path):
    names = ("-rf", "<img src=x onerror=alert(1)>", "%s{0}", "é")
    assert set(photos(tmp_path, *names).class_names) == set(names)


@pytest.mark.parametrize("name", ["a\nb", "a\u2028b", "a\r", "", " ", "\x85"])
def test_a_class_folder_whose_name_is_not_one_line_becomes_no_label(name):
    with pytest.raises(ValueError, match="one line of text that is not empty"):
        label_file.check([name, "other"], 2)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a\"b'c", "&lt;", "\x00\x1b[31m"])
def test_the_name_of_a_class_folder_is_text_in_the_report(name):
    shown = escape(name)
    assert not {"<", ">", '"', "'", "\x00", "\x1b"} & set(shown)
    assert html.unescape(shown) == re.sub("[\x00\x1b]", "\ufffd", name)
