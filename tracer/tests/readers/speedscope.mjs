// Has speedscope itself load a file and save what it made of it, which is printed:
// node speedscope.mjs JSDOM_FOLDER SPEEDSCOPE_FOLDER FILE

import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [jsdom, speedscope, file] = process.argv.slice(2);
const { JSDOM, VirtualConsole } = createRequire(join(resolve(jsdom), "package.json"))("jsdom");

const { window } = new JSDOM("<body></body>", {
  runScripts: "outside-only",
  url: "http://localhost/#localProfilePath=none",
  pretendToBeVisual: true,
  // What it logs goes nowhere.
  virtualConsole: new VirtualConsole(),
});
// What a document without a screen lacks.
window.matchMedia = () => ({ matches: false, addListener() {}, removeListener() {} });
window.Element.prototype.scrollIntoView = () => {};
window.HTMLCanvasElement.prototype.getContext = () => null;
Object.assign(window, { TextDecoder, TextEncoder });
// What is saved would be downloaded.
let saved;
window.Blob = class {
  constructor(parts) {
    saved = parts.join("");
  }
};
window.URL.createObjectURL = () => "blob:none";

const release = join(speedscope, "dist", "release");
const bundle = readdirSync(release).find((name) => /^speedscope-.*\.js$/.test(name));
window.eval(readFileSync(join(release, bundle), "utf8"));
window.speedscope.loadFileFromBase64("export.json", readFileSync(file).toString("base64"));

// Loading ends when it ends: saving does nothing before.
const ctrlS = () => new window.KeyboardEvent("keydown", { key: "s", ctrlKey: true });
for (let tries = 0; tries < 200 && saved === undefined; tries += 1) {
  await new Promise((wake) => setTimeout(wake, 50));
  window.dispatchEvent(ctrlS());
}
process.stdout.write(saved ?? "", () => process.exit(saved === undefined ? 1 : 0));
