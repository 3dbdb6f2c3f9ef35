"""A teacher, its data and a cache of it, shared by the tests of the teacher cache."""

import keras
import pytest

from tf_lpdistill import Preprocessing, TeacherCache, data, models

PIXELS = Preprocessing((8, 8), color="grayscale", scaling="0..1")


@pytest.fixture(scope="session")
def split():
    """300 digits."""
    return data.load_digits(num_labels=300).train


@pytest.fixture(scope="session")
def once(split):
    """Every digit once, in batches of 64, with its id."""
    return data.evaluation_batches(split, PIXELS, 64, sample_ids=True)


@pytest.fixture(scope="session")
def teacher(split):
    """A teacher that has learnt a little, so that its features tell digits apart."""
    keras.utils.set_random_seed(0)
    model = models.digits_teacher()
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(
        data.training_batches(split, PIXELS, 50, seed=0),
        steps_per_epoch=12,
        verbose=0,
        shuffle=False,
    )
    return model


@pytest.fixture(scope="session")
def cache(teacher, once, tmp_path_factory):
    """A cache of the teacher's predictions and "features"; not to be changed."""
    return TeacherCache.build(teacher, once, tmp_path_factory.mktemp("cache") / "c", ["features"])


@pytest.fixture
def train(split):
    """Shuffled batches of 50 without an end."""
    return data.training_batches(split, PIXELS, 50, seed=1, sample_ids=True)
