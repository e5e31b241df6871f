// Figures in words, as goalloc's reports have them.

/** `x` with `digits` behind the point, halves to the even digit. */
function fixed(x, digits) {
  const scale = 10 ** digits;
  const scaled = x * scale;
  const floor = Math.floor(scaled);
  const isHalf = scaled - floor === 0.5;
  return ((isHalf ? floor + (floor % 2) : Math.round(scaled)) / scale).toFixed(digits);
}

/** A count with thousands set apart, as `1,234,567`. */
function formatCount(count) {
  return Math.round(count).toLocaleString("en-US");
}

/** Bytes in binary units with at most three digits, as `1.53 MiB`. */
function formatBytes(bytes) {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  let value = bytes;
  let unit = "B";
  for (const larger of ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]) {
    if (value < 999.5) break;
    value /= 1024;
    unit = larger;
  }
  const digits = value >= 99.95 ? 0 : value < 9.995 ? 2 : 1;
  const text = fixed(value, digits);
  return `${digits ? text.replace(/\.?0+$/, "") : text} ${unit}`;
}

/** `part` of `whole` in percent. */
function formatShare(part, whole) {
  const percent = whole > 0 ? (part / whole) * 100 : 0;
  return `${percent > 0 && percent < 0.05 ? "<0.1" : fixed(percent, 1)} %`;
}

/** How far `value` may be off by its interval, in percent; nothing when it is exact. */
function formatOff(value, interval) {
  if (!interval) return "";
  const off = Math.max(value - interval[0], interval[1] - value, 0);
  if (off === 0) return "0";
  const percent = (off / value) * 100;
  if (percent < 0.1) return "<0.1";
  if (percent < 9.95) return fixed(percent, 1);
  return percent < 999.5 ? fixed(percent, 0) : ">999";
}

/** A path without all but its last two parts. */
function shortPath(path) {
  const slash = path.lastIndexOf("/", path.lastIndexOf("/") - 1);
  return slash > 0 ? `…${path.slice(slash)}` : path;
}

/** Nanoseconds as seconds. */
function formatSeconds(ns) {
  return `${fixed(ns / 1e9, ns < 1e10 ? 2 : 1)} s`;
}

/** What `text` finds: a part of a name in any case, or a regular expression. */
function matcher(text, isPattern) {
  if (isPattern) {
    const pattern = new RegExp(text, "i");
    return (name) => pattern.test(name);
  }
  const part = text.toLowerCase();
  return (name) => name.toLowerCase().includes(part);
}
