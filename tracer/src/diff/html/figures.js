// Figures of a comparison in words, as the table of `goalloc diff` has them.

/** A number of objects that need not be whole. */
function formatObjects(objects) {
  return objects >= 1000 || Number.isInteger(objects) ? formatCount(objects) : fixed(objects, 2);
}

/** What is compared, in the order of the switch. */
const MEASURES = {
  bytes: { name: "bytes", format: (bytes) => formatBytes(Math.round(bytes)) },
  objects: { name: "objects", format: formatObjects },
};

/** The measure that all parts of the page show. */
let shownMeasure = data.value;

/** A figure with what it is related to. */
function formatFigure(figure, measure) {
  return `${MEASURES[measure].format(figure)}${data.suffix}`;
}

/** How much more there is after than before, with its sign. */
function formatDifference(before, after, measure) {
  return `${after < before ? "-" : "+"}${formatFigure(Math.abs(after - before), measure)}`;
}

/** The difference in percent of what was before; `new` if that was nothing. */
function formatPercent(before, after) {
  if (before === 0) return after > 0 ? "new" : "";
  const percent = ((after - before) / before) * 100;
  return `${percent < 0 ? "-" : "+"}${fixed(Math.abs(percent), 1)}`;
}

/** The same in a sentence. */
function percentWords(before, after) {
  const percent = formatPercent(before, after);
  return percent === "new" || percent === "" ? percent : `${percent} %`;
}
