// SPDX-License-Identifier: LGPL-2.1-or-later
// Where an axis has its ticks, and what stands at them.

const UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];

// The largest of 1, 2 and 5 times a power of ten that makes at most count steps.
function stepOf(length, count) {
  const least = length / Math.max(1, count), power = 10 ** Math.floor(Math.log10(least));
  for (const factor of [1, 2, 5])
    if (factor * power >= least * (1 - 1e-9))
      return factor * power;
  return 10 * power;
}

function decimalsOf(step) {
  return Math.max(0, Math.min(12, Math.ceil(-Math.log10(step) - 1e-9)));
}

/*
 * { ticks: [{ at, text }], unit } of the values from begin to end, at most count of them.
 * axis: { time, integer } as the server says; raw: nanoseconds as they are.
 */
export function ticks(axis, begin, end, count, raw = false) {
  if (!(end > begin))
    return { ticks: [], unit: "" };
  let step = stepOf(end - begin, count);
  if (axis.integer || (axis.time && raw))
    step = Math.max(1, step);
  const largest = Math.max(Math.abs(begin), Math.abs(end));
  let [divisor, unit] = [1, axis.time ? "ns" : ""];
  if (axis.time && !raw)
    [divisor, unit] = UNITS.find(([size]) => largest >= size && step >= size / 1e6) || UNITS[3];
  const decimals = decimalsOf(step / divisor), found = [];
  const first = Math.ceil(begin / step - 1e-9);
  for (let n = first; n * step <= end + step * 1e-9; n++) {
    const at = n * step, value = at / divisor;
    found.push({ at, text: Math.abs(value) >= 1e15 ? value.toExponential(6)
      : value.toFixed(decimals).replace(/^-(0(\.0*)?)$/, "$1") });
  }
  return { ticks: found, unit };
}

// A point in time with as many digits as a step between pixels makes a difference.
export function timeText(ns, resolution, raw = false) {
  if (raw)
    return Math.round(ns) + " ns";
  const [divisor, unit] = UNITS.find(([size]) => Math.abs(ns) >= size) || UNITS[3];
  return (ns / divisor).toFixed(decimalsOf(Math.max(1, resolution) / divisor)) + " " + unit;
}

export function valueText(axis, value, resolution) {
  if (axis.integer && resolution >= 0.5)
    return String(Math.round(value));
  return value.toFixed(Math.min(6, decimalsOf(resolution) + 1));
}
