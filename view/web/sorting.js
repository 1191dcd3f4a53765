// SPDX-License-Identifier: LGPL-2.1-or-later
// Sorts many numbers in turns with all else that the page does: nothing freezes meanwhile.

const RUN = 4096;   // sorted at once
const TURN = 12;    // ms

// Ends a turn if it has lasted; isStale says that nobody wants the result any more.
class Turns {
  constructor(isStale) {
    this.isStale = isStale;
    this.begun = performance.now();
  }

  get isOver() {
    return performance.now() - this.begun > TURN;
  }

  async rest() {
    await new Promise(resolve => setTimeout(resolve));
    this.begun = performance.now();
    return !this.isStale();
  }
}

// From two sorted stretches of `from` one of `to`; false: it is stale.
async function merge(from, to, begin, middle, end, compare, turns) {
  let a = begin, b = middle;
  for (let at = begin; at < end; at++) {
    to[at] = a < middle && (b >= end || compare(from[a], from[b]) <= 0) ? from[a++] : from[b++];
    if (at % RUN === 0 && turns.isOver && !await turns.rest())
      return false;
  }
  return true;
}

// The numbers sorted, a Uint32Array; null: it became stale.
export async function sortInTurns(numbers, compare, isStale) {
  const turns = new Turns(isStale), n = numbers.length;
  let from = Uint32Array.from(numbers), to = new Uint32Array(n);
  for (let begin = 0; begin < n; begin += RUN) {
    from.subarray(begin, begin + RUN).sort(compare);
    if (turns.isOver && !await turns.rest())
      return null;
  }
  for (let size = RUN; size < n; size *= 2) {
    for (let begin = 0; begin < n; begin += 2 * size)
      if (!await merge(from, to, begin, Math.min(begin + size, n), Math.min(begin + 2 * size, n),
        compare, turns))
        return null;
    [from, to] = [to, from];
  }
  return from;
}
