// What the flame graph shows of the frames of two recordings: before and after.

/** Sides of the document, by the switch of the width. */
const SIDES = { after: 1, before: 0 };

/** Which recording the width of a frame is of. */
let shownSide = "after";

/**
 * Words of the legend, from what is gone to what is new. The difference of a frame over the
 * larger of its two figures has the first colour at -1, the next at -0.5, and so on; what
 * is between them has a colour between theirs.
 */
const DIFFERENCES = {
  gone: "gone",
  half: "half",
  same: "the same",
  twice: "twice",
  new: "new",
};

const sumName = (side, measure) => `${side} ${measure}`;

function sumsOf(sums, measure) {
  return ["before", "after"].map((side) => sums[sumName(side, measure)]);
}

function figuresOf(tree, node, measure) {
  return sumsOf(tree.sums, measure).map((sums) => sums[node]);
}

/** A colour of the scale; `colors` are lists of red, green and blue. */
function differenceColor(colors, before, after) {
  const larger = Math.max(before, after);
  const share = larger > 0 ? (after - before) / larger : 0;
  const place = ((share + 1) / 2) * (colors.length - 1);
  const below = Math.min(Math.floor(place), colors.length - 2);
  const mixed = colors[below].map((from, i) => from + (colors[below + 1][i] - from) * (place - below));
  return `rgb(${mixed.map(Math.round).join(" ")})`;
}

/** Before, after, the difference and percent. */
function differenceParts([before, after], measure) {
  return [
    formatFigure(before, measure),
    formatFigure(after, measure),
    formatDifference(before, after, measure),
    percentWords(before, after),
  ];
}

const differenceFrames = {
  columns: Object.fromEntries(
    Object.entries(SIDES).flatMap(([name, side]) =>
      Object.keys(MEASURES).map((value) => [
        sumName(name, value),
        { value, side, times: data.factors[side] },
      ]),
    ),
  ),

  color(tree) {
    const colors = legendColors().map((color) => color.match(/[\d.]+/g).slice(0, 3).map(Number));
    const same = colors[Math.floor(colors.length / 2)];
    return (box) => {
      if (box.merged) return `rgb(${same.join(" ")})`;
      return differenceColor(colors, ...figuresOf(tree, box.node, shownMeasure));
    };
  },

  tell(tree, node) {
    const [before, after, ...difference] = differenceParts(
      figuresOf(tree, node, shownMeasure),
      shownMeasure,
    );
    return [`${MEASURES[shownMeasure].name} ${before} before`, `${after} after`, ...difference].filter(Boolean);
  },

  figures(tree, node) {
    const heading = (words) => element("th", { scope: "col" }, words);
    const headings = ["", "before", "after", "difference", ""].map(heading);
    const rows = Object.entries(MEASURES).map(([measure, { name }]) => {
      const parts = differenceParts(figuresOf(tree, node, measure), measure);
      return element(
        "tr",
        { class: measure === shownMeasure ? "chosen" : "" },
        element("th", { scope: "row" }, name),
        ...parts.map((words) => element("td", {}, words)),
      );
    });
    return [element("tr", { class: "muted" }, ...headings), ...rows];
  },

  tellFound(sums) {
    const [before, after] = sumsOf(sums, shownMeasure);
    const [wasBefore, isAfter, ...difference] = differenceParts([before, after], shownMeasure);
    return [`matched: ${leastFound()}${wasBefore} before`, `${isAfter} after`, ...difference].filter(Boolean).join(", ");
  },
};
