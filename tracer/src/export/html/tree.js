// The trees that the flame graph shows, made of the tree of calls and the samples on it.

/** The node of the tree of calls that a frame has which stands for those too narrow to be shown. */
const NARROW = -1;

/**
 * The tree with one of three roots: `call`, `type`, `cause`. Columns by node, a caller
 * before what it calls; node 0 is all there is. `base` are the nodes of the tree of calls.
 * There is a sum for each of `columns`, which say by name what is added up: a value, of
 * one side where there are two, `times` as much.
 */
function buildTree(root, columns) {
  const { places, ...tree } = root === "call" ? treeOfCalls() : treeUnder(root);
  const { parent } = tree;
  tree.sums = {};
  for (const [name, { value, side, times = 1 }] of Object.entries(columns)) {
    const sums = new Float64Array(parent.length);
    const { side: sides, [value]: values } = data.samples[root];
    for (let i = 0; i < places.length; i++) {
      if (side === undefined || sides[i] === side) sums[places[i]] += values[i] * times;
    }
    for (let node = parent.length - 1; node > 0; node--) sums[parent[node]] += sums[node];
    tree.sums[name] = sums;
  }
  tree.sorted = new Uint8Array(parent.length);
  return Object.assign(tree, children(parent));
}

/** The tree of the document, with a frame wherever some are too narrow. `places` are the nodes of the samples. */
function treeOfCalls() {
  const { up } = data.nodes;
  const { node: nodes, narrow } = data.samples.call;
  const shown = up.length + 1;
  const all = shown + narrow.reduce((count, isNarrow) => count + isNarrow, 0);
  const parent = new Int32Array(all).fill(-1);
  for (let i = 0; i < up.length; i++) parent[i + 1] = i + 1 - up[i];
  const base = new Int32Array(all).fill(NARROW);
  for (let i = 0; i < shown; i++) base[i] = i;
  let next = shown;
  const places = nodes.map((node, i) => {
    if (!narrow[i]) return node;
    parent[next] = node;
    return next++;
  });
  const spread = data.intervals.call;
  const intervals = new Map(spread.node.map((node, i) => [node, intervalsAt(spread, i)]));
  return { parent, base, key: null, places, intervals };
}

/** A tree for each type or cause. `base` is 0 for the label. */
function treeUnder(root) {
  const { up } = data.nodes;
  const { key: keys, node: nodes, narrow } = data.samples[root];
  const spread = data.intervals[root];
  const [parent, base, key] = [[-1], [0], [0]];
  const add = (caller, node, of) => {
    base.push(node);
    key.push(of);
    return parent.push(caller) - 1;
  };
  const places = new Int32Array(keys.length);
  const intervals = new Map();
  // The node for each of the tree of calls, under the key that was there last.
  const numbers = new Int32Array(up.length + 1);
  const lastKeys = new Int32Array(up.length + 1).fill(-1);
  const place = (of, node) => {
    const missing = [];
    while (lastKeys[node] !== of) {
      missing.push(node);
      lastKeys[node] = of;
      if (node === 0) break;
      node -= up[node - 1];
    }
    let number = missing.at(-1) === 0 ? 0 : numbers[node];
    while (missing.length) {
      node = missing.pop();
      number = numbers[node] = add(number, node, of);
    }
    return number;
  };
  // The spread is in the order of keys too, and of nodes that have samples only.
  let next = 0;
  for (let i = 0; i < keys.length; i++) {
    const of = keys[i];
    const number = place(of, nodes[i]);
    places[i] = narrow[i] ? add(number, NARROW, of) : number;
    if (keys[i + 1] === of) continue;
    for (; spread.key[next] === of; next++) {
      intervals.set(numbers[spread.node[next]], intervalsAt(spread, next));
    }
  }
  // All there is has no key.
  const all = data.intervals.call.node.indexOf(0);
  if (all >= 0) intervals.set(0, intervalsAt(data.intervals.call, all));
  return { parent, base, key, places, intervals };
}

function intervalsAt({ objects, bytes }, i) {
  return { objects: objects[i], bytes: bytes[i] };
}

/** Children in a row: those of a node are `child[first[node]]` to `child[first[node + 1]]`. */
function children(parent) {
  const first = new Int32Array(parent.length + 1);
  for (let node = 1; node < parent.length; node++) first[parent[node] + 1]++;
  for (let node = 0; node < parent.length; node++) first[node + 1] += first[node];
  const next = first.slice();
  const child = new Int32Array(parent.length - 1);
  for (let node = 1; node < parent.length; node++) child[next[parent[node]]++] = node;
  return { first, child };
}

/** The children of a node, largest first. They are sorted when they are first asked for. */
function childrenOf(tree, node, weight) {
  const row = tree.child.subarray(tree.first[node], tree.first[node + 1]);
  const mark = 1 + Object.keys(tree.sums).indexOf(weight);
  if (tree.sorted[node] !== mark) {
    const sums = tree.sums[weight];
    row.sort((a, b) => sums[b] - sums[a] || a - b);
    tree.sorted[node] = mark;
  }
  return row;
}

/** Name, file and kind of a node. */
function describe(tree, node) {
  if (node === 0) return { name: "all", file: "", kind: ALL };
  const name = data.strings[labelOf(tree, node)];
  const base = tree.base[node];
  if (base === 0) return { name, file: "", kind: LABEL };
  if (base === NARROW) return { name, file: "", kind: UNKNOWN };
  const { file, kind } = data.functions;
  const number = data.nodes.function[base - 1];
  return { name, file: data.strings[file[number]], kind: kind[number] };
}

/** The number of a node's name, which is not the root. */
function labelOf(tree, node) {
  const base = tree.base[node];
  if (base === NARROW) return data.narrow.name;
  return base === 0 ? tree.key[node] : data.functions.name[data.nodes.function[base - 1]];
}

/** Nodes from the outermost to `node`. */
function pathTo(tree, node) {
  const path = [];
  for (; node >= 0; node = tree.parent[node]) path.push(node);
  return path.reverse();
}

/** Which nodes match, by number, and the sums of those that are in no other, by name. */
function search(tree, matches) {
  const found = new Uint8Array(tree.parent.length);
  const isWithin = new Uint8Array(tree.parent.length);
  const ofLabel = new Array(data.strings.length);
  const sums = Object.fromEntries(Object.keys(tree.sums).map((name) => [name, 0]));
  for (let node = 1; node < found.length; node++) {
    const label = labelOf(tree, node);
    ofLabel[label] ??= matches(data.strings[label]);
    isWithin[node] = isWithin[tree.parent[node]];
    if (!ofLabel[label]) continue;
    found[node] = 1;
    if (!isWithin[node]) for (const name in sums) sums[name] += tree.sums[name][node];
    isWithin[node] = 1;
  }
  return { found, sums };
}
