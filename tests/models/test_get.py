import keras
import pytest

from tf_lpdistill import models


def test_the_networks_of_the_common_tables_are_there():
    assert {"fitnet1", "mnist_student", "resnet8x4", "wrn_40_2", "vgg13"} <= set(models.BUILDERS)
    assert {"mobilenet_v2", "shufflenet_v2", "squeezenet_1_1"} <= set(models.BUILDERS)
    assert not {"resnet_cifar", "application", "classifier"} & set(models.BUILDERS)
    assert set(models.BUILDERS) < set(models.__all__) and "resnet_cifar" in models.__all__


def test_by_name():
    assert models.get("resnet20") is models.resnet20
    model = models.get("applications:MobileNetV2")((32, 32, 3), 5)
    assert model.output_shape == (None, 5)
    assert models.get("keras_hub:resnet_18_imagenet").args == ("resnet_18_imagenet",)


@pytest.mark.parametrize(
    "name",
    ["resnet", "resnet_cifar", "applications:resnet50", "keras_hub:", "other:vgg8", "", None],
)
def test_an_unknown_name_lists_the_known(name):
    known = r"\[.*'fitnet1'.*'vgg8'.*'applications:ResNet50'.*\], or 'keras_hub:PRESET'"
    with pytest.raises(ValueError, match=f"Unknown model. Expected one of {known}. Received: "):
        models.get(name)


def test_the_seed_fixes_the_weights():
    first, second = [], []
    for weights in (first, second):
        keras.utils.set_random_seed(3)
        weights += models.get("resnet8x4")((8, 8, 3)).get_weights()
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
