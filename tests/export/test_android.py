"""The pure part of the Android app, compiled and run on the JVM: `make test-android`.

The numbers it must give come from the very functions that prepare images in Python.
"""

import json
import pathlib
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.tflite import pixels

APP = pathlib.Path(__file__).parents[2] / "export" / "android"
COMPILER = APP / "check" / "node_modules" / "kotlin-compiler" / "lib"
SOURCES = APP / "app" / "src" / "main" / "java" / "org" / "lpdistill" / "sample"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A function from lines of words to the lines that the compiled code answers."""
    if shutil.which("java") is None or not (COMPILER / "kotlin-compiler.jar").is_file():
        pytest.skip("Java or the Kotlin compiler is missing: make test-android")
    jar = tmp_path_factory.mktemp("kotlin") / "check.jar"
    sources = [*sorted((SOURCES / "pure").glob("*.kt")), APP / "check" / "Check.kt"]
    classpath = f"{COMPILER}/kotlin-compiler.jar:{COMPILER}/kotlin-stdlib.jar"
    subprocess.run(
        ["java", "-cp", classpath, "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", "-Werror",
         "-no-stdlib", "-no-reflect", "-cp", f"{COMPILER}/kotlin-stdlib.jar", "-d", jar, *sources],
        check=True, timeout=300,
    )  # fmt: skip

    def ask(*lines):
        done = subprocess.run(
            ["java", "-Xmx2g", "-cp", f"{jar}:{COMPILER}/kotlin-stdlib.jar", "CheckKt"],
            input="\n".join(lines), capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        return done.stdout.splitlines()

    return ask


def case(image, size):
    """The line that asks for `image`, (height, width, 3) uint8, at another (height, width)."""
    red, green, blue = (image[..., c].astype("uint32") for c in range(3))
    argb = 0xFF000000 | red << 16 | green << 8 | blue
    numbers = [image.shape[1], image.shape[0], size[1], size[0], *argb.ravel().tolist()]
    return "resize " + " ".join(map(str, numbers))


@pytest.mark.slow
@pytest.mark.parametrize("size", [(8, 8), (5, 11), (40, 24), (20, 16)])
def test_a_picture_becomes_the_input_that_python_makes(app, digits, size):
    """Whole numbers may differ by 1 where a value lies between two: Python resizes in float32."""
    grey = tf.image.resize(digits.test.images[:6], (20, 16)).numpy().astype("uint8")
    colours = np.concatenate([grey, grey[..., ::-1, :], 255 - grey], axis=-1)
    noise = np.random.default_rng(0).integers(0, 256, colours.shape).astype("uint8")
    images = np.concatenate([colours, noise])
    expected = pixels.to_uint8(images, size).astype(int)
    lines = app(*(case(image, size) for image in images))
    found = np.array([line.split() for line in lines], int).reshape(expected.shape)
    assert np.abs(found - expected).max() <= 1
    assert np.mean(found == expected) > 0.97


@pytest.mark.slow
def test_the_best_answers_with_their_labels(app, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("Kätzchen\nhot dog\n7\nlast\n", encoding="utf-8")
    assert app(
        f"top 2 {labels} 0.1 0.2 0.6 0.1",
        f"top 9 {labels} 0.25 0.25 0.25 0.25",
        f"top 2 {labels} 0.5 0.5",
        "resize 2 2 1 1 0 0 0",
    ) == [
        "2:7 1:hot dog",
        "0:Kätzchen 1:hot dog 2:7 3:last",
        "ERROR The labels must be as many as the outputs. Received: 4 labels, 2 outputs",
        "ERROR A picture of 2x2 needs 12 values. Received: 9",
    ]


def test_make_says_what_is_missing(tmp_path):
    """Not a green run in which all was skipped."""
    for name in ("make", "bash"):
        (tmp_path / name).symlink_to(shutil.which(name))
    done = subprocess.run(
        ["make", "-C", APP.parents[1], "test-android"],
        env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "make test-android needs java, and there is none: install Java 17" in done.stderr


def test_the_pure_part_knows_nothing_of_android():
    for path in (SOURCES / "pure").glob("*.kt"):
        imports = re.findall(r"^import (\S+)", path.read_text(), flags=re.MULTILINE)
        assert all(name.startswith("kotlin.") for name in imports), path


def test_the_app_is_built_with_the_compiler_that_is_tested():
    package = json.loads((APP / "check" / "package.json").read_text())
    version = package["dependencies"]["kotlin-compiler"]
    assert f'kotlin.android") version "{version}"' in (APP / "build.gradle.kts").read_text()


def test_every_text_that_the_app_shows_is_there():
    defined = {e.get("name") for e in ET.parse(APP / "app/src/main/res/values/strings.xml").iter()}
    code = (SOURCES / "MainActivity.kt").read_text()
    used = set(re.findall(r"R\.string\.(\w+)", code))
    assert used and used <= defined
    manifest = ET.parse(APP / "app" / "src" / "main" / "AndroidManifest.xml")
    assert not manifest.findall("uses-permission"), "nothing to ask the user for"


def test_what_the_app_reads_is_in_a_bundle(reader):
    """The keys of bundle.json that Student.kt names."""
    code = (SOURCES / "Student.kt").read_text()
    facts = reader.bundle.facts()
    for key in ("preprocessing", "files"):
        assert f'"{key}"' in code and key in facts
    entry = facts["files"]["float32"]
    for key in ("input", "bytes", "file"):
        assert f'"{key}"' in code and key in entry
    assert len(facts["preprocessing"]["image_size"]) == 2 and entry["input"]["dtype"] == "float32"
