// One picture that fills a page, drawn without any library: axes, cells, and the words above them.

const LEFT_PX = 88, BOTTOM_PX = 28, TOP_PX = 10, RIGHT_PX = 12;
const TICK_PX = 96, ROW_PX = 48;
const WATCH_FPS = 30;
const RELOAD_MS = 5000;
const WATCH_COLUMNS = [300, 600, 1200, 2400];
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

// The cells of a picture, a pixel each, in a ring of columns as the picture has them.
class Cells {
  draw(picture, widens) {
    if (picture.isLaidOut || this._canvas === undefined) {
      this._canvas = new OffscreenCanvas(picture.nColumns, picture.nRows);
      this._context = this._canvas.getContext("2d");
      this._column = new ImageData(1, picture.nRows);
    }
    const changed = picture.takeChanged(), isAll = picture.isLaidOut || picture.isColoured;
    const runs = isAll ? [[0, picture.nColumns]] : runsAround(changed, widens ? REACH : 0, picture.nColumns);
    const colours = new Uint32Array(picture.colours.buffer.slice(0)), pixels = new Uint32Array(this._column.data.buffer);
    const put = (i, cells) => {
      for (let row = 0, last = picture.nRows - 1; row <= last; row++) pixels[last - row] = colours[cells[row]];
      this._context.putImageData(this._column, picture.slot(picture.first + BigInt(i)), 0);
    };
    for (const [from, to] of runs) {
      if (widens) widenColumns((i) => picture.column(i), from, to, picture.nRows, put);
      else for (let i = from; i < to; i++) put(i, picture.column(i));
    }
    picture.isLaidOut = picture.isColoured = false;
  }

  // Draw them into a rectangle that shows the values from `low` to `high`.
  show(context, picture, {x, y, width, height}, [low, high]) {
    const first = picture.slot(picture.first), n = picture.nColumns, column = width / n;
    const bottom = y + height * (high - picture.low) / (high - low), top = y + height * (high - picture.high) / (high - low);
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.imageSmoothingEnabled = false;
    const piece = (from, count, at) => {
      if (count > 0) context.drawImage(this._canvas, from, 0, count, picture.nRows, x + at * column, top, count * column, bottom - top);
    };
    piece(first, n - first, 0);
    piece(0, first, n - first);
    context.restore();
  }
}

class WatchPage {
  constructor({ticket, span_s: spanS, widens}) {
    this._spanS = spanS;
    this._widens = widens;
    this._screen = document.querySelector("canvas");
    this._words = document.querySelector("#state");
    this._cells = new Cells();
    const address = new URL("../frames", document.baseURI).href.replace(/^http/, "ws");
    this._client = new FramesClient(() => new WebSocket(address));
    this._pane = this._client.open({
      onFrame: (picture) => this._take(picture),
      onAnswer: () => {},
      onRow: () => {},
      onFailed: (reason) => { this._failure = reason; this._tell(); },
      onState: () => this._state(),
    });
    this._client.show(this._pane, {ticket, view: "view", columns: this._columns(), fps: WATCH_FPS});
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this._client.pause(this._pane);
      else this._client.resume(this._pane);
    });
    new ResizeObserver(() => this._request()).observe(this._screen);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this._request());
    setInterval(() => this._tell(), 500);
  }

  // The largest class of canvas whose columns are no narrower than the screen's.
  _columns() {
    const width = Math.max(this._screen.clientWidth - LEFT_PX - RIGHT_PX, 1) * devicePixelRatio;
    return WATCH_COLUMNS.filter((n) => n <= width).pop() ?? WATCH_COLUMNS[0];
  }

  _take(picture) {
    this._picture = picture;
    this._failure = "";
    this._request();
  }

  _request() {
    if (this._isRequested || !this._picture) return;
    this._isRequested = true;
    requestAnimationFrame(() => {
      this._isRequested = false;
      this._draw(this._picture);
      this._client.painted(this._pane);
    });
  }

  _draw(picture) {
    const scale = devicePixelRatio, {clientWidth: width, clientHeight: height} = this._screen;
    if (this._screen.width !== Math.round(width * scale)) this._screen.width = Math.round(width * scale);
    if (this._screen.height !== Math.round(height * scale)) this._screen.height = Math.round(height * scale);
    const context = this._screen.getContext("2d"), style = getComputedStyle(document.documentElement);
    const place = {x: LEFT_PX, y: TOP_PX, width: width - LEFT_PX - RIGHT_PX, height: height - TOP_PX - BOTTOM_PX};
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    context.fillStyle = style.getPropertyValue("--quiet");
    context.strokeStyle = style.getPropertyValue("--line");
    this._drawValues(context, place, picture.shown);
    this._drawTimes(context, place, picture);
    this._cells.draw(picture, this._widens);
    this._cells.show(context, picture, place, picture.shown);
  }

  _drawValues(context, {x, y, width, height}, [low, high]) {
    const rough = (high - low) * ROW_PX / height, unit = 10 ** Math.floor(Math.log10(rough));
    const step = unit * [1, 2, 5, 10].find((n) => n * unit >= rough), digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(step) + 1e-6)));
    const format = new Intl.NumberFormat("en-US", {minimumFractionDigits: digits, maximumFractionDigits: digits});
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (let i = Math.ceil(low / step); i * step <= high; i++) {
      const at = y + height * (high - i * step) / (high - low);
      line(context, x, at, x + width, at);
      context.fillText(format.format(i * step), x - 8, at);
    }
  }

  _drawTimes(context, {x, y, width, height}, picture) {
    const start = Number(picture.startNs / 1000n) / 1e6, end = Number(picture.endNs / 1000n) / 1e6;
    const step = STEPS_S.find((s) => s >= (end - start) * TICK_PX / width) ?? STEPS_S[STEPS_S.length - 1];
    const options = {hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(step < 60 ? {second: "2-digit"} : {})};
    const offset = -60 * new Date(start * 1000).getTimezoneOffset();
    context.textAlign = "center";
    context.textBaseline = "top";
    for (let at = Math.ceil((start + offset) / step) * step - offset; at <= end; at += step) {
      const place = x + width * (at - start) / (end - start);
      line(context, place, y, place, y + height);
      context.fillText(new Date(at * 1000).toLocaleTimeString("en-GB", options), place, y + height + 8);
    }
  }

  _state() {
    const {state, hasConnected} = this._client;
    if (state !== this._was) this._sinceMs = performance.now();
    this._was = state;
    this._screen.classList.toggle("old", hasConnected && state !== "connected");
    if (state === "refused") setTimeout(() => location.reload(), RELOAD_MS);     // which brings a new ticket
    this._tell();
  }

  _tell() {
    const {state, reason, clock, hasConnected} = this._client, picture = this._picture, nowNs = clock.at(performance.now());
    const [first, ...others] = captionOf({
      state, reason,
      sinceMs: hasConnected ? performance.now() - this._sinceMs : null,
      isFollowing: true,
      lagMs: picture && picture.newest !== null ? Number(nowNs + picture.skew - picture.newest) / 1e6 : null,
      ageMs: picture ? Number(nowNs - picture.rendered) / 1e6 : null,
      nLeftOut: 0,
      progress: picture?.progress ?? 1,
      failure: this._failure,
    });
    const bold = document.createElement("b");
    bold.textContent = first ?? "";
    this._words.replaceChildren(bold, others.map((text) => ` \u00b7 ${text}`).join(""));
  }
}

function line(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

new WatchPage(JSON.parse(document.querySelector("#settings").textContent));
