"""The start-up that recipes share."""

import types

import pytest

import common
from tf_lpdistill import distribution


@pytest.mark.parametrize(("of_flag", "real"), [(64, 7), (7, None)])
def test_the_real_batch_is_what_replicas_must_share(mirrored, monkeypatch, tmp_path, of_flag, real):
    chosen = types.SimpleNamespace(
        strategy="mirrored", batch_size=of_flag, run_dir=str(tmp_path / "run")
    )
    monkeypatch.setattr(common, "FLAGS", chosen)
    monkeypatch.setattr(distribution, "get_strategy", lambda name: mirrored)
    with pytest.raises(ValueError, match=r"multiple of the 2 replicas.*batch_size=7"):
        common.start("image_folder", "Few photos", batch_size=real)
    assert not (tmp_path / "run").exists()
