// One picture that fills a page, drawn without any library: axes, cells, and the words above them.

const LABEL_EM = 0.9;
const TICK_GAP_EM = 2, VALUE_GAP_EM = 3.2;
const WATCH_FPS = 30, LAST_FPS = 5;
const TELL_MS = 500;
const NEWS_MS = 5000;                      // how long it is told that frames were left out
const SETTLED_MS = 300;
const CHECK_MS = 5000;

class WatchPage {
  constructor({ticket, frames, span_ns: spanNs, widens, value}) {
    this._ticket = ticket;
    this._spanNs = spanNs;
    this._widens = widens;
    this._value = value;
    this._decimals = 0;
    this._screen = document.querySelector("canvas");
    this._words = document.querySelector("#state");
    this._day = document.querySelector("#day");
    this._cells = new Cells();
    this._leftOut = [];
    const address = new URL(frames, document.baseURI).href.replace(/^http/, "ws");
    this._client = new FramesClient(() => new WebSocket(address));
    this._pane = this._client.open({
      onFrame: (picture) => this._take(picture),
      onAnswer: () => {},
      onRow: () => {},
      onFailed: (reason) => { this._failure = reason; this._tell(); },
      onState: () => this._state(),
    });
    this._last = this._client.open({
      Kind: Rows,
      onFrame: (shown) => this._tellLast(shown),
      onFailed: () => {},
      onState: () => {},
    });
    this._client.show(this._last, {ticket, view: "last", fps: LAST_FPS});
    this._subscribe();
    this._heed();
    document.addEventListener("visibilitychange", () => this._heed());
    new ResizeObserver(() => this._resized()).observe(this._screen);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this._request());
    setInterval(() => this._tell(), TELL_MS);
    setInterval(() => this._check(), CHECK_MS);
  }

  _subscribe() {
    this._columns = this._columnsThatFit();
    this._client.show(this._pane, {ticket: this._ticket, view: "view", columns: this._columns, fps: WATCH_FPS});
  }

  _columnsThatFit() { return columnsThatFit(this._spanNs, this._screen.clientWidth * devicePixelRatio); }

  _resized() {
    this._request();
    clearTimeout(this._settling);
    this._settling = setTimeout(() => { if (this._columnsThatFit() !== this._columns) this._subscribe(); }, SETTLED_MS);
  }

  // Want nothing while nobody can see it.
  _heed() {
    for (const pane of [this._pane, this._last]) {
      if (document.hidden) this._client.pause(pane);
      else this._client.resume(pane);
    }
  }

  _take(picture) {
    this._picture = picture;
    this._failure = "";
    if (picture.nLeftOut > 0) this._leftOut.push([performance.now(), picture.nLeftOut]);
    picture.nLeftOut = 0;
    this._request();
  }

  // Write the newest value above the picture.
  _tellLast(shown) {
    const value = shown.rows.at(-1)?.[this._value] ?? NaN;
    this._decimals = Math.max(this._decimals, decimalsOf(value));
    document.querySelector("#last").textContent = formatPrice(value, this._decimals);
    this._client.painted(this._last);
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
    const context = this._screen.getContext("2d"), style = getComputedStyle(document.body);
    const em = LABEL_EM * parseFloat(style.fontSize);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = `${em}px ${style.fontFamily}`;
    context.fillStyle = style.getPropertyValue("--quiet");
    context.strokeStyle = style.getPropertyValue("--line");
    const [low, high] = picture.shown, tall = Math.round(height - 3.5 * em);
    const values = valueTicks(low, high, Math.floor(tall / (VALUE_GAP_EM * em)));
    const widest = Math.max(0, ...values.map(({label}) => context.measureText(label).width));
    const left = Math.round(em * (1.5 + Math.ceil(widest / em)));      // in steps, so that it seldom changes
    const place = {x: left, y: Math.round(em), width: Math.round(width - left - em), height: tall};
    this._drawValues(context, place, values, picture.shown, em);
    this._drawTimes(context, place, picture, em);
    this._cells.draw(picture, this._widens);
    this._cells.show(context, picture, place, picture.shown);
  }

  _drawValues(context, {x, y, width, height}, ticks, [low, high], em) {
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const {value, label} of ticks) {
      const at = y + height * (high - value) / (high - low);
      line(context, x, crisp(at), x + width, crisp(at));
      context.fillText(label, x - 0.7 * em, at);
    }
  }

  _drawTimes(context, {x, y, width, height}, picture, em) {
    const span = Number(picture.endNs - picture.startNs), half = (label) => context.measureText(label).width / 2;
    const fits = (step, label) => width * Number(step) / span >= 2 * half(label) + TICK_GAP_EM * em;
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const {time, label} of timeTicks(picture.startNs, picture.endNs, fits)) {
      const at = x + width * Number(time - picture.startNs) / span;
      line(context, crisp(at), y, crisp(at), y + height);
      if (at + half(label) <= x + width + em) context.fillText(label, at, y + height + 0.7 * em);
    }
  }

  _state() {
    const {state, hasConnected, isStalled} = this._client;
    if (state !== this._was) this._sinceMs = performance.now();
    this._was = state;
    this._screen.classList.toggle("old", isStalled || (hasConnected && state !== "connected"));
    this._tell();
  }

  // What was refused needs a new ticket, and who is not logged in any more the login: both come with the page.
  async _check() {
    if (this._client.state === "connected") return;
    const answer = await fetch(location.href, {redirect: "manual"}).catch(() => null);
    const isServed = answer?.ok && this._client.state === "refused";
    if (isServed || answer?.type === "opaqueredirect") location.reload();
  }

  _tell() {
    const {state, reason, clock, hasConnected, isStalled} = this._client, picture = this._picture, nowMs = performance.now();
    this._leftOut = this._leftOut.filter(([ms]) => nowMs - ms < NEWS_MS);
    const [first, ...others] = captionOf({
      state, reason,
      sinceMs: hasConnected ? nowMs - this._sinceMs : null,
      isStalled, isFollowing: true,
      lagMs: picture && picture.newest !== null ? Number(clock.at(nowMs) + picture.skew - picture.newest) / 1e6 : null,
      ageMs: picture ? Number(clock.at(nowMs) - picture.rendered) / 1e6 : null,
      nLeftOut: this._leftOut.reduce((sum, [, n]) => sum + n, 0),
      progress: picture?.progress ?? 1,
      failure: this._failure,
    });
    const bold = document.createElement("b");
    bold.textContent = first ?? "";
    this._words.replaceChildren(bold, others.map((text) => ` \u00b7 ${text}`).join(""));
    if (picture) this._day.textContent = `${dayOf(picture.endNs)}, ${zoneOf()}`;
  }
}

const crisp = (at) => Math.floor(at) + 0.5;

function line(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

new WatchPage(JSON.parse(document.querySelector("#settings").textContent));
