"""The demo page in headless Chromium, used as people do: a picture is chosen, an answer is read."""

import functools
import http.server
import importlib.util
import json
import pathlib
import shutil
import subprocess
import threading

import numpy as np
import pytest
import tensorflow as tf
from absl.testing import flagsaver

from tf_lpdistill import tflite

ROOT = pathlib.Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
COUNT = 60

# Opens the page in a frame, gives it picture after picture by its own file input, and posts the
# answers back; then it tries what is no picture, the pad, and the camera.
DRIVER = """<!doctype html><meta charset="utf-8"><body>
<iframe width="900" height="900" allow="camera"></iframe>
<script type="module">
const frame = document.querySelector("iframe");
const until = async (test, what) => {
  for (let i = 0; i < 600; i++) {
    if (test()) return;
    await new Promise(done => setTimeout(done, 50));
  }
  throw new Error("waited in vain for " + what + ": " +
    frame.contentDocument.body.innerText.slice(0, 400));
};
const report = {violations: [], errors: [], answers: {}};
try {
  for (const precision of PRECISIONS) {
    frame.src = "demo.html?precision=" + precision;
    await new Promise(done => frame.onload = done);
    const page = frame.contentDocument, get = id => page.getElementById(id);
    page.addEventListener("securitypolicyviolation", e => report.violations.push(e.blockedURI));
    await until(() => get("best").textContent === "Ready", "the model");
    get("file").addEventListener("click", e => { report.opened = true; e.preventDefault(); });
    get("hint").click();
    report.title = get("name").textContent;
    report.options = [...get("precision").options].map(o => o.text);
    const give = blob => {
      const transfer = new DataTransfer();
      transfer.items.add(blob);
      get("file").files = transfer.files;
      get("file").dispatchEvent(new Event("change"));
    };
    report.answers[precision] = [];
    for (let i = 0; i < COUNT; i++) {
      const name = i + ".png";
      give(new File([await (await fetch("pictures/" + name)).blob()], name, {type: "image/png"}));
      await until(() => get("best").dataset.picture === name, name);
      report.answers[precision].push([Number(get("best").dataset.index), get("best").textContent,
        get("detail").textContent]);
    }
    give(new File(["no picture"], "thesis.txt", {type: "image/png"}));
    await until(() => !get("error").hidden, "the complaint");
    report.errors.push(get("error").textContent);
    get("draw").click();
    report.again = get("draw").textContent;
    const pad = get("pad").getBoundingClientRect(), stage = get("stage").getBoundingClientRect();
    report.inside = pad.top >= stage.top && pad.bottom <= stage.bottom;
    get("pad").dispatchEvent(new frame.contentWindow.PointerEvent("pointermove", {
      buttons: 1, clientX: pad.left + 140, clientY: pad.top + 40, movementY: -90}));
    await until(() => get("best").dataset.picture === "pad", "the drawing");
    get("use-camera").click();
    await until(() => get("best").dataset.picture === "camera", "the camera");
    get("use-camera").click();
    await until(() => get("camera").hidden, "the camera's end");
    report.overflow = page.documentElement.scrollWidth - page.documentElement.clientWidth;
  }
} catch (error) { report.failure = String(error); }
await fetch("report", {method: "POST", body: JSON.stringify(report)});
</script></body>"""


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("demo_script", ROOT / "export" / "demo.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch, flagsaver.flagsaver():
        patch.syspath_prepend(ROOT / "export")
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page(script, reader, digits, tmp_path_factory):
    """A bundle with the page in it, and real pictures to show it."""
    if shutil.which("npm") is None:
        pytest.skip("npm, which fetches the page's runtime, is not installed")
    folder = tmp_path_factory.mktemp("demo") / "phone"
    shutil.copytree(reader.bundle.directory, folder)
    bundle = tflite.Bundle.open(folder)
    script.build(bundle)
    (folder / "pictures").mkdir()
    for i, image in enumerate(digits.test.images[:COUNT]):
        (folder / "pictures" / f"{i}.png").write_bytes(tf.io.encode_png(image).numpy())
    return bundle


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the folder, and keeps what is asked for and what is posted."""

    def do_POST(self):  # noqa: N802  (the name of http.server)
        self.server.report = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.done.set()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        self.server.requests.append(self.path)


@pytest.fixture(scope="module")
def report(page, tmp_path_factory):
    """What the page answered, and what it asked the server for."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    driver = DRIVER.replace("PRECISIONS", '["float32", "int8"]').replace("COUNT", str(COUNT))
    (page.directory / "driver.html").write_text(driver)
    handler = functools.partial(Handler, directory=page.directory)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.requests, server.done, server.report = [], threading.Event(), None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={tmp_path_factory.mktemp('profile')}", "--remote-debugging-port=0",
            f"http://127.0.0.1:{server.server_address[1]}/driver.html",
        ]  # fmt: skip
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert server.done.wait(180), f"no answer; asked for {server.requests}"
        finally:
            browser.terminate()
            browser.wait(30)
            server.shutdown()
    return server.report | {"requests": server.requests}


def test_it_names_keras_class(report, reader, digits):
    assert "failure" not in report, report
    expected = reader.model.predict(digits.test.images[:COUNT] / 255.0, verbose=0).argmax(-1)
    for precision in ("float32", "int8"):
        indices, names, details = zip(*report["answers"][precision], strict=True)
        agreement = np.mean(np.array(indices) == expected)
        assert agreement == 1.0 if precision == "float32" else agreement >= 0.95
        assert list(names) == [reader.bundle.labels[i] for i in indices]
        assert all("% sure" in detail and "ms here" in detail for detail in details)


def test_a_drawing_and_the_camera_are_classified_too(report):
    assert "failure" not in report and report["inside"]
    assert report["again"] == "Clear", "what a second click does"


def test_it_shows_what_the_bundle_is(report):
    assert report["title"] == "reader"
    assert [text.split(",")[0] for text in report["options"]] == ["float32", "int8"]
    assert report["overflow"] == 0, "nothing sticks out"


def test_the_whole_stage_opens_the_chooser(report):
    assert report["opened"]


def test_what_is_no_picture_is_told(report):
    assert report["errors"] == ["thesis.txt is not a picture that this browser reads."] * 2


def test_its_security_policy_is_never_in_the_way(report):
    assert report["violations"] == []
    assert "/reader_int8.tflite" in "".join(report["requests"])


def test_it_is_part_of_the_bundle(page, reader):
    """It may be made anew, and an export may take its place."""
    facts = tflite.Bundle.open(page.directory).facts()
    assert facts["demo"] == ["demo.html", "demo"]
    assert {path.name for path in (page.directory / "demo").iterdir()} == {
        "page.js", "classifier.js", "demo.css", "litert",
    }  # fmt: skip
    text = (page.directory / "demo.html").read_text()
    sources = [p.read_text() for p in (page.directory / "demo").glob("*.*")] + [text]
    assert "default-src 'none'" in text
    assert not [s for s in sources if "https://" in s], "nothing comes from elsewhere"


def test_embeddings_and_batches_are_not_for_it(script, reader, tmp_path):
    copy = shutil.copytree(reader.bundle.directory, tmp_path / "phone")
    bundle = tflite.Bundle.open(copy)
    facts = bundle.facts()
    facts["made_from"]["conversion"]["batch_size"] = 4
    bundle.record(facts)
    with pytest.raises(ValueError, match="one picture at a time.*10 labels and batch_size=4"):
        script.build(bundle)
    assert not (copy / "demo.html").exists()


def test_without_npm_it_says_what_is_missing(script, monkeypatch, tmp_path):
    monkeypatch.setattr(script, "SOURCE", tmp_path)
    monkeypatch.setattr(script.shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match="comes from npm, which is not installed"):
        script.fetch_runtime()


def test_the_server_is_for_this_computer_only(script, tmp_path):
    with script.serve(tmp_path, 0) as server:
        assert server.server_address[0] == "127.0.0.1"
