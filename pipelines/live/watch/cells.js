// The cells of a picture, a pixel each, in a ring of columns as the picture has them.

export class Cells {
  // Take in what has changed.
  draw(picture, widens) {
    if (picture.isLaidOut || this._ring === undefined) this._layOut(picture);
    const changed = picture.takeChanged(), isAll = picture.isLaidOut || picture.isColoured;
    const runs = isAll ? [[0, picture.nColumns]] : runsAround(changed, widens ? REACH : 0, picture.nColumns);
    const colours = new Uint32Array(picture.colours.buffer), pixels = new Uint32Array(this._column.data.buffer);
    const put = (i, cells) => {
      for (let row = 0, last = picture.nRows - 1; row <= last; row++) pixels[last - row] = colours[cells[row]];
      this._ring.putImageData(this._column, picture.slot(picture.first + BigInt(i)), 0);
    };
    for (const [from, to] of runs) {
      if (widens) widenColumns((i) => picture.column(i), from, to, picture.nRows, put);
      else for (let i = from; i < to; i++) put(i, picture.column(i));
    }
    picture.isLaidOut = picture.isColoured = false;
  }

  // Draw them into a rectangle that shows the values from `low` to `high`.
  show(context, picture, {x, y, width, height}, [low, high]) {
    const at = (value) => y + height * (high - value) / (high - low), top = at(picture.high);
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.imageSmoothingEnabled = false;
    context.drawImage(this._unrolled(picture), x, top, width, at(picture.low) - top);
    context.restore();
  }

  // The ring from the first column on, so that no seam is to be seen where it closes.
  _unrolled(picture) {
    const first = picture.slot(picture.first), {canvas} = this._ring, n = canvas.width;
    this._straight.clearRect(0, 0, n, canvas.height);
    this._straight.drawImage(canvas, -first, 0);
    this._straight.drawImage(canvas, n - first, 0);
    return this._straight.canvas;
  }

  _layOut({nColumns, nRows}) {
    [this._ring, this._straight] = [0, 1].map(() => new OffscreenCanvas(nColumns, nRows).getContext("2d"));
    this._column = new ImageData(1, nRows);
  }
}
