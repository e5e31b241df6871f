// The flame graph: its state, and what pointer and keys do to it.

const graph = {
  root: "call",
  trees: new Map(),
  zoom: 0,
  current: 0,
  hovered: -1,
  matches: null,
  found: null,
  boxes: [],
  value: "bytes",
};

function graphTree() {
  if (!graph.trees.has(graph.root)) graph.trees.set(graph.root, buildTree(graph.root));
  return graph.trees.get(graph.root);
}

function drawGraph() {
  const canvas = byId("canvas");
  graph.boxes = layout(graphTree(), graph.value, graph.zoom, canvas.clientWidth);
  paintGraph();
}

/** Draws again what has not moved. */
function paintGraph() {
  const { found, current, hovered } = graph;
  const hasFocus = document.activeElement === byId("flame");
  const marks = { found, hovered, current: hasFocus ? current : -1 };
  paint(byId("canvas"), graphTree(), graph.boxes, marks);
}

function setGraphValue(value) {
  graph.value = value;
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

/** Where a value of a frame may really be, in words; empty when it is exact. */
function intervalWords(node, value) {
  if (value === "heap_bytes") return "";
  const tree = graphTree();
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

/** The line under the graph, which is also read out: the frame with the focus. */
function tellFrame(node) {
  const tree = graphTree();
  const sums = tree.sums[graph.value];
  const off = intervalWords(node, graph.value);
  const parts = [VALUES[graph.value].tell(sums[node])];
  parts.push(`${formatShare(sums[node], data.totals[graph.value])} of all`);
  if (off) parts.push(off);
  const name = element("strong", {}, describe(tree, node).name);
  byId("frame").replaceChildren(name, ` ${parts.join(" · ")}`);
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
  const rows = Object.entries(VALUES).map(([value, { name: title, format }]) => {
    const sums = tree.sums[value];
    let own = sums[box.node];
    for (const child of childrenOf(tree, box.node, graph.value)) own -= sums[child];
    const off = intervalWords(box.node, value);
    const row = element(
      "tr",
      { class: value === graph.value ? "chosen" : "" },
      element("th", { scope: "row" }, title),
      element("td", {}, format(sums[box.node])),
      element("td", {}, formatShare(sums[box.node], data.totals[value])),
      element("td", {}, own > 0 ? `${format(own)} itself` : ""),
    );
    const below = element("td", { colspan: "3" }, off);
    return off ? [row, element("tr", { class: "muted" }, element("td"), below)] : [row];
  });
  lines.push(element("table", {}, element("tbody", {}, ...rows.flat())));
  return lines;
}

function runSearch() {
  const told = byId("matched");
  if (!graph.matches) {
    graph.found = null;
    told.textContent = "";
    return;
  }
  const tree = graphTree();
  const { found, sum } = search(tree, graph.value, graph.matches);
  const { format } = VALUES[graph.value];
  graph.found = found;
  // More may match among frames that are too narrow to be shown.
  const least = data.narrow ? "at least " : "";
  const share = formatShare(sum, data.totals[graph.value]);
  told.textContent = `${least}${share} matched (${format(sum)})`;
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
  const row = childrenOf(tree, tree.parent[graph.current], graph.value);
  return row[row.indexOf(graph.current) + step];
}

const GRAPH_KEYS = {
  ArrowDown: () => moveTo(childrenOf(graphTree(), graph.current, graph.value)[0]),
  ArrowUp: () => moveTo(graphTree().parent[graph.current]),
  ArrowLeft: () => moveTo(sibling(-1)),
  ArrowRight: () => moveTo(sibling(1)),
  Home: () => moveTo(0),
  Enter: () => zoomTo(graph.current),
  " ": () => zoomTo(graph.current),
  Escape: () => zoomTo(0),
};

function startGraph() {
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
