"""Another backend of Keras is refused, at once and in clear words."""

import os
import subprocess
import sys


def test_another_backend_is_refused():
    done = subprocess.run(
        [sys.executable, "-c", "import tf_lpdistill"],
        env=os.environ | {"KERAS_BACKEND": "numpy"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "needs the TensorFlow backend of Keras. Received: backend 'numpy'" in done.stderr
    assert "KERAS_BACKEND=tensorflow" in done.stderr
