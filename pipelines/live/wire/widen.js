// A cell that is alone reaches one cell to all sides, so that it is seen. Others stay exactly as they are.

const REACH = 2;                           // a column is drawn otherwise where one of so many to either side changed

// The cells of a column that have no other around them. Returns whether there are any.
function takeAlone(left, middle, right, alone) {
  let any = false;
  const n = middle.length, has = (column, row) => column !== undefined && row >= 0 && row < n && column[row] > 0;
  for (let row = 0; row < n; row++) {
    alone[row] = 0;
    if (middle[row] === 0 || has(middle, row - 1) || has(middle, row + 1)) continue;
    if (has(left, row) || has(left, row - 1) || has(left, row + 1)) continue;
    if (has(right, row) || has(right, row - 1) || has(right, row + 1)) continue;
    alone[row] = middle[row];
    any = true;
  }
  return any;
}

// Calls `put(i, column)` with columns `from` until before `to` as they are drawn. `columnAt(i)` gives one as it came,
// or undefined; what is put is good until the next call.
export function widenColumns(columnAt, from, to, nRows, put) {
  const buffers = [0, 1, 2].map(() => ({alone: new Uint8Array(nRows), any: false})), drawn = new Uint8Array(nRows);
  const take = (i) => {
    const buffer = buffers[(i + 3) % 3], middle = columnAt(i);
    buffer.any = middle !== undefined && takeAlone(columnAt(i - 1), middle, columnAt(i + 1), buffer.alone);
  };
  take(from - 1);
  take(from);
  for (let i = from; i < to; i++) {
    take(i + 1);
    drawn.set(columnAt(i));
    for (const {alone, any} of buffers) if (any) spread(alone, drawn, nRows);
    put(i, drawn);
  }
}

function spread(alone, drawn, nRows) {
  for (let row = 0; row < nRows; row++) {
    const code = alone[row];
    if (code === 0) continue;
    for (let at = Math.max(row - 1, 0); at <= Math.min(row + 1, nRows - 1); at++) drawn[at] = Math.max(drawn[at], code);
  }
}

// From ascending columns to runs [from, to) of those that are drawn otherwise.
export function runsAround(columns, reach, n) {
  const runs = [];
  for (const column of columns) {
    const from = Math.max(column - reach, 0), to = Math.min(column + reach + 1, n), last = runs[runs.length - 1];
    if (last !== undefined && from <= last[1]) last[1] = to;
    else runs.push([from, to]);
  }
  return runs;
}
