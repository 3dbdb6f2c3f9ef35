// From a picture to probabilities: what an app does with a file of the bundle, and no more.
import { loadAndCompile, loadLiteRt, Tensor } from "./litert/index.js";

const RUNTIME = new URL("./litert/wasm/", import.meta.url).href;
const BUNDLE = new URL("../", import.meta.url);

/** Reads bundle.json, which names the files, the labels and the size of the input. */
export async function openBundle() {
  const answer = await fetch(new URL("bundle.json", BUNDLE));
  if (!answer.ok) throw new Error(`bundle.json is not beside this page (${answer.status})`);
  return answer.json();
}

export class Classifier {
  /** Loads one file of the bundle. */
  static async load(facts, precision) {
    Classifier.runtime ??= loadLiteRt(RUNTIME);
    await Classifier.runtime;
    const url = new URL(encodeURIComponent(facts.files[precision].file), BUNDLE);
    const model = await loadAndCompile(url.href, { accelerator: "wasm" });
    return new Classifier(facts, precision, model);
  }

  constructor(facts, precision, model) {
    [this.height, this.width] = facts.preprocessing.image_size;
    this.input = facts.files[precision].input;
    this.labels = facts.labels;
    this.model = model;
  }

  /** Draws the whole picture at the model's size, as it was resized in training. */
  see(source, canvas) {
    const steps = shrink(source, this.width, this.height);
    canvas.width = this.width;
    canvas.height = this.height;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = "#fff"; // behind transparent pictures, as on paper
    context.fillRect(0, 0, this.width, this.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(steps, 0, 0, this.width, this.height);
    return context.getImageData(0, 0, this.width, this.height).data;
  }

  /** Returns [{index, label, score}], the best first, for RGBA pixels 0..255. */
  async classify(rgba) {
    const rgb = new (this.input.dtype === "uint8" ? Uint8Array : Float32Array)((rgba.length / 4) * 3);
    for (let i = 0, j = 0; i < rgba.length; i += 4) {
      rgb[j++] = rgba[i];
      rgb[j++] = rgba[i + 1];
      rgb[j++] = rgba[i + 2];
    }
    const input = new Tensor(rgb, this.input.shape);
    const [output] = await this.model.run([input]);
    const scores = Array.from(await output.data());
    input.delete();
    output.delete();
    return scores
      .map((score, index) => ({ index, label: this.labels[index], score }))
      .sort((a, b) => b.score - a.score);
  }

  close() {
    this.model.delete();
  }
}

/** Halves a large picture until one step is left: drawImage alone skips pixels in between. */
function shrink(source, width, height) {
  let current = source;
  let w = source.videoWidth || source.naturalWidth || source.width;
  let h = source.videoHeight || source.naturalHeight || source.height;
  while (w >= 2 * width && h >= 2 * height) {
    w = Math.floor(w / 2);
    h = Math.floor(h / 2);
    const half = new OffscreenCanvas(w, h);
    half.getContext("2d").drawImage(current, 0, 0, w, h);
    current = half;
  }
  return current;
}
