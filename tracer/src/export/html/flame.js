// Where the frames of the flame graph are, and how they are drawn.

const ROW_HEIGHT = 20;

/** Frames narrower than this, in pixels, are drawn as one with their neighbours. */
const LEAST_WIDTH = 1.5;

/** Rows that a canvas has room for in every browser. */
const MOST_ROWS = 400;

/**
 * Boxes to draw: the callers of `zoom` over the whole width, then what it calls. A box
 * with `merged` stands for so many frames too small to see.
 */
function layout(tree, weight, zoom, width) {
  const sums = tree.sums[weight];
  const path = pathTo(tree, zoom);
  const boxes = path.map((node, row) => ({ node, x: 0, width, row, isAbove: node !== zoom }));
  const scale = sums[zoom] > 0 ? width / sums[zoom] : 0;
  const open = [boxes[boxes.length - 1]];
  while (open.length) {
    const box = open.pop();
    const row = box.row + 1;
    if (row >= MOST_ROWS) continue;
    let x = box.x;
    const inside = childrenOf(tree, box.node, weight);
    for (let i = 0; i < inside.length; i++) {
      const wide = sums[inside[i]] * scale;
      if (wide < LEAST_WIDTH) {
        let rest = 0;
        for (let j = i; j < inside.length; j++) rest += sums[inside[j]] * scale;
        const merged = inside.length - i;
        if (rest >= 0.5) boxes.push({ node: box.node, x, width: rest, row, merged });
        break;
      }
      const child = { node: inside[i], x, width: wide, row };
      boxes.push(child);
      open.push(child);
      x += wide;
    }
  }
  return boxes;
}

/** A name in at most `room` characters: packages lose their path first. */
function shortName(name, room) {
  if (name.length <= room) return name;
  const short = name.replace(/^(?:[\w.~%-]+\/)+/, "");
  if (short.length <= room) return short;
  return room > 3 ? `${short.slice(0, room - 1)}…` : "";
}

/** The legend: words by the name of a colour; what has none is not shown. */
function showLegend(words) {
  const items = Object.entries(words).map(([name, words]) => {
    const swatch = element("span", { id: `swatch-${name}`, class: "swatch" });
    const item = element("li", {}, swatch, words);
    item.hidden = !words;
    return item;
  });
  byId("legend").replaceChildren(...items);
}

/** Colours of the legend as the style has them now, in its order. */
function legendColors() {
  const swatches = [...byId("legend").querySelectorAll(".swatch")];
  return swatches.map((swatch) => getComputedStyle(swatch).backgroundColor);
}

/** Colours of what is on frames, and their font. */
function readPalette() {
  const { color: text, outlineColor: accent } = getComputedStyle(document.querySelector(".swatch"));
  return { text, accent, font: getComputedStyle(byId("flame")).fontFamily };
}

/**
 * Draws `boxes`, each with the colour that `fill` gives it; `found` are the nodes of a
 * search, `current` the one with the focus.
 */
function paint(canvas, tree, boxes, fill, { found, current, hovered }) {
  const width = canvas.clientWidth;
  const rows = 1 + boxes.reduce((most, box) => Math.max(most, box.row), 0);
  const height = rows * ROW_HEIGHT;
  const ratio = Math.min(devicePixelRatio || 1, 16000 / height);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  const palette = readPalette();
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.font = `11.5px ${palette.font}`;
  context.textBaseline = "middle";
  const letter = context.measureText("mmmmmmmmmm").width / 10;
  for (const box of boxes) {
    const y = box.row * ROW_HEIGHT;
    const wide = Math.max(box.width - 1, 0.75);
    const isFaint = box.merged || (found && !found[box.node]);
    context.globalAlpha = isFaint ? 0.3 : box.isAbove ? 0.6 : 1;
    context.fillStyle = fill(box);
    context.beginPath();
    context.roundRect(box.x, y, wide, ROW_HEIGHT - 1, Math.min(2, wide / 2));
    context.fill();
    if (box.merged) continue;
    const room = Math.floor((box.width - 9) / letter);
    const words = room > 2 ? shortName(describe(tree, box.node).name, room) : "";
    if (words) {
      context.globalAlpha = isFaint ? 0.55 : 1;
      context.fillStyle = palette.text;
      context.fillText(words, box.x + 5, y + ROW_HEIGHT / 2);
    }
  }
  context.globalAlpha = 1;
  context.strokeStyle = palette.accent;
  for (const box of boxes) {
    const isCurrent = box.node === current;
    if (box.merged || !(isCurrent || box.node === hovered)) continue;
    context.lineWidth = isCurrent ? 2 : 1;
    const edge = context.lineWidth / 2;
    const wide = Math.max(box.width - 1 - 2 * edge, 1);
    context.strokeRect(box.x + edge, box.row * ROW_HEIGHT + edge, wide, ROW_HEIGHT - 1 - 2 * edge);
  }
}
