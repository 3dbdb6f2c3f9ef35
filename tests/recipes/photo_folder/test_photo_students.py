import keras
import pytest

from photo_folder import photo_students
from tf_lpdistill import data


@pytest.fixture(scope="module")
def photos(digits):
    """Images of 32 pixels in colour; what they show does not matter here."""
    split = data.Split(digits.train.images[:16].repeat(4, 1).repeat(4, 2).repeat(3, 3), [0, 1] * 8)
    return data.ImageData("photos", split, None, None, ("a", "b"))


def test_three_sizes(photos):
    found = photo_students.find(list(photo_students.SIZES), photos, "-1..1")
    sizes = {short: build().count_params() for short, build in found.items()}
    assert list(sizes) == ["small", "medium", "large"]
    assert 50_000 < sizes["small"] < 70_000 < sizes["medium"] < 300_000 < sizes["large"] < 900_000
    model = found["small"]()
    assert model.input_shape == (None, 32, 32, 3) and model.output_shape == (None, 2)
    assert model.get_layer("features").output.shape == (None, 128)


def test_names_and_files(photos, tmp_path):
    path = tmp_path / "my net.keras"
    keras.Sequential(
        [keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(2)]
    ).save(path)
    found = photo_students.find([str(path), "resnet20"], photos, "-1..1")
    assert list(found) == ["my_net", "resnet20"]
    assert found["resnet20"]().output_shape == found["my_net"]().output_shape == (None, 2)


def test_what_does_not_fit_is_refused(photos, tmp_path):
    path = tmp_path / "other.keras"
    keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)]).save(
        path
    )
    with pytest.raises(
        ValueError, match=r"--student must take images of photos as they are.*\(32, 32"
    ):
        photo_students.find([str(path)], photos, "-1..1")
    with pytest.raises(ValueError, match="--student must be a .keras file or a network's name"):
        photo_students.find(["tiny"], photos, "-1..1")
    with pytest.raises(ValueError, match="--student lists 'small' twice"):
        photo_students.find(["small", "small"], photos, "-1..1")
    with pytest.raises(ValueError, match="--student must list some of small, medium, large"):
        photo_students.find([], photos, "-1..1")
