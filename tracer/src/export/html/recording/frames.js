// What the flame graph shows of the frames of a recording.

/** What can be counted, in the order of the switch. */
const VALUES = {
  bytes: {
    name: "bytes",
    format: formatBytes,
    tell: (bytes) => `${formatBytes(bytes)} asked for`,
  },
  objects: {
    name: "objects",
    format: formatCount,
    tell: (objects) => `${formatCount(objects)} objects`,
  },
  heap_bytes: {
    name: "heap bytes",
    format: formatBytes,
    tell: (bytes) => `${formatBytes(bytes)} of heap set aside`,
  },
};

/** The value that all parts of the page show. */
let shownValue = "bytes";

/** Words of the legend by kind of frame, in the order of their numbers. */
const KINDS = {
  own: "own code",
  other: "other modules",
  standard: "standard library",
  runtime: "runtime",
  none: "C or unknown",
  label: "type, cause",
  all: "",
};

/** Where a value of a frame may really be, in words; empty when it is exact. */
function intervalWords(tree, node, value) {
  if (value === "heap_bytes") return "";
  const interval = tree.intervals.get(node)?.[value];
  const { format } = VALUES[value];
  if (interval) return `${format(interval[0])} to ${format(interval[1])} at 95 %`;
  const isSmall = ["objects", "bytes"].every((of) => {
    const sums = tree.sums[of];
    return sums[node] < data.totals[of] * data.least_share;
  });
  if (data.estimated && isSmall) return "estimated, too small for an interval";
  if (data.estimated && tree.base[node] === NARROW) return "estimated, without an interval";
  return "";
}

const recordingFrames = {
  columns: Object.fromEntries(Object.keys(VALUES).map((value) => [value, { value }])),

  color(tree) {
    const colors = legendColors();
    return (box) => colors[box.merged ? ALL : describe(tree, box.node).kind];
  },

  tell(tree, node) {
    const value = tree.sums[shownValue][node];
    const off = intervalWords(tree, node, shownValue);
    const parts = [VALUES[shownValue].tell(value)];
    parts.push(`${formatShare(value, data.totals[shownValue])} of all`);
    return off ? [...parts, off] : parts;
  },

  figures(tree, node) {
    const rows = Object.entries(VALUES).map(([value, { name: title, format }]) => {
      const sums = tree.sums[value];
      let own = sums[node];
      for (const child of childrenOf(tree, node, shownValue)) own -= sums[child];
      const off = intervalWords(tree, node, value);
      const row = element(
        "tr",
        { class: value === shownValue ? "chosen" : "" },
        element("th", { scope: "row" }, title),
        element("td", {}, format(sums[node])),
        element("td", {}, formatShare(sums[node], data.totals[value])),
        element("td", {}, own > 0 ? `${format(own)} itself` : ""),
      );
      const below = element("td", { colspan: "3" }, off);
      return off ? [row, element("tr", { class: "muted" }, element("td"), below)] : [row];
    });
    return rows.flat();
  },

  tellFound(sums) {
    const sum = sums[shownValue];
    const { format } = VALUES[shownValue];
    const share = formatShare(sum, data.totals[shownValue]);
    return `${leastFound()}${share} matched (${format(sum)})`;
  },
};
