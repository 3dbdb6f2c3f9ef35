"""Package metadata. `pyproject.toml` holds the settings of the tools."""

import pathlib
import re

from setuptools import find_packages, setup

ROOT = pathlib.Path(__file__).parent

EXTRAS = {
    "recipes": ["absl-py>=1.2"],
    "graph": ["faiss-cpu>=1.8"],
    "tflite": ["ai-edge-litert>=2.0,<3"],
    # Takes tf_keras models only, and pins absl-py to 1.x: the one reason why an environment with
    # this extra has an older absl-py than one without.
    # It imports distutils, which Python 3.12 and later only have from setuptools.
    "compression": [
        "setuptools>=77",
        "tensorflow-model-optimization>=0.8,<0.9",
        "tf_keras>=2.20,<2.22",
    ],
    # What recipes/study.py and recipes/study_results.py need beside the recipes.
    "study": ["absl-py>=1.2", "matplotlib>=3.9", "optuna>=4.4", "scipy>=1.13"],
    # The report is drawn with numpy and the standard library.
    "report": [],
    "tuning": ["optuna>=4.4"],
    # tensorflow-datasets 4.9.10 imports importlib_resources and does not ask for it.
    "tfds": ["importlib_resources", "tensorflow-datasets>=4.9.9"],
}
EXTRAS["all"] = sorted({requirement for extra in EXTRAS.values() for requirement in extra})
EXTRAS["dev"] = [
    "build>=1.2",
    "hypothesis>=6.100",
    "mypy>=2,<3",
    "pytest>=8.2",
    "pytest-cov>=5",
    "pytest-xdist>=3.6",
    "pyyaml>=6",
    "setuptools>=77",
    "ruff>=0.17,<0.18",  # another minor version formats differently
]


def _version():
    """Reads `__version__` without importing the package, which needs TensorFlow."""
    source = (ROOT / "tf_lpdistill" / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"$', source, re.MULTILINE).group(1)


setup(
    name="tf_lpdistill",
    version=_version(),
    description="Distil Keras vision models with locality preserving losses, down to a phone file",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11,<3.14",
    packages=find_packages(include=["tf_lpdistill", "tf_lpdistill.*"]),
    package_data={
        "tf_lpdistill": ["py.typed"],
        "tf_lpdistill.data": ["digits.npz", "digits.txt"],
    },
    install_requires=[
        "tensorflow>=2.20,<2.22",
        "keras>=3.12,<4",  # the first release with keras.distillation
        "flatbuffers>=24.3",  # as TensorFlow wants it
        "numpy>=1.26",
        "tqdm>=4.60",
    ],
    extras_require=EXTRAS,
    classifiers=[
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
