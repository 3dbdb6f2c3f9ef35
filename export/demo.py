"""Adds a page to a phone bundle, to try the student with a picture, the camera, a drawing.

  python export/demo.py --bundle phone/            # phone/demo.html and what it needs
  python export/demo.py --bundle phone/ --serve    # and a server for it on this computer

The page runs the bundle's own files in the browser with LiteRT.js. It fetches nothing from
elsewhere and sends nothing: its content security policy forbids both. The runtime (19 MB, of which
a browser loads half) comes from npm once, as export/demo/package-lock.json pins it.
"""

import functools
import http.server
import pathlib
import shutil
import subprocess

from absl import app, flags

import command

SOURCE = pathlib.Path(__file__).parent / "demo"
PAGE = "demo.html"
FOLDER = "demo"
# The build with SIMD and the one without it; the runtime chooses.
_WASM = ("litert_wasm_internal", "litert_wasm_compat_internal")

_BUNDLE = flags.DEFINE_string("bundle", None, "The folder of the bundle.")
_SERVE = flags.DEFINE_bool("serve", False, "Serve the page on this computer until interrupted.")
_PORT = flags.DEFINE_integer("port", 8000, "Port of the server.", lower_bound=1, upper_bound=65535)
flags.mark_flags_as_required(["bundle"])


def fetch_runtime():
    """Lets npm fetch the runtime, unless it is there, and returns its folder."""
    folder = SOURCE / "node_modules" / "@litertjs"
    if not (folder / "core" / "dist" / "index.js").is_file():
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError(
                "The page's runtime comes from npm, which is not installed: install Node.js, "
                "https://nodejs.org, and try again."
            )
        options = ["--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(
            [npm, "ci", *options], cwd=SOURCE, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"npm cannot fetch the page's runtime: {done.stderr}")
    return folder


def build(bundle):
    """Copies the page and its runtime into the bundle's folder, and notes them in bundle.json.

    Args:
        bundle: the `Bundle`.

    Returns:
        The page's path.
    """
    batch_size = bundle.facts()["made_from"]["conversion"]["batch_size"]
    if not bundle.labels or batch_size != 1:
        raise ValueError(
            "The page shows the classes of one picture at a time. Received: "
            f"--bundle={bundle.directory} with {len(bundle.labels)} labels and "
            f"batch_size={batch_size}. Export a classifier with a batch of 1."
        )
    packages = fetch_runtime()
    target = bundle.directory / FOLDER
    shutil.rmtree(target, ignore_errors=True)
    (target / "litert" / "wasm").mkdir(parents=True)
    for name in ("page.js", "classifier.js", "demo.css"):
        shutil.copy(SOURCE / name, target)
    for name in _WASM:
        for suffix in (".js", ".wasm"):
            shutil.copy(packages / "core" / "wasm" / (name + suffix), target / "litert" / "wasm")
    # Browsers resolve no package names: the one import among the two packages becomes a path.
    code = (packages / "core" / "dist" / "index.js").read_text(encoding="utf-8")
    code = code.replace('"@litertjs/wasm-utils"', '"./wasm-utils.js"')
    (target / "litert" / "index.js").write_text(code, encoding="utf-8")
    shutil.copy(packages / "wasm-utils" / "dist" / "index.js", target / "litert" / "wasm-utils.js")
    shutil.copy(SOURCE / PAGE, bundle.directory)
    bundle.record(bundle.facts() | {"demo": [PAGE, FOLDER]})
    return bundle.directory / PAGE


def serve(directory, port):
    """Returns a server of the folder, for this computer only; `serve_forever` starts it."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=directory)
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)


def run():
    """Builds the page, and returns the bundle."""
    command.check_exists(_BUNDLE)
    with command.silence():
        from tf_lpdistill import tflite
    bundle = tflite.Bundle.open(_BUNDLE.value)
    build(bundle)
    return bundle


def main(argv):
    """Builds the page and serves it, or says how to."""
    bundle = command.call(argv, run)
    print(bundle.directory / PAGE)
    if not _SERVE.value:
        print(f"python -m http.server {_PORT.value} --bind 127.0.0.1 -d {bundle.directory}")
        return
    with serve(bundle.directory, _PORT.value) as server:
        print(f"http://127.0.0.1:{_PORT.value}/{PAGE}   (Ctrl+C ends it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    app.run(main)
