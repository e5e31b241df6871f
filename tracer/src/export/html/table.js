// The tables: one at a time, sorted, filtered, and no more rows than asked for.

/** Rows shown at first, and more with each press of the button. */
const ROWS_AT_ONCE = 100;

const table = {
  by: "site",
  sort: "value",
  isAscending: false,
  matches: null,
  shown: ROWS_AT_ONCE,
  value: "bytes",
  largest: 1,
};

/** Columns: heading, what a row is sorted by there, and the cell. */
const COLUMNS = [
  {
    id: "name",
    heading: () => table.by,
    of: (rows, row) => rowName(rows, row),
    cell: nameCell,
  },
  {
    id: "value",
    heading: () => VALUES[table.value].name,
    of: (rows, row) => rows[table.value][row],
    text: (rows, row) => VALUES[table.value].format(rows[table.value][row]),
  },
  {
    id: "off",
    heading: () => "± %",
    isShown: () => data.estimated && table.value !== "heap_bytes",
    of: (rows, row) => offOf(rows, row),
    text: (rows, row) => formatOff(rows[table.value][row], rowInterval(rows, row)),
  },
  {
    id: "share",
    heading: () => "%",
    of: (rows, row) => rows[table.value][row],
    cell: shareCell,
  },
  { id: "objects", isShown: () => table.value !== "objects", format: formatCount },
  { id: "bytes", isShown: () => table.value !== "bytes", format: formatBytes },
  { id: "p50", format: formatBytes, isMinor: true },
  { id: "p99", format: formatBytes, isMinor: true },
  { id: "max", format: formatBytes, isMinor: true },
].map((column) => ({
  isShown: () => true,
  heading: () => column.id,
  of: (rows, row) => rows[column.id][row],
  text: (rows, row) => column.format(rows[column.id][row]),
  ...column,
}));

const shownColumns = () => COLUMNS.filter((column) => column.isShown());

function rowsOf(by) {
  return data.tables.find((rows) => rows.by === by);
}

function rowName(rows, row) {
  return data.strings[rows.name[row]];
}

function rowPosition(rows, row) {
  return rows.position.length ? data.strings[rows.position[row]] : "";
}

function rowInterval(rows, row) {
  return rows[`${table.value}_interval`]?.[row];
}

/** How far a row may be off, to sort by. */
function offOf(rows, row) {
  const interval = rowInterval(rows, row);
  if (!interval) return -1;
  const value = rows[table.value][row];
  return Math.max(value - interval[0], interval[1] - value) / value;
}

/** The rows to show, in order. */
function sortedRows(rows) {
  const column = shownColumns().find((it) => it.id === table.sort) ?? COLUMNS[1];
  const keep = (row) =>
    !table.matches || table.matches(`${rowName(rows, row)} ${rowPosition(rows, row)}`);
  const order = [...rows.name.keys()].filter(keep);
  const keys = rows.name.map((_, row) => column.of(rows, row));
  const direction = table.isAscending ? 1 : -1;
  order.sort((a, b) => {
    const isLess = keys[a] < keys[b] ? -1 : keys[a] > keys[b] ? 1 : 0;
    return direction * isLess || a - b;
  });
  return order;
}

function nameCell(rows, row) {
  const position = rowPosition(rows, row);
  const id = `row-${rows.by}-${row}`;
  const button = element("button", { class: "expand", "aria-expanded": "false" });
  button.append(element("span", { class: "name" }, rowName(rows, row)));
  if (position) button.append(element("span", { class: "position" }, shortPath(position)));
  button.title = `${rowName(rows, row)} ${position}`.trim();
  button.addEventListener("click", () => toggleRow(button, rows, row, id));
  return element("th", { scope: "row" }, button);
}

/** The share as a figure and a bar, with a line from the lowest to the highest it may be. */
function shareCell(rows, row) {
  const value = rows[table.value][row];
  const whole = data.totals[table.value];
  const { largest } = table;
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

/** Opens or closes what is under a row. */
function toggleRow(button, rows, row, id) {
  const isOpen = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!isOpen));
  if (isOpen) {
    byId(id)?.remove();
    button.removeAttribute("aria-controls");
    return;
  }
  const columns = String(shownColumns().length);
  const inside = element("div", {}, ...rowDetails(rows, row));
  const cell = element("td", { colspan: columns }, inside);
  button.closest("tr").after(element("tr", { id, class: "details" }, cell));
  button.setAttribute("aria-controls", id);
}

function rowDetails(rows, row) {
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

function headingCell(column) {
  const isSorted = column.id === table.sort;
  const button = element("button", { onclick: () => sortBy(column.id) }, column.heading());
  const cell = element("th", { scope: "col", class: column.isMinor ? "minor" : "" }, button);
  if (column.id === "name") cell.classList.add("name-column");
  if (isSorted) cell.setAttribute("aria-sort", table.isAscending ? "ascending" : "descending");
  return cell;
}

function sortBy(id) {
  table.isAscending = table.sort === id ? !table.isAscending : id === "name";
  table.sort = id;
  drawTable();
  byId("headings").querySelector("[aria-sort] button")?.focus();
}

function drawTable() {
  const rows = rowsOf(table.by);
  const columns = shownColumns();
  table.largest = rows[table.value].reduce((most, it) => Math.max(most, it), 1);
  byId("headings").replaceChildren(element("tr", {}, ...columns.map(headingCell)));
  const order = sortedRows(rows);
  const lines = order.slice(0, table.shown).map((row) => {
    const cells = columns.map((column) => {
      if (column.cell) return column.cell(rows, row);
      const attributes = column.isMinor ? { class: "minor" } : {};
      return element("td", attributes, column.text(rows, row));
    });
    return element("tr", {}, ...cells);
  });
  byId("rows").replaceChildren(...lines);
  const hidden = order.length - lines.length;
  byId("more").hidden = hidden === 0;
  byId("more").textContent = `Show ${formatCount(Math.min(hidden, ROWS_AT_ONCE))} more`;
  const all = rows.name.length;
  const counted = table.matches ? `${formatCount(order.length)} of ` : "";
  byId("row-count").textContent = `${counted}${formatCount(all)} row${all === 1 ? "" : "s"}`;
  if (table.matches) {
    const sum = order.reduce((part, row) => part + rows[table.value][row], 0);
    byId("row-count").textContent += `, ${formatShare(sum, data.totals[table.value])}`;
  }
}

function setTableValue(value) {
  table.value = value;
  drawTable();
}

function startTable() {
  choice(byId("tables"), (by) => {
    table.by = by;
    table.shown = ROWS_AT_ONCE;
    drawTable();
  });
  searchField(byId("filter"), byId("filter-pattern"), (matches, isWrong) => {
    table.matches = matches;
    table.shown = ROWS_AT_ONCE;
    drawTable();
    if (isWrong) byId("row-count").textContent = "not a regular expression";
  });
  byId("more").addEventListener("click", () => {
    table.shown += ROWS_AT_ONCE;
    drawTable();
  });
  drawTable();
}
