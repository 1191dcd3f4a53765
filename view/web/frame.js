// SPDX-License-Identifier: LGPL-2.1-or-later
// Tables as the server sends them: "STF1", the length of a JSON header, the header, and columns in
// little-endian, each at a multiple of 8 bytes.

const EXACT = 2 ** 53;

class Ints {
  constructor(buffer, at, rows) {
    this.words = new Int32Array(buffer, at, 2 * rows);
  }

  high(row) {
    return this.words[2 * row + 1];
  }

  known(row) {
    return this.high(row) !== -0x80000000 || this.words[2 * row] !== 0;
  }

  // As a double: rounded beyond 2^53.
  number(row) {
    return this.high(row) * 4294967296 + (this.words[2 * row] >>> 0);
  }

  digits(row) {
    const number = this.number(row);
    return Math.abs(number) < EXACT ? String(number) : String(this.big(row));
  }

  big(row) {
    return (BigInt(this.high(row)) << 32n) | BigInt(this.words[2 * row] >>> 0);
  }

  compare(a, b) {
    return this.high(a) - this.high(b) ||
      (this.words[2 * a] >>> 0) - (this.words[2 * b] >>> 0);
  }

  // Of these rows, as numpy's array has them; unknown ones as the frame has them.
  array(rows) {
    const made = new Int32Array(2 * rows.length);
    rows.forEach((row, n) => {
      made[2 * n] = this.words[2 * row];
      made[2 * n + 1] = this.words[2 * row + 1];
    });
    return { descr: "<i8", values: new Uint8Array(made.buffer) };
  }
}

class Reals {
  constructor(buffer, at, rows) {
    this.values = new Float64Array(buffer, at, rows);
  }

  known(row) {
    return !Number.isNaN(this.values[row]);
  }

  number(row) {
    return this.values[row];
  }

  digits(row) {
    return String(this.values[row]);
  }

  compare(a, b) {
    return this.values[a] - this.values[b];
  }

  array(rows) {
    const made = Float64Array.from(rows, row => this.values[row]);
    return { descr: "<f8", values: new Uint8Array(made.buffer) };
  }
}

const decoder = new TextDecoder();

class Texts {
  constructor(buffer, at, rows, bytes) {
    this.offsets = new Uint32Array(buffer, at, rows + 1);
    this.bytes = new Uint8Array(buffer, at + 4 * (rows + 1), bytes - 4 * (rows + 1));
    this.texts = new Array(rows);
  }

  known(row) {
    const begin = this.offsets[row];
    return this.offsets[row + 1] - begin !== 1 || this.bytes[begin] !== 0xff;
  }

  digits(row) {
    return this.texts[row] ??=
      decoder.decode(this.bytes.subarray(this.offsets[row], this.offsets[row + 1]));
  }

  compare(a, b) {
    const left = this.digits(a), right = this.digits(b);
    return left < right ? -1 : left > right ? 1 : 0;
  }

  // Side by side, as wide as the longest; unknown ones are empty.
  array(rows) {
    let width = 1;
    for (const row of rows)
      width = Math.max(width, this.offsets[row + 1] - this.offsets[row]);
    const made = new Uint8Array(width * rows.length);
    rows.forEach((row, n) => {
      if (this.known(row))
        made.set(this.bytes.subarray(this.offsets[row], this.offsets[row + 1]), n * width);
    });
    return { descr: "|S" + width, values: made };
  }
}

// The header's members, and columns with values: known(row), digits(row), number(row) of numbers,
// compare(row, row).
export function frame(buffer) {
  const bytes = new Uint8Array(buffer), view = new DataView(buffer);
  if (bytes.length < 8 || decoder.decode(bytes.subarray(0, 4)) !== "STF1")
    throw new Error("The server's answer is no table.");
  const length = view.getUint32(4, true), begin = 8 + length;
  const table = JSON.parse(decoder.decode(bytes.subarray(8, begin)));
  for (const column of table.columns) {
    const at = begin + column.at;
    if (column.type === "text")
      column.values = new Texts(buffer, at, table.rows, column.bytes);
    else
      column.values = new (column.type === "int" ? Ints : Reals)(buffer, at, table.rows);
  }
  return table;
}
