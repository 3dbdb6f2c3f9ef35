// The page around the classifier: pictures in, bars out.
import { Classifier, openBundle } from "./classifier.js";

const $ = (id) => document.getElementById(id);
const TOP = 5;
let facts, classifier, source, stream, turn = 0;

async function start() {
  facts = await openBundle();
  document.title = `Try ${facts.name}`;
  $("name").textContent = facts.name;
  $("about").textContent =
    facts.about.description || `An image classifier with ${facts.labels.length} classes.`;
  const measured = facts.keras ? ` Scored on ${facts.keras.images} images.` : "";
  $("facts").textContent = `Classes: ${facts.labels.slice(0, 12).join(", ")}` +
    (facts.labels.length > 12 ? ", ..." : ".") + measured;
  for (const [precision, file] of Object.entries(facts.files)) {
    const score = file.accuracy === undefined ? "" : `, ${(100 * file.accuracy).toFixed(1)} %`;
    const text = `${precision}, ${Math.ceil(file.bytes / 1024)} KB${score}`;
    $("precision").append(new Option(text, precision));
  }
  const grey = facts.preprocessing.color === "grayscale";
  $("draw").hidden = !grey;
  $("seen").classList.toggle("grey", grey);
  $("use-camera").disabled = !navigator.mediaDevices;
  const wanted = new URLSearchParams(location.search).get("precision");
  if (wanted in facts.files) $("precision").value = wanted;
  await choose($("precision").value);
}

async function choose(precision) {
  $("best").textContent = "Loading ...";
  const next = await Classifier.load(facts, precision);
  const last = classifier;
  classifier = next;
  $("best").textContent = "Ready";
  await look();
  last?.close(); // not before: the camera may have been at work with it
}

/** Classifies what is on the stage; `name` marks the answer for whoever waits for it. */
async function look(name = "") {
  if (!source || !classifier) return;
  const mine = ++turn;
  const pixels = classifier.see(source, $("seen"));
  const begin = performance.now();
  const found = await classifier.classify(pixels);
  const time = performance.now() - begin;
  if (mine !== turn) return; // a later picture is on its way
  $("best").textContent = found[0].label;
  $("best").dataset.index = found[0].index;
  $("best").dataset.picture = name;
  $("detail").textContent = `${(100 * found[0].score).toFixed(1)} % sure, ${time.toFixed(1)} ms here`;
  $("scores").replaceChildren(...found.slice(0, TOP).map(row));
}

function row({ label, score }) {
  const item = document.createElement("li");
  const [bar, name, percent] = Array.from({ length: 3 }, () => document.createElement("span"));
  bar.className = "bar";
  bar.style.width = `${100 * score}%`;
  name.textContent = label;
  percent.textContent = `${(100 * score).toFixed(1)} %`;
  item.append(bar, name, percent);
  return item;
}

function show(id) {
  for (const name of ["hint", "picture", "camera", "pad"]) $(name).hidden = name !== id;
  $("stage").classList.toggle("busy", id !== "hint");
  $("use-camera").setAttribute("aria-pressed", id === "camera");
  $("draw").setAttribute("aria-pressed", id === "pad");
  $("draw").textContent = id === "pad" ? "Clear" : "Draw";
  if (id !== "camera") stream?.getTracks().forEach((track) => track.stop());
  $("error").hidden = true;
}

async function open(file) {
  if (!file) return;
  const picture = $("picture");
  if (picture.src) URL.revokeObjectURL(picture.src);
  picture.src = URL.createObjectURL(file);
  try {
    await picture.decode();
  } catch {
    throw new Error(`${file.name} is not a picture that this browser reads`);
  }
  picture.classList.toggle("tiny", picture.naturalWidth < 100);
  show("picture");
  source = picture;
  await look(file.name);
}

async function useCamera() {
  if (!$("camera").hidden) return show("hint");
  const video = { facingMode: "environment" };
  stream = await navigator.mediaDevices.getUserMedia({ video }).catch((error) => {
    throw new Error(`The camera cannot be used: ${error.message}`);
  });
  show("camera");
  source = $("camera");
  source.srcObject = stream;
  await source.play();
  while (!source.hidden && source === $("camera")) {
    await look("camera");
    await new Promise(requestAnimationFrame);
  }
}

function draw() {
  const pad = $("pad").getContext("2d");
  pad.fillStyle = "#000";
  pad.fillRect(0, 0, 280, 280);
  Object.assign(pad, { strokeStyle: "#fff", lineWidth: 30, lineCap: "round", lineJoin: "round" });
  show("pad");
  source = $("pad");
}

function stroke(event) {
  if (!event.buttons) return;
  const pad = $("pad").getContext("2d");
  const scale = 280 / $("pad").clientWidth;
  const [x, y] = [event.offsetX * scale, event.offsetY * scale];
  pad.beginPath();
  pad.moveTo(x - event.movementX * scale, y - event.movementY * scale);
  pad.lineTo(x, y);
  pad.stroke();
  attempt(() => look("pad"));
}

async function attempt(action) {
  try {
    $("error").hidden = true;
    await action();
  } catch (error) {
    $("error").textContent = `${error.message}.`;
    $("error").hidden = false;
  }
}

$("file").addEventListener("change", (e) => attempt(() => open(e.target.files[0])));
$("precision").addEventListener("change", (e) => attempt(() => choose(e.target.value)));
$("use-camera").addEventListener("click", () => attempt(useCamera));
$("draw").addEventListener("click", draw);
$("pad").addEventListener("pointerdown", stroke);
$("pad").addEventListener("pointermove", stroke);
addEventListener("paste", (e) => attempt(() => open(e.clipboardData.files[0])));
for (const name of ["dragover", "dragleave", "drop"]) {
  addEventListener(name, (event) => {
    event.preventDefault();
    $("stage").classList.toggle("over", name === "dragover");
    if (name === "drop") attempt(() => open(event.dataTransfer.files[0]));
  });
}
attempt(start);
