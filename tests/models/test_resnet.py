import pytest

from tf_lpdistill import models


# torchvision's resnet18 and resnet34, which hold the statistics of BatchNorm apart.
@pytest.mark.parametrize(
    ("name", "parameters", "macs"),
    [("resnet18", 11_689_512, 1.8e9), ("resnet34", 21_797_672, 3.6e9)],  # He et al., Table 1
)
def test_parameters(name, parameters, macs):
    model = models.get(name)()
    assert sum(weight.numpy().size for weight in model.trainable_weights) == parameters
    assert models.count_macs(model) == pytest.approx(macs, rel=0.025)


def test_stages():
    model = models.resnet(18, filters=(8, 8, 16, 24, 32))
    assert model.name == "resnet18"
    for stage, side, channels in (("stem", 112, 8), ("stage1", 56, 8), ("stage4", 7, 32)):
        assert model.get_layer(stage).output.shape[1:] == (side, side, channels)
    assert model.get_layer("stage2").input is model.get_layer("stage2_pre").output
    # Only where the shape changes is there anything on the shortcut.
    shortcuts = [layer.name for layer in model.layers if layer.name.endswith("shortcut_conv")]
    assert shortcuts == [f"stage{stage}_block1_shortcut_conv" for stage in (2, 3, 4)]


def test_another_depth_is_refused():
    with pytest.raises(ValueError, match="must be 18 or 34; .*ResNet50.* Received: depth=50"):
        models.resnet(50)
