// The flame graph: its state, and what pointer and keys do to it.

/**
 * What is a page's own:
 * - `columns`: what the trees are to have sums of;
 * - `color(tree)`: a function from a box to its colour;
 * - `tell(tree, node)`: what is said of a frame in the line under the graph, in parts;
 * - `figures(tree, node)`: all there is to say of it, as rows of a table;
 * - `tellFound(sums)`: what is said of what a search has found.
 */
const graph = {
  page: null,
  root: "call",
  trees: new Map(),
  zoom: 0,
  current: 0,
  hovered: -1,
  matches: null,
  found: null,
  boxes: [],
  /** Which of the sums is the width of a frame. */
  weight: "",
};

function graphTree() {
  if (!graph.trees.has(graph.root)) graph.trees.set(graph.root, buildTree(graph.root, graph.page.columns));
  return graph.trees.get(graph.root);
}

function drawGraph() {
  const canvas = byId("canvas");
  graph.boxes = layout(graphTree(), graph.weight, graph.zoom, canvas.clientWidth);
  paintGraph();
}

/** Draws again what has not moved. */
function paintGraph() {
  const { found, current, hovered } = graph;
  const hasFocus = document.activeElement === byId("flame");
  const marks = { found, hovered, current: hasFocus ? current : -1 };
  const tree = graphTree();
  paint(byId("canvas"), tree, graph.boxes, graph.page.color(tree), marks);
}

function setGraphWeight(weight) {
  graph.weight = weight;
  runSearch();
  tellFrame(graph.current);
  drawGraph();
}

function setGraphRoot(root) {
  graph.root = root;
  runSearch();
  zoomTo(0);
}

function zoomTo(node) {
  graph.zoom = node;
  graph.current = node;
  graph.hovered = -1;
  showPath();
  tellFrame(node);
  drawGraph();
}

/** The callers of what is zoomed to, each a way back. */
function showPath() {
  const tree = graphTree();
  const path = pathTo(tree, graph.zoom);
  const items = path.map((node) => {
    const { name } = describe(tree, node);
    const isLast = node === graph.zoom;
    const attributes = isLast ? { "aria-current": "true" } : {};
    const back = element("button", { ...attributes, title: name, onclick: () => zoomTo(node) });
    back.textContent = shortName(name, 40);
    return element("li", {}, back);
  });
  byId("path").replaceChildren(...items);
  byId("reset").hidden = graph.zoom === 0;
}

/** The line under the graph, which is also read out: the frame with the focus. */
function tellFrame(node) {
  const tree = graphTree();
  const name = element("strong", {}, describe(tree, node).name);
  byId("frame").replaceChildren(name, ` ${graph.page.tell(tree, node).join(" · ")}`);
}

/** All there is to say of a box. */
function frameLines(box) {
  const tree = graphTree();
  const { name, file } = describe(tree, box.node);
  if (box.merged) {
    const words = `${formatCount(box.merged)} frames too small to show; zoom in on what calls them`;
    return [element("p", {}, words)];
  }
  const lines = [element("p", { class: "name" }, name)];
  if (file) lines.push(element("p", { class: "muted" }, file));
  lines.push(element("table", {}, element("tbody", {}, ...graph.page.figures(tree, box.node))));
  return lines;
}

/** What goes before what a search has found: frames too narrow to be shown may match too. */
const leastFound = () => (data.narrow ? "at least " : "");

function runSearch() {
  const told = byId("matched");
  if (!graph.matches) {
    graph.found = null;
    told.textContent = "";
    return;
  }
  const tree = graphTree();
  const { found, sums } = search(tree, graph.matches);
  graph.found = found;
  told.textContent = graph.page.tellFound(sums);
}

function boxAt(event) {
  const area = byId("canvas").getBoundingClientRect();
  const x = event.clientX - area.left;
  const row = Math.floor((event.clientY - area.top) / ROW_HEIGHT);
  return graph.boxes.find((box) => box.row === row && x >= box.x && x < box.x + box.width);
}

function moveTo(node) {
  if (node === undefined || node < 0) return;
  graph.current = node;
  tellFrame(node);
  paintGraph();
}

/** The neighbour of the current frame among what its caller calls. */
function sibling(step) {
  const tree = graphTree();
  if (graph.current === 0) return undefined;
  const row = childrenOf(tree, tree.parent[graph.current], graph.weight);
  return row[row.indexOf(graph.current) + step];
}

const GRAPH_KEYS = {
  ArrowDown: () => moveTo(childrenOf(graphTree(), graph.current, graph.weight)[0]),
  ArrowUp: () => moveTo(graphTree().parent[graph.current]),
  ArrowLeft: () => moveTo(sibling(-1)),
  ArrowRight: () => moveTo(sibling(1)),
  Home: () => moveTo(0),
  Enter: () => zoomTo(graph.current),
  " ": () => zoomTo(graph.current),
  Escape: () => zoomTo(0),
};

function startGraph(page, weight) {
  graph.page = page;
  graph.weight = weight;
  const flame = byId("flame");
  const canvas = byId("canvas");
  flame.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = GRAPH_KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  flame.addEventListener("focus", paintGraph);
  flame.addEventListener("blur", paintGraph);
  canvas.addEventListener("click", (event) => {
    const box = boxAt(event);
    if (box) zoomTo(box.node);
    showTooltip(event, null);
  });
  canvas.addEventListener("pointermove", (event) => {
    const box = boxAt(event);
    canvas.classList.toggle("over", Boolean(box));
    const node = box && !box.merged ? box.node : -1;
    if (node !== graph.hovered) {
      graph.hovered = node;
      paintGraph();
    }
    showTooltip(event, box && frameLines(box));
  });
  canvas.addEventListener("pointerleave", (event) => {
    graph.hovered = -1;
    showTooltip(event, null);
    paintGraph();
  });
  byId("reset").addEventListener("click", () => zoomTo(0));
  choice(byId("roots"), setGraphRoot);
  searchField(byId("search"), byId("search-pattern"), (matches, isWrong) => {
    graph.matches = matches;
    runSearch();
    if (isWrong) byId("matched").textContent = "not a regular expression";
    paintGraph();
  });
  onWidth(canvas, drawGraph);
  zoomTo(0);
}
