// The page of a recording.

function recordingLines() {
  const lines = [];
  for (const { weight, name, value } of data.facts) {
    if (weight === "plain") lines.push(factLine(name, value));
    if (name !== "Target") continue;
    if (data.command.length) lines.push(factLine("Command", data.command.join(" ")));
    if (data.start_unix_ms > 0) {
      const start = new Date(data.start_unix_ms).toISOString();
      lines.push(factLine("Started", start.replace("T", " ").replace(/\.\d+Z/, " UTC")));
    }
  }
  return lines;
}

function recordingTotals() {
  const words = { bytes: "asked for", objects: "objects", heap_bytes: "of heap set aside" };
  return Object.entries(VALUES).map(([value, { format }]) =>
    totalFigure(value, format(data.totals[value]), words[value]),
  );
}

function startRecording() {
  showHeader(`${data.program}: heap allocations`, recordingLines(), recordingTotals());
  showLegend(KINDS);
  startGraph(recordingFrames, shownValue);
  startTable(recordingRows, "site", "value");
  startTimeline();
  const values = { bytes: "Bytes", objects: "Objects", heap_bytes: "Heap bytes" };
  fillChoice(byId("values"), values, shownValue);
  choice(byId("values"), (value) => {
    shownValue = value;
    setGraphWeight(value);
    drawTable();
    setTimelineValue(value);
  });
  startPage();
}

startRecording();
