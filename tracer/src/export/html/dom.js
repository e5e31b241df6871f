// Elements. Names from the target get into the page as text and as attributes that are
// read out, never as markup.

const byId = (id) => document.getElementById(id);

/** An element with attributes, listeners (`onclick`) and children. */
function element(name, attributes = {}, ...children) {
  return dress(document.createElement(name), attributes, children);
}

/** The same of SVG. */
function svgElement(name, attributes = {}, ...children) {
  return dress(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function dress(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

/** Calls `draw` whenever an element has become wider or narrower. */
function onWidth(node, draw) {
  let width = node.clientWidth;
  const resized = () => {
    if (node.clientWidth === width) return;
    width = node.clientWidth;
    requestAnimationFrame(draw);
  };
  new ResizeObserver(resized).observe(node);
}

/** Puts a button for each of `options`, words by value, into a group; one is pressed. */
function fillChoice(group, options, pressed) {
  const buttons = Object.entries(options).map(([value, words]) =>
    element("button", { type: "button", value, "aria-pressed": value === pressed }, words),
  );
  group.replaceChildren(...buttons);
}

/** Calls `change` with the chosen value of a group of buttons, one of which is pressed. */
function choice(group, change) {
  const buttons = [...group.querySelectorAll("button")];
  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      change(button.value);
    });
  }
}

/** A field and its switch for patterns: calls `change` with a matcher, null for nothing. */
function searchField(field, patternSwitch, change) {
  const isPattern = () => patternSwitch.getAttribute("aria-pressed") === "true";
  const read = () => {
    let matches = null;
    field.removeAttribute("aria-invalid");
    try {
      matches = field.value ? matcher(field.value, isPattern()) : null;
    } catch {
      field.setAttribute("aria-invalid", "true");
    }
    change(matches, field.hasAttribute("aria-invalid"));
  };
  field.addEventListener("input", read);
  patternSwitch.addEventListener("click", () => {
    patternSwitch.setAttribute("aria-pressed", String(!isPattern()));
    read();
  });
}

/** Shows `lines` beside the pointer, inside the window; hides them without any. */
function showTooltip(event, lines) {
  const tooltip = byId("tooltip");
  tooltip.hidden = !lines;
  if (!lines) return;
  tooltip.replaceChildren(...lines);
  const { width, height } = tooltip.getBoundingClientRect();
  const left = Math.min(event.clientX + 14, innerWidth - width - 8);
  const below = event.clientY + 18;
  const top = below + height > innerHeight ? event.clientY - height - 12 : below;
  tooltip.style.left = `${Math.max(8, left)}px`;
  tooltip.style.top = `${Math.max(8, top)}px`;
}
