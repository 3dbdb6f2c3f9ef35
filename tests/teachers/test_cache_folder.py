"""Damaged, foreign and unfinished caches are refused, and the file at fault is named."""

import hashlib
import json
import shutil

import numpy as np
import pytest

from tf_lpdistill import TeacherCache


@pytest.fixture
def copy(tmp_path, cache):
    """A cache that may be harmed."""
    return shutil.copytree(cache.directory, tmp_path / "copy")


def flip(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["0_predictions.npy", "1_features.features.npy", "cache.json"])
def test_one_changed_byte_anywhere_is_found(copy, name):
    path, rng = copy / name, np.random.default_rng(0)
    intact, size = path.read_bytes(), path.stat().st_size
    positions = [0, 127, 128, size - 1, *rng.integers(0, size, 12)]
    for position in positions:
        flip(path, position)
        with pytest.raises(ValueError, match=name):
            TeacherCache.open(copy)
        path.write_bytes(intact)
    assert TeacherCache.open(copy).num_samples == 300


def test_without_verify_sizes_and_headers_count_alone(copy):
    path = copy / "1_features.features.npy"
    flip(path, 5000)
    assert TeacherCache.open(copy, verify=False).num_samples == 300
    flip(path, 20)
    with pytest.raises(ValueError, match="1_features.features.npy is damaged"):
        TeacherCache.open(copy, verify=False)


@pytest.mark.parametrize("verify", [True, False])
def test_files_cut_short_prolonged_or_missing(copy, verify):
    path = copy / "1_features.features.npy"
    intact = path.read_bytes()
    for content in (intact[:-1], intact + b"\0", b""):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"features.npy is damaged: expected 76,928 bytes"):
            TeacherCache.open(copy, verify=verify)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="features.features.npy is missing"):
        TeacherCache.open(copy, verify=verify)


def test_foreign_folders(tmp_path, copy):
    with pytest.raises(FileNotFoundError, match="no teacher cache in .*nowhere"):
        TeacherCache.open(tmp_path / "nowhere")
    path = copy / "cache.json"
    for text in ('{"format": "tf_lpdistill teacher cache 2"}', "[1, 2]", "{}"):
        path.write_text(text)
        with pytest.raises(ValueError, match="cache.json is not from a teacher cache that this"):
            TeacherCache.open(copy)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="cache.json is damaged"):
        TeacherCache.open(copy)


def test_a_manifest_that_was_edited_by_hand_is_refused(copy):
    path = copy / "cache.json"
    record = json.loads(path.read_text())
    record["settings"]["teacher"] = hashlib.sha256(b"another").hexdigest()
    path.write_text(json.dumps(record, indent=2))
    with pytest.raises(ValueError, match="cache.json was changed: its checksum differs"):
        TeacherCache.open(copy)


def test_a_cache_may_be_moved(tmp_path, copy):
    moved = copy.rename(tmp_path / "moved")
    assert TeacherCache.open(str(moved)).name == "moved"
