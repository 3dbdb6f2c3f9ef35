import pytest

from teaching import curves


def test_what_was_written_is_read(tmp_path):
    rows = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25, "val_loss": 1e-9}]
    curves.write_curves(tmp_path / "history.csv", "kd", 3, rows)
    first, second = curves.read_history(tmp_path / "history.csv")
    assert first == {"method": "kd", "seed": "3", "epoch": "1", "loss": "0.5", "val_loss": ""}
    assert float(second["val_loss"]) == 1e-9


@pytest.mark.parametrize(
    "content",
    [
        b"epoch,loss\n1,0.5,7\n", b"epoch,loss\n1\n", b"epoch,loss\n1,a\n", b'epoch,loss\n1,"',
        b"epoch,loss\n1,\xff\n", b"epoch\n" + b"1" * 200_000,
    ],
)  # fmt: skip
def test_damaged_curves_are_named(content, tmp_path):
    (tmp_path / "history.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"history\.csv is damaged: expected a CSV table"):
        curves.read_history(tmp_path / "history.csv")
