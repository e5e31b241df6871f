// The document in the page, and the trees that are made of it.

const data = await readDocument(byId("data").textContent);

/** The JSON that is gzipped and in base64. */
async function readDocument(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(unpacked).json();
}

/** Kind of a frame that is a type or a cause; those of functions are in the document. */
const LABEL = 5;

/** Kind of the frame that everything is in. */
const ALL = 6;

/**
 * The tree of the flame graph with one of three roots: `call`, `type`, `cause`.
 * Columns by node, a caller before what it calls; node 0 is all of the recording.
 */
function buildTree(root) {
  const { up, function: functions } = data.nodes;
  const count = up.length + 1;
  const parent = [-1];
  const base = [0];
  const key = [0];
  let place = (_, node) => node;
  let known = place;
  if (root === "call") {
    for (let i = 0; i < up.length; i++) {
      parent.push(i + 1 - up[i]);
      base.push(i + 1);
      key.push(0);
    }
  } else {
    const numbers = new Map();
    known = (k, node) => numbers.get(k * count + node);
    place = (k, node) => {
      const missing = [];
      let number = known(k, node);
      while (number === undefined && node > 0) {
        missing.push(node);
        node -= up[node - 1];
        number = known(k, node);
      }
      if (number === undefined) missing.push(0);
      number ??= 0;
      while (missing.length) {
        node = missing.pop();
        parent.push(number);
        base.push(node);
        key.push(k);
        number = parent.length - 1;
        numbers.set(k * count + node, number);
      }
      return number;
    };
  }
  const samples = data.samples;
  const keys = samples[root];
  const nodes = samples.node.map((node, i) => place(keys?.[i], node));
  const tree = { parent, base, key, functions, sorted: new Uint8Array(parent.length) };
  tree.sums = {};
  for (const value of Object.keys(VALUES)) {
    const sums = new Float64Array(parent.length);
    nodes.forEach((node, i) => (sums[node] += samples[value][i]));
    for (let node = parent.length - 1; node > 0; node--) sums[parent[node]] += sums[node];
    tree.sums[value] = sums;
  }
  Object.assign(tree, children(parent));
  tree.intervals = new Map();
  const spread = data.intervals[root];
  spread.node?.forEach((node, i) => {
    const number = known(spread.key[i], node);
    if (number === undefined) return;
    tree.intervals.set(number, { objects: spread.objects[i], bytes: spread.bytes[i] });
  });
  return tree;
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
function childrenOf(tree, node, value) {
  const row = tree.child.subarray(tree.first[node], tree.first[node + 1]);
  const mark = 1 + Object.keys(VALUES).indexOf(value);
  if (tree.sorted[node] !== mark) {
    const sums = tree.sums[value];
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
  const { file, kind } = data.functions;
  const number = tree.functions[base - 1];
  return { name, file: data.strings[file[number]], kind: kind[number] };
}

/** The number of a node's name, which is not the root. */
function labelOf(tree, node) {
  const base = tree.base[node];
  return base === 0 ? tree.key[node] : data.functions.name[tree.functions[base - 1]];
}

/** Nodes from the outermost to `node`. */
function pathTo(tree, node) {
  const path = [];
  for (; node >= 0; node = tree.parent[node]) path.push(node);
  return path.reverse();
}

/** Which nodes match, by number, and the sum of those that are in no other. */
function search(tree, value, matches) {
  const found = new Uint8Array(tree.parent.length);
  const isWithin = new Uint8Array(tree.parent.length);
  const ofLabel = new Map();
  let sum = 0;
  for (let node = 1; node < found.length; node++) {
    const label = labelOf(tree, node);
    if (!ofLabel.has(label)) ofLabel.set(label, matches(data.strings[label]));
    isWithin[node] = isWithin[tree.parent[node]];
    if (!ofLabel.get(label)) continue;
    found[node] = 1;
    if (!isWithin[node]) sum += tree.sums[value][node];
    isWithin[node] = 1;
  }
  return { found, sum };
}
