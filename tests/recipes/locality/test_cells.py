"""The cells: which images, and how many."""

import numpy as np
import pytest

from locality.cells import CELLS, VALIDATION, shrink
from tf_lpdistill.data import Split


def test_shrinking_averages_blocks():
    image = np.array([[0, 2, 100, 100], [4, 6, 100, 101], [9, 9, 0, 0], [9, 9, 0, 255]], np.uint8)
    split = Split(image[None, :, :, None], np.zeros(1, int))
    found = shrink(split, 2).images
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[0, :, :, 0], [[3, 100], [9, 64]])


def test_a_size_that_does_not_divide_is_refused(digits):
    with pytest.raises(ValueError, match=r"must divide the side.*size=3 with .*\(8, 8, 1\)"):
        shrink(digits.test, 3)


def test_cells_that_share_a_teacher_agree_on_it():
    settings = {}
    for cell in CELLS.values():
        own = (cell.teacher, cell.teacher_epochs, cell.teacher_augmentation, cell.size)
        assert settings.setdefault(cell.teacher_name, own) == own
    assert len(settings) == 5


def test_the_clothes_are_small_and_validated_on_their_own_images(real_data_dir):
    loaded = CELLS["clothes_residual"].load(real_data_dir)
    assert loaded.image_shape == (32, 32, 3)
    assert [len(split) for split in loaded.splits().values()] == [3068, 341, 372]


def test_few_of_the_validation_images_of_mnist_are_used(real_data_dir):
    loaded = CELLS["mnist_plain"].load(real_data_dir)
    assert len(loaded.validation) == VALIDATION and len(loaded.train) == 54_000
