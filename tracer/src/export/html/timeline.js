// The recording over time: what each of the first sites allocated a second, stacked, and a
// line for all.

/** The picture in its own units; the style scales it. */
const TIME = { width: 1000, height: 220, left: 74, right: 8, top: 10, bottom: 26 };

/** Slices beyond this are drawn several as one. */
const MOST_STEPS = 500;

const timeline = { steps: [], step: -1, value: "heap_bytes" };

/** Slices, several as one where there are too many: when they end, and the sums in them. */
function timeSteps(value) {
  const { end_ns: ends, series, [value]: all } = data.timeline;
  const each = Math.ceil(ends.length / MOST_STEPS);
  const steps = [];
  for (let i = 0; i < ends.length; i += each) {
    const last = Math.min(i + each, ends.length) - 1;
    const sum = (values) => values.slice(i, last + 1).reduce((part, it) => part + it, 0);
    const start = i > 0 ? ends[i - 1] : 0;
    const seconds = Math.max(ends[last] - start, 1) / 1e9;
    const rates = series.map((it) => sum(it[value]) / seconds);
    steps.push({ start, end: ends[last], seconds, rate: sum(all) / seconds, rates });
  }
  return steps;
}

/** The next round figure at or above a rate: bytes are round in binary. */
function roundAbove(rate, value) {
  const base = value === "objects" ? 10 : 2;
  const round = value === "objects" ? [1, 1.5, 2, 3, 4, 5, 6, 8, 10] : [1, 1.25, 1.5, 1.75, 2];
  let unit = base === 10 ? 10 : 8;
  while (unit * base < rate) unit *= base;
  return unit * (round.find((it) => it * unit >= rate) ?? base);
}

function drawTimeline() {
  const value = timeline.value;
  const steps = timeSteps(value);
  timeline.steps = steps;
  const end = steps[steps.length - 1].end;
  const highest = steps.reduce((most, step) => Math.max(most, step.rate), 1);
  const top = roundAbove(highest, value);
  const { width, height, left, right, bottom } = TIME;
  const x = (ns) => left + (ns / Math.max(end, 1)) * (width - left - right);
  const y = (rate) => height - bottom - (rate / top) * (height - bottom - TIME.top);
  const outline = (levels) =>
    steps.map((it, i) => `${x(it.start)} ${y(levels[i])}L${x(it.end)} ${y(levels[i])}`).join("L");

  const picture = byId("time-picture");
  picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const parts = [];
  for (const part of [0, 0.5, 1]) {
    const line = { x1: left, x2: width - right, y1: y(part * top), y2: y(part * top) };
    parts.push(svgElement("line", { ...line, class: "grid" }));
    const at = { x: left - 8, y: y(part * top) + 4, class: "tick y" };
    const { format } = VALUES[value];
    parts.push(svgElement("text", at, `${format(part * top)}/s`));
  }
  for (const part of [0, 0.25, 0.5, 0.75, 1]) {
    const anchor = part === 0 ? "first" : part === 1 ? "last" : "";
    const at = { x: x(part * end), y: height - 6, class: `tick x ${anchor}` };
    parts.push(svgElement("text", at, formatSeconds(part * end)));
  }
  let floor = steps.map(() => 0);
  data.timeline.series.forEach((_, i) => {
    const ceiling = floor.map((level, step) => level + steps[step].rates[i]);
    const back = steps
      .map((it, step) => `${x(it.end)} ${y(floor[step])}L${x(it.start)} ${y(floor[step])}`)
      .reverse()
      .join("L");
    const d = `M${outline(ceiling)}L${back}Z`;
    parts.push(svgElement("path", { class: `area series-${i}`, d }));
    floor = ceiling;
  });
  parts.push(svgElement("path", { class: "total", d: `M${outline(steps.map((it) => it.rate))}` }));
  parts.push(svgElement("rect", { id: "time-step", y: TIME.top, height: height - bottom - TIME.top }));
  picture.replaceChildren(...parts);
  timeline.x = x;
  timeline.step = -1;
  drawLegend();
  byId("time-told").textContent =
    `${VALUES[value].name} a second; most at once ${VALUES[value].format(highest)}/s`;
}

/** Names of the series, and what they come to in all or in a step. */
function drawLegend(step) {
  const { format } = VALUES[timeline.value];
  const items = data.timeline.series.map((series, i) => {
    const all = series[timeline.value].reduce((part, it) => part + it, 0);
    const words = step ? `${format(step.rates[i])}/s` : format(all);
    const space = series.site.lastIndexOf(" ");
    const isPath = space > 0 && series.site.includes("/", space);
    const name = isPath ? series.site.slice(0, space) : series.site;
    const position = isPath ? shortPath(series.site.slice(space + 1)) : "";
    return element(
      "li",
      { title: series.site },
      element("span", { class: `swatch series-${i}` }),
      element("span", { class: "name" }, name),
      element("span", { class: "position" }, position),
      element("span", { class: "figure" }, words),
    );
  });
  byId("time-legend").replaceChildren(...items);
}

/** Marks a step and tells of it. */
function showStep(number) {
  const step = timeline.steps[number];
  const mark = byId("time-step");
  timeline.step = step ? number : -1;
  mark.setAttribute("width", step ? Math.max(timeline.x(step.end) - timeline.x(step.start), 1) : 0);
  if (!step) return drawTimeline();
  mark.setAttribute("x", timeline.x(step.start));
  drawLegend(step);
  const { name, format } = VALUES[timeline.value];
  byId("time-told").textContent =
    `${formatSeconds(step.start)} to ${formatSeconds(step.end)}: ${format(step.rate)} ${name} a second`
      .replace(/B bytes|B heap bytes/, timeline.value === "bytes" ? "B" : "B of heap");
}

function setTimelineValue(value) {
  if (!data.timeline?.end_ns.length) return;
  // Slices hold what the runtime counts: objects and heap.
  timeline.value = value === "objects" ? "objects" : "heap_bytes";
  drawTimeline();
}

function startTimeline() {
  if (!data.timeline?.end_ns.length) return;
  byId("timeline").hidden = false;
  const picture = byId("time-picture");
  picture.addEventListener("pointermove", (event) => {
    const area = picture.getBoundingClientRect();
    const at = ((event.clientX - area.left) / area.width) * TIME.width;
    showStep(timeline.steps.findIndex((step) => at < timeline.x(step.end)));
  });
  picture.addEventListener("pointerleave", () => showStep(-1));
  picture.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const last = timeline.steps.length - 1;
    showStep(Math.min(Math.max(timeline.step + step, 0), last));
  });
  picture.addEventListener("blur", () => showStep(-1));
  drawTimeline();
}
