// The page: what is said of the recording, what all parts share, and the start.

function drawHeader() {
  document.title = `${data.program}: heap allocations`;
  byId("program").textContent = data.program;
  const lines = [];
  const add = (name, value) =>
    lines.push(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  for (const { weight, name, value } of data.facts) {
    if (weight === "plain") add(name, value);
    if (name === "Target" && data.command.length) add("Command", data.command.join(" "));
    if (name === "Target" && data.start_unix_ms > 0) {
      const start = new Date(data.start_unix_ms).toISOString();
      add("Started", start.replace("T", " ").replace(/\.\d+Z/, " UTC"));
    }
  }
  if (data.narrow) add("Merged", narrowWords());
  byId("facts").replaceChildren(...lines);
  const said = data.facts.filter(({ weight }) => weight !== "plain");
  const notes = said.map(({ weight, name, value }) => {
    const title = element("strong", {}, name.replace(/^!+ /, ""));
    return element("li", { class: weight }, title, ` ${value}`);
  });
  byId("notes").replaceChildren(...notes);
  byId("notes").hidden = notes.length === 0;
  const figures = Object.entries(VALUES).map(([value, { format }]) => {
    const words = { bytes: "asked for", objects: "objects", heap_bytes: "of heap set aside" };
    const figure = element("strong", { id: `total-${value}` }, format(data.totals[value]));
    return element("li", {}, figure, element("span", {}, words[value]));
  });
  byId("totals").replaceChildren(...figures);
}

/** What the flame graph leaves out. */
function narrowWords() {
  const { name, share, chains } = data.narrow;
  const least = `${Number((share * 100).toPrecision(1))} %`;
  const ends = `${formatCount(chains)} call chains end in ${data.strings[name]}`;
  return `frames with less than ${least} of every value: ${ends}; sums and tables are whole`;
}

/** Light, dark, or as the system is: what is chosen holds while the page is open. */
function startTheme() {
  const isDark = matchMedia("(prefers-color-scheme: dark)");
  const toggle = byId("theme");
  const root = document.documentElement;
  const show = () => {
    const theme = root.dataset.theme ?? (isDark.matches ? "dark" : "light");
    toggle.textContent = theme === "dark" ? "Light" : "Dark";
    toggle.setAttribute("aria-label", theme === "dark" ? "Use light colours" : "Use dark colours");
    return theme;
  };
  toggle.addEventListener("click", () => {
    root.dataset.theme = show() === "dark" ? "light" : "dark";
    show();
    paintGraph();
  });
  isDark.addEventListener("change", () => {
    show();
    paintGraph();
  });
  show();
}

function start() {
  drawHeader();
  startTheme();
  startGraph();
  startTable();
  startTimeline();
  choice(byId("values"), (value) => {
    setGraphValue(value);
    setTableValue(value);
    setTimelineValue(value);
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input")) return;
    event.preventDefault();
    byId("search").focus();
  });
  document.documentElement.dataset.ready = "true";
}

start();
