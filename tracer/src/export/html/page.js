// What every page has: its header, light and dark, and how it starts.

/** A line of the header. */
function factLine(name, value) {
  return element("div", {}, element("dt", {}, name), element("dd", {}, value));
}

/** A figure of the header, with what it is below it. */
function totalFigure(value, figure, ...words) {
  const below = words.map((it) => element("span", {}, it));
  return element("li", {}, element("strong", { id: `total-${value}` }, figure), ...below);
}

/** The header: lines, in the end what the graph leaves out, and what is to be minded of the facts. */
function showHeader(title, lines, figures) {
  document.title = title;
  byId("program").textContent = data.program;
  const merged = data.narrow ? [factLine("Merged", narrowWords())] : [];
  byId("facts").replaceChildren(...lines, ...merged);
  const said = data.facts.filter(({ weight }) => weight !== "plain");
  const notes = said.map(({ weight, name, value }) => {
    const title = element("strong", {}, name.replace(/^!+ /, ""));
    return element("li", { class: weight }, title, ` ${value}`);
  });
  byId("notes").replaceChildren(...notes);
  byId("notes").hidden = notes.length === 0;
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

/** Has what all pages have started, and says that the page is there. */
function startPage() {
  startTheme();
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input")) return;
    event.preventDefault();
    byId("search").focus();
  });
  document.documentElement.dataset.ready = "true";
}
