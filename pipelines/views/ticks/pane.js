// A live picture on a page: it brings together the figure, the connection and the words above it.

const FPS = 30;
const ASK_MS = 60;                         // between two questions while somebody pans
const TELL_MS = 500;
const NEWS_MS = 5000;                      // how long it is told that frames were left out

class TickPane {
  constructor(model, root, el) {
    this._model = model;
    const models = [...root.references()], called = (name) => models.find((each) => each.name === name);
    this._figure = new TickFigure(called(model.figure), called(`${model.figure} axis`), {
      onMove: () => this._moved(),
      onReset: () => this._follow(true),
      onResize: () => this._resized(),
      onPainted: () => this._painted(),
      onPointer: (place) => this._pointed(place),
    });
    this._words = document.createElement("span");
    this._words.append(document.createElement("b"), "");
    this._button = document.createElement("button");
    this._button.textContent = "Follow";
    this._button.onclick = () => this._follow(true);
    el.replaceChildren(this._words, this._button);
    Object.assign(this, {_isFollowing: model.following, _place: null, _row: {}});
    Object.assign(this, {_answer: null, _failure: "", _agesMs: [], _leftOut: [], _sinceMs: performance.now()});
    this._timer = setInterval(() => this._tell(), TELL_MS);
    for (const [name, act] of Object.entries({
      view: () => this._show(),
      axis: () => this._setAxis(),
      following: () => this._follow(model.following),
    })) model.on(name, act);
    this._link = new Link(model, {
      onFrame: (picture) => this._take(picture),
      onAnswer: (picture) => this._takeAnswer(picture),
      onRow: (row) => this._takeRow(row),
      onFailed: (reason) => { this._failure = reason; this._tell(); },
      onState: () => this._state(),
      onEnter: () => this._show(),
    });
    this._show();
    this._recall();
    this._seen = new Seen(() => this._figure.view?.el, (isSeen) => this._see(isSeen));
  }

  close() {
    this._keep();
    clearInterval(this._timer);
    clearTimeout(this._asking);
    removeEventListener("pagehide", this._onLeaving);
    this._seen.close();
    this._figure.close();
    this._link.close();
  }

  // Show what the model says: another view at its live edge, or the same with a newer ticket.
  _show() {
    if (!this._link.takesView()) return;
    this._failure = "";
    this._setFollowing(this._model.following);
    this._subscribe();
    this._ask();
  }

  _subscribe() {
    this._columns = this._figure.columnsFor(this._model.view.span_ns);
    this._link.subscribe({columns: this._columns, fps: FPS});
  }

  _take(picture) {
    this._newest = picture;
    this._failure = "";
    if (picture.nLeftOut > 0) this._leftOut.push([performance.now(), picture.nLeftOut]);
    picture.nLeftOut = 0;
    this._draw();
  }

  // Draw the newest picture, unless the one before is not on the screen yet: then once it is.
  _draw() {
    if (this._isDrawn === false) return;
    this._isDrawn = false;
    const look = {isFollowing: this._isFollowing, widens: this._model.view.widens};
    const willPaint = this._figure.drawLive(this._newest, look);
    const {generation, rendered} = this._newest;
    this._drawn = {picture: this._newest, generation, rendered};
    if (!willPaint || !this._figure.view) this._painted();
  }

  _painted() {
    if (this._isDrawn !== false) return;
    this._isDrawn = true;
    const {clock} = this._link.client, {picture, generation, rendered} = this._drawn;
    this._agesMs.push(Number(clock.at(performance.now()) - rendered) / 1e6);
    this._link.painted(picture, generation);
    giveTurn();
    if (picture !== this._newest || generation !== picture.generation) this._draw();
  }

  _setAxis() {
    this._figure.setAxis(this._model.axis, this._isFollowing);
    this._isDrawn = true;
    if (this._isFollowing && this._newest) this._draw();
  }

  _takeAnswer(picture) {
    if (this._isFollowing) return;
    this._answer = picture;
    this._failure = "";
    this._figure.drawAnswer(picture, {widens: this._model.view.widens});
    this._tell();
  }

  _moved() {
    if (this._isFollowing) this._setFollowing(false);
    this._asking ??= setTimeout(() => this._ask(), ASK_MS);
  }

  // Ask for what is looked at.
  _ask() {
    this._asking = clearTimeout(this._asking);
    const viewport = this._isFollowing ? null : this._figure.viewport;
    if (viewport === null) return;
    const columns = this._figure.columnsFor(Number(viewport.end - viewport.start));
    this._link.explore({...viewport, columns});
  }

  _resized() {
    const {name, span_ns: spanNs} = this._model.view;
    if (name === undefined) return;
    if (!this._isFollowing) this._asking ??= setTimeout(() => this._ask(), ASK_MS);
    else if (this._figure.columnsFor(spanNs) !== this._columns) this._subscribe();
  }

  _follow(isFollowing) {
    if (isFollowing === this._isFollowing && !isFollowing) return;
    const wasFollowing = this._isFollowing;
    this._setFollowing(isFollowing);
    if (!isFollowing) return this._ask();
    this._figure.goHome();
    if (!wasFollowing) this._link.follow();
  }

  _setFollowing(isFollowing) {
    this._asking = clearTimeout(this._asking);
    this._isFollowing = isFollowing;
    if (isFollowing) this._answer = null;
    if (this._model.following !== isFollowing) this._model.following = isFollowing;
    this._tell();
  }

  // What nobody can see costs nothing.
  _see(isSeen) {
    this._isDrawn = true;                  // a repaint that was waited for may never come
    if (isSeen) this._link.resume();
    else this._link.pause();
  }

  _pointed(place) {
    this._place = place;
    if (place === null) this._takeRow({});
    else if (!this._isPicking) this._pick();
  }

  _pick() {
    this._isPicking = this._link.pick(this._place);
    this._picked = this._place;
  }

  _takeRow(row) {
    this._isPicking = false;
    this._figure.setHover(this._place === null ? {} : row);
    if (this._place !== null && this._place !== this._picked) this._pick();
  }

  _state() {
    const {state} = this._link.client;
    this._isPicking = false;
    if (state !== this._was) this._sinceMs = performance.now();
    this._was = state;
    this._figure.grey(this._link.isLost);
    this._tell();
  }

  _tell() {
    const {state, reason, clock, hasConnected, isStalled} = this._link.client, picture = this._newest, nowMs = performance.now();
    this._leftOut = this._leftOut.filter(([ms]) => nowMs - ms < NEWS_MS);
    const lagNs = picture && picture.newest !== null ? clock.at(nowMs) + picture.skew - picture.newest : null;
    const agesMs = this._agesMs.splice(0).sort((a, b) => a - b);     // of what was painted since the last time
    const ageMs = picture ? Number(clock.at(nowMs) - picture.rendered) / 1e6 : null;
    const [first, ...others] = captionOf({
      state, reason,
      sinceMs: hasConnected ? nowMs - this._sinceMs : null,
      isStalled, isFollowing: this._isFollowing,
      lagMs: lagNs === null ? null : Number(lagNs) / 1e6,
      ageMs: agesMs[agesMs.length >> 1] ?? ageMs,
      nLeftOut: this._leftOut.reduce((sum, [, n]) => sum + n, 0),
      progress: picture?.progress ?? 1,
      story: this._answer?.story,
      failure: this._failure,
    });
    const texts = [first ?? "", others.map((text) => ` \u00b7 ${text}`).join("")];
    this._words.childNodes.forEach((node, i) => { if (node.textContent !== texts[i]) node.textContent = texts[i]; });
    this._button.hidden = this._isFollowing;
  }

  _keep() {
    const viewport = this._isOrphan && !this._isFollowing ? this._figure.viewport : null;
    if (viewport !== null) keep(this._key, viewport);
  }

  _recall() {
    this._model.document.on_event("connection_lost", () => { this._isOrphan = true; });
    this._onLeaving = () => this._keep();
    addEventListener("pagehide", this._onLeaving);
    const viewport = recall(this._key);
    if (viewport === null) return;
    this._setFollowing(false);
    this._figure.lookAt(viewport);
    this._ask();
  }

  get _key() { return `streamshade ${location.pathname} ${this._model.view.of}`; }
}

const PANES = new WeakMap();

export function render({model, view, el}) {
  PANES.get(view)?.close();
  const pane = new TickPane(model, view.root.model, el);
  PANES.set(view, pane);
  el.className = "ticks";
  model.on("remove", () => { pane.close(); PANES.delete(view); });
}
