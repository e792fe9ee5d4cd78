// The image source of a figure as strips of a picture, a row each: what changed costs its strips, and a picture that
// scrolls moves a strip that has scrolled out to the other end instead of all pixels.

const STRIP_COLUMNS = 100;

export class Strips {
  // A renderer of images, whatever it shows now.
  constructor(renderer) {
    this._source = renderer.data_source;
    this._mapper = renderer.glyph.color_mapper;
    this._Cells = this._source.data.image[0].constructor;
    this._picture = null;
  }

  // Draw what changed since the last time. `origin` is the time at 0 of the axis. Returns whether that was anything.
  draw(picture, origin, widens) {
    const isElsewhere = origin !== this._origin || widens !== this._widens;
    const isOther = picture !== this._picture || picture.isLaidOut || isElsewhere;
    const isColoured = picture.isColoured || picture !== this._picture;
    if (isColoured) this._colour(picture);
    Object.assign(this, {_picture: picture, _origin: origin, _widens: widens});
    if (isOther) this._layOut(picture);
    const changed = picture.takeChanged(), patched = new Set();
    const runs = isOther ? [[0, picture.nColumns]] : runsAround(changed, widens ? REACH : 0, picture.nColumns);
    const start = Number(picture.first - this._base);
    const put = (i, cells) => patched.add(this._put(start + i, cells));
    for (const [from, to] of runs) {
      if (widens) widenColumns((i) => picture.column(i), from, to, picture.nRows, put);
      else for (let i = from; i < to; i++) put(i, picture.column(i));
    }
    picture.isLaidOut = picture.isColoured = false;
    if (isOther) this._source.setv({data: this._data}, {sync: false});
    else if (patched.size > 0) this._source.patching.emit([...patched]);
    return isOther || isColoured || patched.size > 0;
  }

  // Strips of their own beginning at a multiple of their length, enough for the picture wherever it begins.
  _layOut(picture) {
    const n = Math.ceil((picture.nColumns - 1) / STRIP_COLUMNS) + 1, length = BigInt(STRIP_COLUMNS);
    this._base = picture.first - (((picture.first % length) + length) % length);
    this._log2 = BigInt(picture.columnLog2);
    this._nRows = picture.nRows;
    this._held = new Array(n).fill(null);
    const shape = [picture.nRows, STRIP_COLUMNS], nCells = picture.nRows * STRIP_COLUMNS;
    this._data = {
      image: this._held.map(() => new this._Cells(new Uint8Array(nCells), shape)),
      x: new Array(n).fill(NaN),
      y: new Array(n).fill(picture.low),
      dw: new Array(n).fill(STRIP_COLUMNS * 2 ** picture.columnLog2 / 1e6),
      dh: new Array(n).fill(picture.high - picture.low),
    };
    this._bytes = this._data.image.map((image) => new Uint8Array(image.buffer, image.byteOffset, nCells));
  }

  // Write the cells of a column, counted from the base. Returns which strip they are in.
  _put(column, cells) {
    const strip = Math.floor(column / STRIP_COLUMNS), n = this._held.length, at = ((strip % n) + n) % n;
    if (this._held[at] !== strip) this._begin(at, strip);
    const bytes = this._bytes[at];
    for (let row = 0, i = column - strip * STRIP_COLUMNS; row < this._nRows; row++, i += STRIP_COLUMNS) {
      bytes[i] = cells[row];
    }
    return at;
  }

  _begin(at, strip) {
    this._held[at] = strip;
    this._bytes[at].fill(0);
    const startNs = (this._base + BigInt(strip * STRIP_COLUMNS)) << this._log2;
    this._data.x[at] = Number(startNs - this._origin) / 1e6;
  }

  _colour({colours}) {
    const hex = (part) => part.toString(16).padStart(2, "0");
    const colour = (_, code) => "#" + [0, 1, 2, 3].map((i) => hex(colours[4 * code + i])).join("");
    const palette = Array.from({length: 256}, colour);
    this._mapper.setv({palette}, {sync: false});
  }
}
