// What the tables show of two recordings.

/** Whether only rows are shown that are certain to have changed. */
let isOnlyChanged = false;

const difference = (rows, row) => rows.after[row] - rows.before[row];

/** The difference in percent, to sort by: what is new is most, what was never there none. */
function percentOf(rows, row) {
  const [before, after] = [rows.before[row], rows.after[row]];
  if (before === 0) return after > 0 ? Infinity : 0;
  return ((after - before) / before) * 100;
}

/** A mark on what is certain to have changed. */
function markCell(rows, row) {
  if (!rows.changed[row]) return element("td");
  const [before, after] = [rows.before[row], rows.after[row]];
  const words = before === 0 ? "new" : after === 0 ? "gone" : after > before ? "more" : "less";
  const look = after > before ? "is-more" : "is-less";
  return element("td", {}, element("span", { class: `mark ${look}` }, words));
}

const figure = (value) => formatFigure(value, shownMeasure);

const DIFFERENCE_COLUMNS = tableColumns([
  NAME_COLUMN,
  { id: "changed", cell: markCell },
  { id: "before", format: figure },
  { id: "after", format: figure },
  {
    id: "difference",
    of: difference,
    text: (rows, row) => formatDifference(rows.before[row], rows.after[row], shownMeasure),
  },
  { id: "error", heading: () => "±", format: figure, isMinor: true },
  {
    id: "percent",
    heading: () => "%",
    of: percentOf,
    text: (rows, row) => formatPercent(rows.before[row], rows.after[row]),
  },
]);

function differenceDetails(rows, row) {
  const sides = ["before", "after"].map((side) => {
    const interval = rows[`${side}_interval`][row];
    const ends = interval ? `, ${figure(interval[0])} to ${figure(interval[1])} at 95 %` : "";
    return `${side} ${figure(rows[side][row])}${ends}`;
  });
  const [before, after] = [rows.before[row], rows.after[row]];
  const words = [formatDifference(before, after, shownMeasure), percentWords(before, after)];
  const isCertain = rows.changed[row] ? "changed for certain" : "within the threshold and the error";
  const position = rowPosition(rows, row);
  return [
    element("p", { class: "whole" }, `${rowName(rows, row)} ${position}`.trim()),
    element("p", { class: "muted" }, sides.join(" · ")),
    element(
      "p",
      { class: "muted" },
      `${words.filter(Boolean).join(", ")} (± ${figure(rows.error[row])}): ${isCertain}`,
    ),
  ];
}

const tableOf = (by) => data.tables.find((table) => table.by === by);

const differenceRows = {
  columns: DIFFERENCE_COLUMNS,
  rowsOf: (by) => tableOf(by)[shownMeasure],
  keeps: (rows, row) => !isOnlyChanged || rows.changed[row],
  details: differenceDetails,

  tellFound(rows, order) {
    const sum = (side) => order.reduce((part, row) => part + rows[side][row], 0);
    return `, ${formatDifference(sum("before"), sum("after"), shownMeasure)}`;
  },
};
