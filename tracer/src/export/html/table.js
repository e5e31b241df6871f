// The tables: one at a time, sorted, filtered, and no more rows than asked for.

/** Rows shown at first, and more with each press of the button. */
const ROWS_AT_ONCE = 100;

/**
 * What is a page's own:
 * - `columns`, each with its `heading`, what a row is sorted by there (`of`), and the
 *   `text` or the `cell` that it shows;
 * - `rowsOf(by)`: the rows of a table;
 * - `keeps(rows, row)`: whether a row is shown, filter apart;
 * - `details(rows, row)`: what is under a row when it is open;
 * - `tellFound(rows, order)`: what is said of the rows that a filter has found.
 */
const table = {
  page: null,
  by: "",
  sort: "",
  isAscending: false,
  matches: null,
  shown: ROWS_AT_ONCE,
};

/** Columns, with what most have alike; one with a `format` is a number of the row. */
function tableColumns(columns) {
  return columns.map((column) => ({
    isShown: () => true,
    heading: () => column.id,
    of: (rows, row) => rows[column.id][row],
    text: (rows, row) => column.format(rows[column.id][row]),
    ...column,
  }));
}

const shownColumns = () => table.page.columns.filter((column) => column.isShown());

function rowName(rows, row) {
  return data.strings[rows.name[row]];
}

function rowPosition(rows, row) {
  return rows.position.length ? data.strings[rows.position[row]] : "";
}

/** The rows to show, in order. */
function sortedRows(rows) {
  const column = shownColumns().find((it) => it.id === table.sort) ?? shownColumns()[1];
  const isFound = (row) =>
    !table.matches || table.matches(`${rowName(rows, row)} ${rowPosition(rows, row)}`);
  const keep = (row) => table.page.keeps(rows, row) && isFound(row);
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
  const id = `row-${table.by}-${row}`;
  const button = element("button", { class: "expand", "aria-expanded": "false" });
  button.append(element("span", { class: "name" }, rowName(rows, row)));
  if (position) button.append(element("span", { class: "position" }, shortPath(position)));
  button.title = `${rowName(rows, row)} ${position}`.trim();
  button.addEventListener("click", () => toggleRow(button, rows, row, id));
  return element("th", { scope: "row" }, button);
}

/** The first column of every table. */
const NAME_COLUMN = {
  id: "name",
  heading: () => table.by,
  of: rowName,
  cell: nameCell,
};

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
  const inside = element("div", {}, ...table.page.details(rows, row));
  const cell = element("td", { colspan: columns }, inside);
  button.closest("tr").after(element("tr", { id, class: "details" }, cell));
  button.setAttribute("aria-controls", id);
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
  const rows = table.page.rowsOf(table.by);
  const columns = shownColumns();
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
  const isPart = order.length < all || table.matches;
  const counted = isPart ? `${formatCount(order.length)} of ` : "";
  const found = table.matches ? table.page.tellFound(rows, order) : "";
  byId("row-count").textContent = `${counted}${formatCount(all)} row${all === 1 ? "" : "s"}${found}`;
}

/** Starts with the table by `by`, sorted by the column `sort`, the largest first. */
function startTable(page, by, sort) {
  Object.assign(table, { page, by, sort });
  const words = ({ by }) => by[0].toUpperCase() + by.slice(1);
  fillChoice(byId("tables"), Object.fromEntries(data.tables.map((it) => [it.by, words(it)])), by);
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
