// What the tables show of a recording.

const RECORDING_COLUMNS = tableColumns([
  NAME_COLUMN,
  {
    id: "value",
    heading: () => VALUES[shownValue].name,
    of: (rows, row) => rows[shownValue][row],
    text: (rows, row) => VALUES[shownValue].format(rows[shownValue][row]),
  },
  {
    id: "off",
    heading: () => "± %",
    isShown: () => data.estimated && shownValue !== "heap_bytes",
    of: (rows, row) => offOf(rows, row),
    text: (rows, row) => formatOff(rows[shownValue][row], rowInterval(rows, row)),
  },
  {
    id: "share",
    heading: () => "%",
    of: (rows, row) => rows[shownValue][row],
    cell: shareCell,
  },
  { id: "objects", isShown: () => shownValue !== "objects", format: formatCount },
  { id: "bytes", isShown: () => shownValue !== "bytes", format: formatBytes },
  { id: "p50", format: formatBytes, isMinor: true },
  { id: "p99", format: formatBytes, isMinor: true },
  { id: "max", format: formatBytes, isMinor: true },
]);

function rowInterval(rows, row) {
  return rows[`${shownValue}_interval`]?.[row];
}

/** How far a row may be off, to sort by. */
function offOf(rows, row) {
  const interval = rowInterval(rows, row);
  if (!interval) return -1;
  const value = rows[shownValue][row];
  return Math.max(value - interval[0], interval[1] - value) / value;
}

/** The largest value of all rows; it is looked for once. */
function largestOf(rows) {
  rows.largest ??= {};
  rows.largest[shownValue] ??= rows[shownValue].reduce((most, it) => Math.max(most, it), 1);
  return rows.largest[shownValue];
}

/** The share as a figure and a bar, with a line from the lowest to the highest it may be. */
function shareCell(rows, row) {
  const value = rows[shownValue][row];
  const whole = data.totals[shownValue];
  const largest = largestOf(rows);
  const bar = element("span", { class: "bar", "aria-hidden": "true" });
  const fill = element("span", { class: "fill" });
  fill.style.width = `${(value / largest) * 100}%`;
  bar.append(fill);
  const interval = rowInterval(rows, row);
  if (interval) {
    const [low, high] = interval.map((end) => Math.min(end / largest, 1) * 100);
    const whisker = element("span", { class: "whisker" });
    whisker.style.left = `${low}%`;
    whisker.style.width = `${Math.max(high - low, 0)}%`;
    bar.append(whisker);
  }
  const share = formatShare(value, whole);
  return element("td", { class: "share" }, bar, element("span", {}, share.replace(" %", "")));
}

function recordingDetails(rows, row) {
  const facts = Object.entries(VALUES).map(([value, { name, format }]) => {
    const interval = rows[`${value}_interval`]?.[row];
    const off = interval ? `, ${format(interval[0])} to ${format(interval[1])} at 95 %` : "";
    return `${name} ${format(rows[value][row])}${off}`;
  });
  const sizes = ["p50", "p99", "max"].map((id) => `${id} ${formatBytes(rows[id][row])}`);
  const position = rowPosition(rows, row);
  return [
    element("p", { class: "whole" }, `${rowName(rows, row)} ${position}`.trim()),
    element("p", { class: "muted" }, facts.join(" · ")),
    element("p", { class: "muted" }, `object sizes: ${sizes.join(" · ")}`),
    histogram(rows.sizes[row]),
  ];
}

/** Objects by size: `sizes` begins with the power of two that bounds the first bucket. */
function histogram([first, ...buckets]) {
  const most = Math.max(...buckets, 1);
  const all = buckets.reduce((sum, objects) => sum + objects, 0);
  const bars = buckets.map((objects, i) => {
    const fill = element("span", { class: "fill" });
    fill.style.width = `${(objects / most) * 100}%`;
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, `≤ ${formatBytes(2 ** (first + i))}`),
      element("td", {}, formatCount(objects)),
      element("td", {}, formatShare(objects, all)),
      element("td", { class: "bar-cell" }, element("span", { class: "bar" }, fill)),
    );
  });
  const caption = element("caption", { class: "hidden" }, "Objects by size");
  return element("table", { class: "histogram" }, caption, element("tbody", {}, ...bars));
}

const recordingRows = {
  columns: RECORDING_COLUMNS,
  rowsOf: (by) => data.tables.find((rows) => rows.by === by),
  keeps: () => true,
  details: recordingDetails,

  tellFound(rows, order) {
    const sum = order.reduce((part, row) => part + rows[shownValue][row], 0);
    return `, ${formatShare(sum, data.totals[shownValue])}`;
  },
};
