// SPDX-License-Identifier: LGPL-2.1-or-later
// How the columns of an analysis are written: a unit a column, bounds beside what they bound.

const UNKNOWN = "unknown in all rows", ZERO = "0 in all rows", SAME = "as large as what it bounds";

// The largest magnitude of the columns of a unit, which are all written in the same one.
function extent(table, unit) {
  let most = 0, isWholeKib = true;
  for (const { values, unit: own, type, kind } of table.columns) {
    if (own !== unit || type === "text" || kind === "stamp")
      continue;
    for (let row = 0; row < table.rows; row++) {
      if (!values.known(row))
        continue;
      const number = values.number(row);
      most = Math.max(most, Math.abs(number));
      isWholeKib &&= type === "int" && number % 1024 === 0;
    }
  }
  return { most, isWholeKib };
}

function scaleOf(table, unit) {
  const { most, isWholeKib } = extent(table, unit);
  if (unit === "ns")
    return most < 1e5 ? [1, 0, "ns"] : most < 1e12 ? [1e6, 3, "ms"] : [1e9, 3, "s"];
  if (most < 65536 && !isWholeKib)
    return [1, 0, "B"];
  return most < 256 * 2 ** 20 ? [1024, isWholeKib ? 0 : 1, "KiB"] : [2 ** 20, 1, "MiB"];
}

// { unit, text(row) } of a column.
function writing(column, scales, origin) {
  const { values, unit, type, kind } = column;
  const digits = row => values.digits(row);
  if (type === "text")
    return { unit: "", text: digits };
  if (kind === "address")
    return { unit: "", text: row => "0x" + BigInt.asUintN(64, values.big(row)).toString(16) };
  if (kind === "stamp" && origin !== null)
    return { unit: "s", text: row => secondsText(values.big(row) - origin) };
  if (scales[unit] && kind !== "stamp") {
    const [divisor, decimals, shown] = scales[unit];
    return { unit: shown, text: divisor === 1 && type === "int" ? digits
      : row => (values.number(row) / divisor).toFixed(decimals) };
  }
  const decimals = unit === "%" ? 2 : 3;
  return { unit: unit === "1" ? "" : unit,
    text: type === "int" ? digits : row => values.number(row).toFixed(decimals) };
}

function secondsText(ns) {
  const sign = ns < 0n ? "-" : "", micros = ((ns < 0n ? -ns : ns) + 500n) / 1000n;
  return `${sign}${micros / 1000000n}.${String(micros % 1000000n).padStart(6, "0")}`;
}

// Where a column alone has this bound, the two are written as one: 12.3–12.9.
function boundOf(table, column) {
  const bound = table.columns.find(other => other.name === column.most);
  const isShared = table.columns.filter(other => other.most === column.most).length > 1;
  return bound && !isShared ? bound : null;
}

function withBound(table, column, made) {
  const bound = boundOf(table, column);
  if (!bound)
    return made;
  const { values } = column, high = bound.values, { text } = made;
  const isOpen = row => high.known(row) && (column.adds ? high.number(row) !== 0
    : high.digits(row) !== values.digits(row));
  const upper = writing({ ...column, values: column.adds ? {
    number: row => values.number(row) + high.number(row),
    big: row => values.big(row) + high.big(row),
    digits: row => column.type === "int" ? String(values.big(row) + high.big(row))
      : String(values.number(row) + high.number(row)),
  } : high }, table.scales, table.origin).text;
  made.text = row => {
    const low = text(row);
    if (!isOpen(row))
      return low;
    const most = upper(row);
    return most === low ? low : `${low}–${most}`;
  };
  made.class = row => isOpen(row) && made.text(row).includes("–") ? ".bound" : "";
  return made;
}

function hiddenWhy(table, column) {
  const { values, type, unit } = column;
  let known = false, nonzero = false;
  for (let row = 0; row < table.rows && !nonzero; row++) {
    const here = values.known(row);
    known ||= here;
    nonzero ||= here && (type === "text" || unit === "" || values.number(row) !== 0);
  }
  if (!table.rows || (known && nonzero))
    return bounds(table, column) ? SAME : undefined;
  return known ? ZERO : UNKNOWN;
}

// Is it written beside the one that it bounds?
function bounds(table, column) {
  const low = table.columns.find(other => other.most === column.name);
  return !!low && boundOf(table, low) === column;
}

function headingOf(name, unit) {
  return unit ? name.replace(/_(ns|bytes)$/, "") : name;
}

// Those of grid.js, the first ones first. opened: what is known of the recording.
export function gridColumns(table, opened) {
  table.origin = opened?.origin_ns ? BigInt(opened.origin_ns) : null;
  table.scales = { ns: scaleOf(table, "ns"), bytes: scaleOf(table, "bytes") };
  const rank = name => {
    const place = (table.first || []).indexOf(name);
    return place < 0 ? table.columns.length : place;
  };
  const made = table.columns.map(column => {
    const { unit, text } = writing(column, table.scales, table.origin);
    const why = hiddenWhy(table, column);
    return withBound(table, column, { name: column.name, title: headingOf(column.name, unit), unit,
      about: column.about, number: column.type !== "text", text,
      known: row => column.values.known(row),
      compare: (a, b) => column.values.compare(a, b),
      key: column.type === "text" ? undefined : row => column.values.number(row),
      hidden: why === SAME ? "beside what it bounds" : why });
  });
  return made.map((column, n) => ({ column, n })).sort((a, b) =>
    rank(a.column.name) - rank(b.column.name) || a.n - b.n).map(({ column }) => column);
}
