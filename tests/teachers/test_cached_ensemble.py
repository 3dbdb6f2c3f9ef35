"""A cache of several teachers teaches like the live ensemble."""

import keras
import numpy as np
import pytest

from tf_lpdistill import Distiller, TeacherCache, TeacherEnsemble, models
from tf_lpdistill.losses import Hint, RelativeDissimilarity, SoftTarget


@pytest.fixture
def ensemble(teacher):
    """The trained teacher, and one that knows nothing."""
    other = models.digits_teacher()
    other.name = "other"
    return TeacherEnsemble([teacher, other], weights=[3, 1])


def trained(teacher, dataset):
    keras.utils.set_random_seed(3)
    losses = [
        SoftTarget(),
        RelativeDissimilarity("features", "features"),
        Hint("other/features", "features", regressor="dense"),
    ]
    distiller = Distiller(teacher, models.digits_student(), losses, [1.0, 1.0, 0.1])
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    distiller.compile(keras.optimizers.SGD(0.05), loss=cross_entropy)
    history = distiller.fit(dataset, steps_per_epoch=4, verbose=0, shuffle=False).history
    return distiller, history


def test_it_teaches_like_the_live_ensemble(ensemble, once, train, tmp_path):
    names = ["features", "other/features"]
    cache = TeacherCache.build(ensemble, once, tmp_path / "cache", names)
    _, expected = trained(ensemble, train)
    cached, found = trained(cache, cache.attach(train))
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=2e-3, err_msg=name)
    cached.save(tmp_path / "distiller.keras")
    assert Distiller.load(tmp_path / "distiller.keras", teacher=ensemble).teacher is ensemble
    equal = TeacherEnsemble(ensemble.teachers)  # the same models with other weights
    with pytest.raises(ValueError, match="was made with other settings than these: .*ensemble"):
        TeacherCache.build(equal, once, tmp_path / "cache", names)
    with pytest.raises(ValueError, match="this loss takes one teacher, and the ensemble has 2"):
        Distiller(cache, models.digits_student(), Hint("features", "features"))
