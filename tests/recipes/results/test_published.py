"""Published figures beside those of a run."""

from results import published
from results.published import Published

ROWS = [
    {"name": "Teacher", "key": "teacher", "accuracy": [0.99]},
    {"name": "KD", "key": "kd", "accuracy": [0.97, 0.98]},
    {"name": "LP", "key": "lp", "accuracy": [0.96]},
]


def test_errors_are_compared_with_errors():
    figures = Published("a paper", "error", {"teacher": 0.55, "kd": 0.65})
    head, teacher, kd, lp, source = figures.lines(ROWS)
    assert head.split() == ["error", "here", "%", "published", "error", "%"]
    assert teacher.split() == ["Teacher", "1.00", "0.55"]
    assert kd.split() == ["KD", "2.50", "0.65"] and lp.split() == ["LP", "4.00"]
    assert source.startswith("Published: a paper.")
    assert figures.sentence(ROWS) == "Published error % (a paper): Teacher 0.55, KD 0.65."


def test_the_pairs_of_cifar_100():
    figures = published.find("resnet32x4", "resnet8x4", "cifar100")
    assert figures.measure == "accuracy" and figures.percent["teacher"] == 79.42
    assert figures.percent["contrastive_representation"] == 75.51
    assert figures.lines(ROWS)[1].split() == ["Teacher", "99.00", "79.42"]
    assert len(published.PAIRS) == 5


def test_the_fitnets():
    figures = published.find("fitnet_teacher", "fitnet4", "cifar10")
    assert figures.percent == {"teacher": 90.18, "fitnet": 91.61}
    figures = published.find("fitnet_teacher", "fitnet4", "cifar100")
    assert figures.percent == {"teacher": 63.54, "fitnet": 64.96}
    assert published.MNIST.percent == {"teacher": 0.55, "alone": 1.9, "kd": 0.65, "fitnet": 0.51}


def test_svhn_has_the_errors_of_a_fitnet_not_named():
    figures = published.find("fitnet_teacher", "fitnet3", "svhn_cropped")
    assert figures.measure == "error" and figures.percent == {"teacher": 2.38, "fitnet": 2.42}
    assert "Romero et al., ICLR 2015, of a FitNet not named" in figures.sentence(ROWS)
    assert published.find("resnet56", "resnet20", "svhn_cropped") is None


def test_other_networks_and_lossy_images_have_none():
    assert published.find("resnet32x4", "resnet8x4", "cifar10") is None
    assert published.find("resnet56", "resnet8x4", "cifar100") is None
    assert published.find("fitnet_teacher", "fitnet1", "cifar10_jpeg") is None
    assert published.find("fitnet_teacher", "fitnet1", "cifar100") is None
