// Opens a page from disk and does to it what a scenario says:
// node drive.mjs PLAYWRIGHT CHROMIUM SCENARIO PAGE EXPECTED_JSON

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const [playwright, executablePath, scenario, file, expectedJson] = process.argv.slice(2);
const { chromium } = await import(pathToFileURL(`${playwright}/index.mjs`));
const expected = JSON.parse(expectedJson);
const address = String(pathToFileURL(file));

const ROW_HEIGHT = 20;

const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

/** A page, and the faults it makes: errors, warnings, dialogs, requests. */
async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => faults.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(`error: ${error.stack}`));
  page.on("request", (request) => {
    if (request.url() !== address) faults.push(`request: ${request.url()}`);
  });
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.goto(address);
  await page.waitForSelector("html[data-ready]");
  return { page, faults };
}

/** Words of every element that a selector finds. */
const words = (page, selector) =>
  page.$$eval(selector, (found) => found.map((it) => it.textContent.trim()));

const frame = (page) => page.textContent("#frame");
const press = (page, group, value) => page.click(`#${group} button[value="${value}"]`);

/** Clicks a row of the graph so far from the left, in pixels. */
const clickRow = (page, row, x = 12) =>
  page.click("#canvas", { position: { x, y: (row + 0.5) * ROW_HEIGHT } });

/** Red, green and blue at the upper edge of a row of the graph, so far from the left. */
const pixel = (page, x, row) =>
  page.evaluate(
    ([x, y]) => {
      const picture = document.getElementById("canvas");
      const copy = document.createElement("canvas");
      Object.assign(copy, { width: picture.width, height: picture.height });
      const context = copy.getContext("2d", { willReadFrequently: true });
      context.drawImage(picture, 0, 0);
      return [...context.getImageData(x, y, 1, 1).data.slice(0, 3)];
    },
    [x, row * ROW_HEIGHT + 2],
  );

/** The cells of the table's rows, by heading. */
async function rows(page) {
  const headings = await words(page, "#headings th");
  const cells = await page.$$eval("#rows tr", (found) =>
    found.map((row) => [...row.children].map((it) => (it.querySelector(".name") ?? it).textContent)),
  );
  return cells.map((row) => Object.fromEntries(row.map((cell, i) => [headings[i], cell.trim()])));
}

const scenarios = {
  /** Header, totals and each table are those of the report. */
  async report({ page }) {
    const facts = await page.$$eval("#facts div", (found) =>
      found.map((it) => [it.children[0].textContent, it.children[1].textContent]),
    );
    for (const fact of expected.facts) assert.deepEqual(facts.find(([it]) => it === fact[0]), fact);
    assert.deepEqual(await words(page, "#notes li"), expected.notes);
    for (const [value, total] of Object.entries(expected.totals)) {
      assert.equal(await page.textContent(`#total-${value}`), total);
      await press(page, "values", value);
      for (const root of ["call", "type", "cause"]) {
        await press(page, "roots", root);
        assert.ok((await frame(page)).includes(`${total} `), `${value} by ${root}: ${await frame(page)}`);
      }
    }
    for (const { by, value, rows: reported } of expected.tables) {
      await press(page, "values", value);
      await press(page, "tables", by);
      const shown = await rows(page);
      const figures = shown.map((row) => [row[by], row[value], row["± %"], row["%"]]);
      assert.deepEqual(figures, reported, `by ${by}`);
    }
  },

  /** Zoom by pointer and by keys, ways back, search, another value, another root. */
  async graph({ page }) {
    const path = () => words(page, "#path li");
    assert.deepEqual(await path(), ["all"]);
    await clickRow(page, 4);
    assert.deepEqual(await path(), ["all", "runtime.goexit", "runtime.main", "main.main", "main.serve"]);
    assert.ok((await frame(page)).startsWith(`main.serve ${expected.serve}`), await frame(page));
    await page.click("#path li:nth-child(4) button");
    assert.equal((await path()).at(-1), "main.main");
    await page.click("#reset");
    assert.deepEqual(await path(), ["all"]);
    assert.equal(await page.isHidden("#reset"), true);

    await page.focus("#flame");
    for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowDown");
    assert.ok((await frame(page)).startsWith("main.serve "));
    await page.keyboard.press("ArrowRight");
    assert.ok((await frame(page)).startsWith("main.refresh "));
    await page.keyboard.press("Enter");
    assert.equal((await path()).at(-1), "main.refresh");
    await page.keyboard.press("Escape");
    assert.deepEqual(await path(), ["all"]);

    await page.keyboard.press("/");
    await page.keyboard.type("JSON");
    assert.equal(await page.textContent("#matched"), expected.matched);
    await page.fill("#search", "^main\\.(serve|refresh)$");
    assert.ok((await page.textContent("#matched")).startsWith("0.0 %"));
    await page.click("#search-pattern");
    assert.equal(await page.textContent("#matched"), expected.matched_pattern);
    await page.fill("#search", "(");
    assert.equal(await page.textContent("#matched"), "not a regular expression");
    await page.fill("#search", "");
    assert.equal(await page.textContent("#matched"), "");

    // By objects main.refresh is the larger of the two.
    await press(page, "values", "objects");
    await clickRow(page, 4);
    assert.ok((await frame(page)).startsWith(`main.refresh ${expected.refresh_objects}`));
    await press(page, "roots", "type");
    assert.deepEqual(await path(), ["all"]);
    assert.ok((await frame(page)).includes(" at 95 %"), await frame(page));
    await clickRow(page, 1);
    assert.deepEqual(await path(), ["all", "string"]);
    await press(page, "roots", "cause");
    await clickRow(page, 1);
    assert.deepEqual(await path(), ["all", "string from bytes"]);

    await page.hover("#canvas", { position: { x: 12, y: 1.5 * ROW_HEIGHT } });
    const tooltip = await page.textContent("#tooltip");
    for (const word of ["string from bytes", "250,000", "at 95 %"]) assert.ok(tooltip.includes(word), tooltip);
  },

  /** Order, filter, what is under a row. */
  async table({ page }) {
    const names = async () => (await rows(page)).map((row) => row.site);
    await page.click("#headings th:first-child button");
    const ascending = await names();
    assert.deepEqual(ascending, [...ascending].sort());
    await page.click("#headings th:first-child button");
    assert.deepEqual(await names(), ascending.reverse());
    assert.equal(await page.getAttribute("#headings th:first-child", "aria-sort"), "descending");
    await page.click('#headings button:text-is("objects")');
    assert.equal((await names())[0], "encoding/json.(*decodeState).literalStore");

    await page.fill("#filter", "JSON.");
    assert.equal((await rows(page)).length, 2);
    assert.ok((await page.textContent("#row-count")).startsWith("2 of 8 rows, "));
    await page.fill("#filter", "^io\\.|cgo");
    await page.click("#filter-pattern");
    assert.deepEqual((await names()).sort(), ["cgo_alloc", "io.ReadAll"]);
    await page.fill("#filter", "");

    await page.click('#rows .expand:has-text("io.ReadAll")');
    assert.deepEqual(await words(page, ".histogram th, .histogram td:nth-child(2)"), ["≤ 512 B", "40,000"]);
    await page.keyboard.press("Enter");
    assert.equal((await words(page, ".histogram")).length, 0);
  },

  /** Markup in names is text everywhere, and the policy holds against what is put in. */
  async markup({ page, faults }) {
    const { name } = expected;
    for (const by of ["site", "function", "type"]) {
      await press(page, "tables", by);
      const found = (await rows(page)).filter((row) => row[by] === name);
      assert.equal(found.length, 1, by);
      await page.click(`#rows .expand:has-text(${JSON.stringify(name)})`);
      assert.ok((await page.textContent(".details .whole")).startsWith(name));
    }
    assert.ok((await page.textContent("#notes")).includes(name));
    assert.ok((await page.textContent("#time-legend")).includes(name));
    await page.fill("#search", name);
    assert.equal(await page.textContent("#matched"), expected.matched);
    await press(page, "roots", "type");
    await page.focus("#flame");
    await page.keyboard.press("ArrowDown");
    for (let i = 0; i < 8 && !(await frame(page)).startsWith(name); i++) {
      await page.keyboard.press("ArrowRight");
    }
    assert.ok((await frame(page)).startsWith(name));
    await page.keyboard.press("Enter");
    assert.deepEqual(await words(page, "#path li"), ["all", name]);
    assert.deepEqual(faults, []);
    assert.equal(await page.$$eval("script", (found) => found.length), 2);

    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      document.body.append(script);
      document.body.setAttribute("style", "opacity: 0");
    });
    assert.equal(await page.evaluate(() => window.ran), undefined);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).opacity), "1");
    assert.equal(faults.length, 2, "both are refused, and said to be");
    faults.length = 0;
  },

  /** Dark and light by the system and by hand, narrow windows, the timeline. */
  async looks({ page }) {
    const brightness = async (page) => {
      const color = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      return Math.max(...color.match(/\d+/g).map(Number));
    };
    // The graph's first row is drawn with colours of the style.
    const drawn = async (page) => Math.max(...(await pixel(page, 100, 0)));
    assert.ok((await brightness(page)) > 200);
    assert.ok((await drawn(page)) > 200);
    await page.click("#theme");
    assert.ok((await brightness(page)) < 60);
    assert.ok((await drawn(page)) < 100);
    await page.click("#theme");
    assert.ok((await brightness(page)) > 200);

    const dark = await open({ colorScheme: "dark", viewport: { width: 360, height: 740 } });
    assert.ok((await brightness(dark.page)) < 60);
    assert.ok((await drawn(dark.page)) < 100);
    const width = await dark.page.evaluate(() => document.scrollingElement.scrollWidth);
    assert.ok(width <= 360, `${width} pixels wide`);
    assert.deepEqual(dark.faults, []);

    assert.equal(await page.isVisible("#timeline"), true);
    assert.equal(await page.$$eval("#time-picture .area", (found) => found.length), expected.series);
    assert.equal(await page.textContent("#time-legend li:first-child .figure"), expected.first_series);
    await page.focus("#time-picture");
    await page.keyboard.press("ArrowRight");
    assert.ok((await page.textContent("#time-told")).startsWith("0.00 s to 0.50 s: "));
  },

  /** A recording without a timeline shows none. */
  async plain({ page }) {
    assert.equal(await page.isHidden("#timeline"), true);
    assert.deepEqual(await rows(page), []);
  },

  /** A frame stands for those too narrow to be shown, whichever root the graph has. */
  async narrow({ page }) {
    const facts = await words(page, "#facts div");
    assert.ok(facts.includes(`Merged${expected.merged}`), facts);
    const name = "[too narrow to be shown]";
    const ways = {
      call: ["ArrowDown", "ArrowDown", "ArrowRight"],
      type: ["ArrowDown", "ArrowRight", "ArrowDown", "ArrowDown"],
      cause: ["ArrowDown", "ArrowRight", "ArrowDown", "ArrowDown"],
    };
    for (const [root, keys] of Object.entries(ways)) {
      await press(page, "roots", root);
      assert.ok((await frame(page)).includes(expected.total), await frame(page));
      await page.focus("#flame");
      for (const key of keys) await page.keyboard.press(key);
      const words = `${name} ${expected.narrow} · estimated, without an interval`;
      assert.equal(await frame(page), words, root);
      await page.fill("#search", "too narrow");
      assert.equal(await page.textContent("#matched"), expected.matched);
      await page.fill("#search", "");
    }
    assert.deepEqual((await rows(page)).map((row) => row.site), ["main.often", "main.recurse"]);
  },

  /** Before and after: what changed, by how much, and what is gone, as the comparison says. */
  async difference({ page }) {
    const facts = await page.$$eval("#facts div", (found) =>
      found.map((it) => [...it.children].map((cell) => cell.textContent)),
    );
    for (const fact of expected.facts) assert.deepEqual(facts.find(([it]) => it === fact[0]), fact);
    assert.deepEqual(await words(page, "#notes li"), expected.notes);
    for (const { by, value, rows: compared } of expected.tables) {
      await press(page, "values", value);
      await press(page, "tables", by);
      const columns = [by, "changed", "before", "after", "difference", "±", "%"];
      const shown = (await rows(page)).map((row) => columns.map((column) => row[column]));
      assert.deepEqual(shown, compared, `${value} by ${by}`);
    }
    for (const [value, total] of Object.entries(expected.totals)) {
      const [, , before, after, difference, error, percent] = total;
      await press(page, "values", value);
      const said = await page.textContent(`#totals li:has(#total-${value})`);
      for (const figure of total.slice(2)) assert.ok(said.includes(figure), `${figure}: ${said}`);
      const ofAll = [`${before} before`, `${after} after`, difference, `${percent} %`].join(" · ");
      assert.equal(await frame(page), `all ${value} ${ofAll}`);
      assert.ok(said.includes(`(± ${error})`), said);
    }

    // Rows: 3 main.main, 4 main.serve and main.refresh, 5 what they call.
    await press(page, "values", "bytes");
    await press(page, "tables", "site");
    const path = () => words(page, "#path li");
    for (const theme of ["light", "dark"]) {
      const [red, , blue] = await pixel(page, 200, 5);
      assert.ok(red > blue + 20, `more orders: ${red}, ${blue}, ${theme}`);
      const [redRight, , blueRight] = await pixel(page, 1150, 4);
      assert.ok(blueRight > redRight + 20, `less in main.refresh: ${redRight}, ${blueRight}, ${theme}`);
      await page.click("#theme");
    }
    await clickRow(page, 4, 1150);
    assert.equal((await path()).at(-1), "main.refresh");
    const cache = "github.com/acme/cache.(*LRU[go.shape.string]).Put";
    // The right end is of encoding/json.Unmarshal, or of what is gone.
    await clickRow(page, 5, 1150);
    assert.equal((await path()).at(-1), "encoding/json.Unmarshal", "after has nothing else");
    await page.click("#path li:nth-child(5) button");
    await press(page, "widths", "before");
    await clickRow(page, 5, 1150);
    assert.equal((await path()).at(-1), "cache.(*LRU[go.shape.string]).Put");
    assert.ok((await frame(page)).endsWith(" · -100.0 %"), await frame(page));
    await page.hover("#canvas", { position: { x: 12, y: 5.5 * ROW_HEIGHT } });
    const tooltip = await page.textContent("#tooltip");
    for (const word of [cache, "before", "after", "-100.0 %"]) assert.ok(tooltip.includes(word), tooltip);
    await page.focus("#flame");
    await page.keyboard.press("Escape");
    assert.deepEqual(await path(), ["all"]);

    await page.fill("#search", expected.markup);
    assert.ok((await page.textContent("#matched")).endsWith("-50.0 %"));
    await press(page, "roots", "type");
    await page.focus("#flame");
    await page.keyboard.press("ArrowDown");
    for (let i = 0; i < 8 && !(await frame(page)).startsWith(expected.markup); i++) {
      await page.keyboard.press("ArrowRight");
    }
    assert.ok((await frame(page)).startsWith(expected.markup));

    const names = async () => (await rows(page)).map((row) => row.site);
    const all = await names();
    await page.click("#only-changed");
    assert.deepEqual(await names(), all.slice(0, expected.changed));
    assert.ok((await words(page, "#rows .mark")).length === expected.changed);
    await page.click("#only-changed");
    await page.click('#headings button:text-is("difference")');
    assert.equal((await names())[0], "example.com/shop/order.New");
    await page.click('#headings button:text-is("difference")');
    assert.equal((await names())[0], cache);
    await page.fill("#filter", "<SCRIPT>");
    assert.deepEqual(await names(), [expected.markup]);
    await page.click("#rows .expand");
    const details = await page.textContent(".details");
    for (const word of [expected.markup, " at 95 %", "changed for certain"]) assert.ok(details.includes(word), details);
  },

  /** Nothing has changed. */
  async equal({ page }) {
    assert.deepEqual(await words(page, ".mark"), []);
    const same = await page.$eval("#swatch-same", (it) => getComputedStyle(it).backgroundColor);
    for (const row of [0, 3, 4, 5]) {
      assert.deepEqual(await pixel(page, 200, row), same.match(/\d+/g).map(Number), `row ${row}`);
    }
    await page.click("#only-changed");
    assert.deepEqual(await rows(page), []);
    assert.ok((await page.textContent("#row-count")).startsWith("0 of "));
  },

  /** How long it takes until the page is drawn. */
  async time() {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await page.goto("about:blank");
    const start = performance.now();
    await page.goto(address, { waitUntil: "commit" });
    await page.waitForSelector("html[data-ready]");
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
    const opened_ms = performance.now() - start;
    const timed = async (act) => {
      const start = performance.now();
      await act();
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
      return performance.now() - start;
    };
    const root_ms = await timed(() => press(page, "roots", "type"));
    const search_ms = await timed(() => page.fill("#search", expected.search));
    return { opened_ms, root_ms, search_ms };
  },
};

try {
  const opened = scenario === "time" ? undefined : await open();
  const result = await scenarios[scenario](opened);
  assert.deepEqual(opened?.faults ?? [], []);
  console.log(JSON.stringify(result ?? null));
} finally {
  await browser.close();
}
