// SPDX-License-Identifier: LGPL-2.1-or-later
// Columns as a file that numpy.load() reads: an array a column, stored in a zip.

const encoder = new TextEncoder();

let table = null;

function crc(bytes) {
  table ||= Uint32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++)
      n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
    return n;
  });
  let sum = 0xffffffff;
  for (const byte of bytes)
    sum = table[(sum ^ byte) & 255] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

// An array with numpy's header, which ends at a multiple of 64 bytes.
function npy(descr, rows, values) {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${rows},), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const made = new Uint8Array(length + values.length);
  made.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(made.buffer).setUint16(8, length - 10, true);
  made.set(encoder.encode(text.padEnd(length - 11) + "\n"), 10);
  made.set(values, length);
  return made;
}

// What a header in front of a member, and one in the directory, have in common.
function header(name, data) {
  const made = new DataView(new ArrayBuffer(26));
  [20, 0x800, 0, 0, 0x21].forEach((value, n) => made.setUint16(2 * n, value, true));
  [crc(data), data.length, data.length].forEach((value, n) =>
    made.setUint32(10 + 4 * n, value, true));
  made.setUint16(22, name.length, true);
  return new Uint8Array(made.buffer);
}

const word = value => new Uint8Array(Uint32Array.of(value).buffer);
const LOCAL = 0x04034b50, CENTRAL = 0x02014b50, END = 0x06054b50;

// arrays: { name, descr, rows, values: bytes }.
export function npz(arrays) {
  const parts = [], directory = [];
  let at = 0, size = 0;
  for (const { name, descr, rows, values } of arrays) {
    const data = npy(descr, rows, values), file = encoder.encode(name + ".npy");
    const head = header(file, data);
    parts.push(word(LOCAL), head, file, data);
    directory.push(word(CENTRAL), Uint8Array.of(20, 0), head, new Uint8Array(10), word(at), file);
    at += 30 + file.length + data.length;
    size += 46 + file.length;
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, END, true);
  end.setUint16(8, arrays.length, true);
  end.setUint16(10, arrays.length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, at, true);
  return new Blob([...parts, ...directory, end], { type: "application/octet-stream" });
}
