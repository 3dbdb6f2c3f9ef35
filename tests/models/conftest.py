import keras
import pytest

from tf_lpdistill import models

# One small network of each family, all for 16x16 or 32x32 pixels and four classes.
SMALL = {
    "fitnet": lambda: models.fitnet(((8, 8), (12, 12), (16,)), (16, 16, 3), 4),
    "fitnet_teacher": lambda: models.mnist_teacher((28, 28, 1), 4),
    "mnist_student": lambda: models.mnist_student((28, 28, 1), 4),
    "imagenet_resnet": lambda: models.resnet(18, (32, 32, 3), 4, filters=(8, 8, 8, 16, 16)),
    "resnet_cifar": lambda: models.resnet_cifar(8, (16, 16, 3), 4),
    "wide_resnet": lambda: models.wide_resnet(10, 1, (16, 16, 3), 4, dropout=0.1),
    "vgg_cifar": lambda: models.vgg_cifar(((8,), (8,), (8, 8), (16,), (16,)), (16, 16, 3), 4),
    "squeezenet": lambda: models.squeezenet(32, 3, ((8,), (8, 16), (16,)), (32, 32, 3), 4, "small"),
    "mobilenet_v1": lambda: models.mobilenet_v1((32, 32, 3), 4, alpha=0.25),
    "mobilenet_v2": lambda: models.mobilenet_v2((32, 32, 3), 4, alpha=0.35),
    "mobilenet_v3": lambda: models.mobilenet_v3_small((32, 32, 3), 4, alpha=0.75),
    "shufflenet_v1": lambda: models.shufflenet_v1((16, 16, 3), 4, groups=2, stem_stride=1),
    "shufflenet_v2": lambda: models.shufflenet_v2((16, 16, 3), 4, width=0.5, stem_stride=2),
    "inception_bn": lambda: models.inception_bn((32, 32, 3), 4),
}
SLOW = ("fitnet_teacher", "imagenet_resnet", "vgg", "mobilenet", "shufflenet", "inception")


def _families():
    for family in SMALL:
        yield pytest.param(family, marks=[pytest.mark.slow] * family.startswith(SLOW))


@pytest.fixture(scope="module", params=_families())
def small(request):
    """A small network of each family; those that take seconds to build or convert are slow."""
    keras.utils.set_random_seed(0)
    return SMALL[request.param]()
