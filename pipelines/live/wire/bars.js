// Bars of one key, as they were told: columns side by side, bar i of which has the ordinal `first + i`.

const BAR_COLUMNS = ["start", "open", "high", "low", "close", "volume", "turnover", "bought", "sold", "rows"];

export class Bars extends Told {
  constructor() {
    super();
    this.first = 0;
    this.columns = Object.fromEntries(BAR_COLUMNS.map((name) => [name, new Float64Array(0)]));
  }

  // How many there are. Starts are whole seconds since 1970.
  get n() { return this.columns.start.length; }

  _take(part, view) {
    if (part !== PART.BARS) return;
    const first = view.getInt32(0, true), n = view.getUint32(4, true), nTold = view.getUint32(8, true);
    this._moveTo(first, n);
    let at = 12, bar = -1;
    const told = [];
    for (let i = 0; i < nTold; i++) {
      let gap = 0, scale = 1, byte;
      do {
        byte = view.getUint8(at++);
        gap += (byte & 127) * scale;
        scale *= 128;
      } while (byte > 127);
      told.push({bar: bar += 1 + gap});
    }
    for (const each of told) {
      each.mask = view.getUint16(at, true);
      at += 2;
    }
    for (const [bit, name] of BAR_COLUMNS.entries()) {
      const column = this.columns[name];
      for (const {bar, mask} of told) {
        if ((mask >> bit & 1) === 0) continue;
        if (name === "start") column[bar] = Number(view.getBigInt64(at, true) / 1000000000n);
        else column[bar] = name === "rows" ? Number(view.getBigInt64(at, true)) : view.getFloat64(at, true);
        at += 8;
      }
    }
  }

  _moveTo(first, n) {
    const from = Math.max(first, this.first), to = Math.min(first + n, this.first + this.n);
    for (const name of BAR_COLUMNS) {
      const column = new Float64Array(n);
      if (from < to) column.set(this.columns[name].subarray(from - this.first, to - this.first), from - first);
      this.columns[name] = column;
    }
    this.first = first;
  }
}
