// The newest rows of one key, oldest first, each an object: times are BigInt nanoseconds, other values numbers.

const READ = {
  i64: [8, (view, at) => view.getBigInt64(at, true)],
  f64: [8, (view, at) => view.getFloat64(at, true)],
  i8: [1, (view, at) => view.getInt8(at)],
};

export class Rows extends Told {
  constructor() {
    super();
    this.rows = [];
    this._first = 0;
    this._columns = [];
  }

  _take(part, view) {
    if (part === PART.ROW_COLUMNS) this._columns = JSON.parse(new TextDecoder().decode(view));
    else if (part === PART.ROWS) this._takeRows(view);
  }

  _takeRows(view) {
    const first = Number(view.getBigUint64(0, true)), n = view.getUint32(8, true), nTold = view.getUint32(12, true);
    const told = Array.from({length: nTold}, () => ({}));
    let at = 16;
    for (const [name, type] of this._columns) {
      const [size, read] = READ[type];
      for (const row of told) {
        row[name] = read(view, at);
        at += size;
      }
    }
    const skipped = first - this._first;
    this.rows = [...this.rows.slice(skipped, skipped + n - nTold), ...told];
    this._first = first;
  }
}
