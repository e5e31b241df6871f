// The recording over time: what each of the first sites allocated a second, stacked, and a
// line for all.

/** The picture in pixels, but for its width. */
const TIME = { height: 220, left: 78, right: 8, top: 10, bottom: 26 };

/** Slices beyond this are drawn several as one. */
const MOST_STEPS = 500;

const timeline = { steps: [], scale: null, step: -1, value: "heap_bytes" };

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
  const { name, format } = VALUES[value];
  const steps = timeSteps(value);
  const highest = steps.reduce((most, step) => Math.max(most, step.rate), 1);
  const picture = byId("time-picture");
  const width = picture.clientWidth;
  const scale = timeScale(width, steps[steps.length - 1].end, roundAbove(highest, value));
  const rates = steps.map((step) => step.rate);
  const mark = { id: "time-step", y: TIME.top, height: TIME.height - TIME.bottom - TIME.top };
  picture.setAttribute("viewBox", `0 0 ${width} ${TIME.height}`);
  picture.replaceChildren(
    ...timeAxes(scale, width, format),
    ...timeAreas(scale, steps),
    svgElement("path", { class: "total", d: `M${scale.outline(steps, rates)}` }),
    svgElement("rect", mark),
  );
  Object.assign(timeline, { steps, scale, step: -1 });
  drawLegend();
  byId("time-told").textContent = `${name} a second; most at once ${format(highest)}/s`;
}

/** Where times and rates are in the picture. */
function timeScale(width, end, top) {
  const { height, left, right, bottom } = TIME;
  const x = (ns) => left + (ns / Math.max(end, 1)) * (width - left - right);
  const y = (rate) => height - bottom - (rate / top) * (height - bottom - TIME.top);
  const across = (step, level) => `${x(step.start)} ${y(level)}L${x(step.end)} ${y(level)}`;
  const outline = (steps, levels) => steps.map((it, i) => across(it, levels[i])).join("L");
  return { x, y, end, top, outline };
}

function timeAxes({ x, y, end, top }, width, format) {
  const { left, right, height } = TIME;
  const rates = [0, 0.5, 1].flatMap((part) => {
    const line = { x1: left, x2: width - right, y1: y(part * top), y2: y(part * top) };
    const at = { x: left - 8, y: y(part * top) + 4, class: "tick y" };
    return [
      svgElement("line", { ...line, class: "grid" }),
      svgElement("text", at, `${format(part * top)}/s`),
    ];
  });
  const parts = width < 500 ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1];
  const times = parts.map((part) => {
    const anchor = part === 0 ? "first" : part === 1 ? "last" : "";
    const at = { x: x(part * end), y: height - 6, class: `tick x ${anchor}` };
    return svgElement("text", at, formatSeconds(part * end));
  });
  return [...rates, ...times];
}

/** The class of a series: what is of no site has a look of its own. */
function look(i) {
  const { series, has_unseen: hasUnseen } = data.timeline;
  return hasUnseen && i === series.length - 1 ? "series-unseen" : `series-${i}`;
}

/** The series, each on top of those before it. */
function timeAreas(scale, steps) {
  let floor = steps.map(() => 0);
  return data.timeline.series.map((_, i) => {
    const ceiling = floor.map((level, step) => level + steps[step].rates[i]);
    const back = [...steps].reverse().map(({ start, end }) => ({ start: end, end: start }));
    const under = scale.outline(back, [...floor].reverse());
    floor = ceiling;
    return svgElement("path", {
      class: `area ${look(i)}`,
      d: `M${scale.outline(steps, ceiling)}L${under}Z`,
    });
  });
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
      element("span", { class: `swatch ${look(i)}` }),
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
  if (!step) return drawTimeline();
  const { x } = timeline.scale;
  mark.setAttribute("x", x(step.start));
  mark.setAttribute("width", Math.max(x(step.end) - x(step.start), 1));
  drawLegend(step);
  byId("time-told").textContent =
    `${formatSeconds(step.start)} to ${formatSeconds(step.end)}: ` +
    `${VALUES[timeline.value].tell(step.rate)} a second`;
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
    const at = event.clientX - area.left;
    showStep(timeline.steps.findIndex((step) => at < timeline.scale.x(step.end)));
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
  onWidth(picture, drawTimeline);
  drawTimeline();
}
