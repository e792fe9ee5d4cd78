// A client of the frames protocol (PROTOCOL.md): the socket, the queue and the picture, without anything that draws.

const VERSION = 1;
const HEAD_BYTES = 12;
const FRAME = 1;
const DEFLATED = 1;
const NO_TIME = -(2n ** 63n);
const PART = {
  LAYOUT: 1, COLUMNS: 2, COLOURS: 3, SHOWN: 4, TIMES: 5, LEDGER: 6, PROGRESS: 7, STORY: 8, BARS: 9, ROW_COLUMNS: 10,
  ROWS: 11, FIGURES: 12,
};
const EMPTY = 0, LITERAL = 1;              // kinds of tokens

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// What is known of one view. What it is takes the parts of messages: `_take(kind, view)`.
class Told {
  constructor() {
    this.generation = 0;
    this.newest = null;                    // event time of the newest row, ns
    this.skew = 0n;
    this.nLeftOut = 0;                     // frames that were passed over, since the keyframe
  }

  // Whether a message changes what is known, or stands by itself.
  fits({base}) { return base === 0 || base === this.generation; }

  apply(generation, base, bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.nLeftOut += base === 0 ? 0 : generation - base - 1;
    for (let at = 0; at < bytes.length;) {
      const head = view.getUint32(at, true), length = head >>> 8;
      this._take(head & 255, new DataView(bytes.buffer, bytes.byteOffset + at + 4, length));
      at += 4 + length;
    }
    this.generation = generation;
  }
}

// A picture. Columns are kept in a ring: column i is at slot i modulo their number.
export class Picture extends Told {
  constructor() {
    super();
    this.columnLog2 = 0;
    this.nRows = 0;
    this.nColumns = 0;
    this.first = 0n;                       // first column, and its slot
    this.firstSlot = 0;
    this.low = 0;
    this.high = 1;
    this.codes = new Uint8Array(0);
    this.colours = new Uint8Array(1024);
    this.shown = [0, 1];
    this.rendered = 0n;
    this.ledger = null;
    this.progress = 1;
    this.story = null;
    this.changed = new Set();              // slots that whoever draws has not drawn
    this.isLaidOut = true;                 // whether there is another layout than was drawn
    this.isColoured = true;                // the same of colours
  }

  get startNs() { return this.first << BigInt(this.columnLog2); }
  get endNs() { return (this.first + BigInt(this.nColumns)) << BigInt(this.columnLog2); }

  slot(column) {
    const n = BigInt(this.nColumns);
    return Number(((column % n) + n) % n);
  }

  // The codes of a column, counted from the first; undefined where it is outside.
  column(offset) {
    if (offset < 0 || offset >= this.nColumns) return undefined;
    const at = ((this.firstSlot + offset) % this.nColumns) * this.nRows;
    return this.codes.subarray(at, at + this.nRows);
  }

  // Which columns whoever draws has not drawn, counted from the first, ascending. They count as drawn from here on.
  takeChanged() {
    const offsets = [...this.changed].map((slot) => (slot - this.firstSlot + this.nColumns) % this.nColumns);
    this.changed.clear();
    return offsets.sort((a, b) => a - b);
  }

  _take(part, view) {
    if (part === PART.LAYOUT) this._layOut(view);
    else if (part === PART.COLUMNS) this._takeColumns(view);
    else if (part === PART.COLOURS) this._takeColours(view);
    else if (part === PART.SHOWN) this.shown = [view.getFloat64(0, true), view.getFloat64(8, true)];
    else if (part === PART.TIMES) {
      const newest = view.getBigInt64(0, true);
      this.newest = newest === NO_TIME ? null : newest;
      this.rendered = view.getBigInt64(8, true);
      this.skew = view.getBigInt64(16, true);
    } else if (part === PART.LEDGER) {
      const [received, stored, duplicate, late, rejected] = [0, 8, 16, 24, 32].map((at) => view.getBigUint64(at, true));
      this.ledger = {received, stored, duplicate, late, rejected};
    } else if (part === PART.PROGRESS) this.progress = view.getFloat32(0, true);
    else if (part === PART.STORY) this.story = JSON.parse(new TextDecoder().decode(view));
  }

  _layOut(view) {
    this.columnLog2 = view.getUint8(0);
    this.nRows = view.getUint16(2, true);
    this.nColumns = view.getUint32(4, true);
    this.low = view.getFloat64(8, true);
    this.high = view.getFloat64(16, true);
    this.codes = new Uint8Array(this.nColumns * this.nRows);
    this.changed.clear();
    this.isLaidOut = true;
  }

  _takeColours(view) {
    this.colours.set(new Uint8Array(view.buffer, view.byteOffset + 1, view.byteLength - 1), 4 * view.getUint8(0));
    this.isColoured = true;
  }

  _takeColumns(view) {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    this.first = view.getBigInt64(0, true);
    this.firstSlot = this.slot(this.first);
    const n = view.getUint32(8, true);
    let at = 12, offset = -1;
    const number = () => {
      let value = 0, scale = 1, byte;
      do {
        byte = bytes[at++];
        value += (byte & 127) * scale;
        scale *= 128;
      } while (byte > 127);
      return value;
    };
    for (let i = 0; i < n; i++) {
      offset += 1 + number();
      const slot = (this.firstSlot + offset) % this.nColumns;
      const column = this.codes.subarray(slot * this.nRows, (slot + 1) * this.nRows);
      for (let row = 0; row < this.nRows;) {
        const token = number(), kind = token & 3, end = row + (token >>> 2);
        if (kind === LITERAL) {
          column.set(bytes.subarray(at, at + end - row), row);
          at += end - row;
        } else column.fill(kind === EMPTY ? 0 : bytes[at++], row, end);
        row = end;
      }
      this.changed.add(slot);
    }
  }
}

// Messages for one pane, applied in the order in which they came: what is small waits for what is being inflated.
class Inbox {
  constructor(onMessage) {
    this._onMessage = onMessage;
    this._queue = null;
  }

  put(message) {
    const deliver = (bytes) => this._onMessage(message, bytes);
    if (!message.isDeflated && this._queue === null) return deliver(message.body);
    const before = this._queue ?? Promise.resolve();
    const bytes = message.isDeflated ? inflate(message.body) : message.body;
    const fail = (error) => this._onMessage(message, null, error);
    const queue = before.then(() => bytes).then(deliver, fail).finally(() => {
      if (this._queue === queue) this._queue = null;
    });
    this._queue = queue;
  }
}

export function readMessage(buffer) {
  const view = new DataView(buffer);
  return {
    isFrame: view.getUint8(0) === FRAME,
    isDeflated: (view.getUint8(1) & DEFLATED) !== 0,
    pane: view.getUint16(2, true),
    generation: view.getUint32(4, true),
    base: view.getUint32(8, true),
    body: new Uint8Array(buffer, HEAD_BYTES),
  };
}
