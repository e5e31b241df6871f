// The page of a comparison.

function differenceLines() {
  const plain = data.facts.filter(({ weight }) => weight === "plain");
  return plain.map(({ name, value }) => factLine(name, value));
}

function differenceTotals() {
  return Object.keys(MEASURES).map((measure) => {
    const { before, after, error } = tableOf(data.by)[measure].total;
    const words = [formatDifference(before, after, measure), percentWords(before, after)];
    return totalFigure(
      measure,
      formatFigure(after, measure),
      `${measure === "bytes" ? "asked for" : "objects"} after, ${formatFigure(before, measure)} before`,
      `${words.filter(Boolean).join(", ")} (± ${formatFigure(error, measure)})`,
    );
  });
}

function startDifference() {
  showHeader(`${data.program}: what has changed`, differenceLines(), differenceTotals());
  showLegend(DIFFERENCES);
  byId("legend").append(element("li", {}, "errors left out: the tables say what changed for certain"));
  startGraph(differenceFrames, sumName(shownSide, shownMeasure));
  startTable(differenceRows, data.by, "changed");
  fillChoice(byId("values"), { bytes: "Bytes", objects: "Objects" }, shownMeasure);
  choice(byId("values"), (measure) => {
    shownMeasure = measure;
    setGraphWeight(sumName(shownSide, measure));
    drawTable();
  });
  fillChoice(byId("widths"), { after: "After", before: "Before" }, shownSide);
  choice(byId("widths"), (side) => {
    shownSide = side;
    setGraphWeight(sumName(side, shownMeasure));
  });
  const onlyChanged = byId("only-changed");
  onlyChanged.addEventListener("click", () => {
    isOnlyChanged = !isOnlyChanged;
    onlyChanged.setAttribute("aria-pressed", String(isOnlyChanged));
    table.shown = ROWS_AT_ONCE;
    drawTable();
  });
  startPage();
}

startDifference();
