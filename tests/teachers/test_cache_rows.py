"""Rows in `.npy` files whose length is known last."""

import zlib

import numpy as np
import pytest

from tf_lpdistill.teachers.cache.rows import RowSpec, append, checksums, memory_map, specs_of


@pytest.mark.parametrize("shape", [(), (10,), (7, 7, 2048)])
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_the_header_keeps_its_length(shape, dtype):
    spec = RowSpec("a.npy", shape, dtype)
    assert {len(spec.header(rows)) for rows in (0, 9, 10**6, 10**12)} == {len(spec.header(0))}
    assert spec.row_bytes == np.zeros(shape, dtype).nbytes


def test_numpy_reads_what_was_appended(tmp_path):
    spec, rng = RowSpec("a.npy", (3, 2), "float16"), np.random.default_rng(0)
    parts = [rng.normal(size=(rows, 3, 2)).astype("float16") for rows in (4, 4, 1)]
    found, start = [], 0
    for part in parts:
        found.append(append(tmp_path, spec, start, part))
        start += len(part)
    assert found == [zlib.crc32(part.tobytes()) for part in parts]
    with open(tmp_path / "a.npy", "rb+") as file:
        file.write(spec.header(9))
    whole = np.concatenate(parts)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), whole)
    np.testing.assert_array_equal(memory_map(tmp_path, spec, 9), whole)
    assert list(checksums(tmp_path, spec, [4, 4, 1])) == found
    assert list(checksums(tmp_path, spec, [4, 5])) != found[:2]


def test_appending_cuts_off_what_stood_behind(tmp_path):
    spec = RowSpec("a.npy", (2,), "float32")
    append(tmp_path, spec, 0, np.ones((5, 2), "float32"))
    append(tmp_path, spec, 2, np.zeros((1, 2), "float32"))
    size = (tmp_path / "a.npy").stat().st_size
    assert size == len(spec.header(0)) + 3 * 8
    np.testing.assert_array_equal(memory_map(tmp_path, spec, 3), [[1, 1], [1, 1], [0, 0]])


def test_file_names_are_plain_and_unique():
    array = np.zeros((2, 3), "float16")
    specs = specs_of({"features.a/b": array, "features.a_b": array, "features.größe": array})
    files = [spec.file for spec in specs.values()]
    assert files == ["0_features.a_b.npy", "1_features.a_b.npy", "2_features.gr__e.npy"]
    assert specs["features.a/b"].shape == (3,) and specs["features.a/b"].dtype == "float16"
