// The Bokeh figure of a picture: its ranges, what is drawn in it, and the labels of its axes. All of it happens here in
// the browser; nothing goes to the server, so `sync: false` wherever a model is changed.

const DAY_NS = 86_400_000_000_000n;
const FAR_DAYS = 3n;
const TICK_PX = 95;
const LEAST_NS = 16n;                      // a range of less could not be told from one time on the axis

function quietly(model, attributes) { model.setv(attributes, {sync: false}); }

export class TickFigure {
  // `onMove` is called when somebody moves the ranges, `onReset` when they are reset, `onResize` when the plot has
  // another width, `onPainted` after each repaint, `onPointer` with a place or null.
  constructor(model, axis, listeners) {
    this._model = model;
    this._axis = axis;
    const [live, look] = model.renderers;
    this._live = live;
    this._look = look;
    this._strips = new Strips(live);
    this._answer = new Strips(look);
    this._home = this.ranges;
    this._isMoving = false;
    const {x_range, y_range} = model;
    const moved = () => { if (!this._isMoving && !this.isHome) listeners.onMove(); };
    this._watches = [
      ...[x_range, y_range].flatMap((range) => [[range.properties.start, moved], [range.properties.end, moved]]),
      [model.properties.inner_width, () => { this._space(); listeners.onResize(); }],
      [axis.properties.pointer, () => listeners.onPointer(this._place(axis.pointer))],
    ];
    for (const [property, act] of this._watches) property.change.connect(act);
    model.on_event("reset", () => { if (!this._isGone) listeners.onReset(); });
    this._onPainted = listeners.onPainted;
    this._space();
  }

  get width() { return this._model.inner_width || 1200; }
  get ranges() {
    const {x_range, y_range} = this._model;
    return [x_range.start, y_range.start, x_range.end, y_range.end];
  }
  get isHome() { return this.ranges.every((edge, i) => edge === this._home[i]); }

  get view() {
    if (this._view?.el.isConnected) return this._view;      // to find it takes a walk through the page
    const view = Bokeh.index.find_one(this._model);
    if (view && view !== this._view) {
      this._view = view;
      view.repainted.connect(this._onPainted);
    }
    return view;
  }

  // What is looked at: times as BigInt nanoseconds, and values; null where that is no range.
  get viewport() {
    const [left, low, right, high] = this.ranges;
    if (![left, low, right, high].every(Number.isFinite) || right <= left || high <= low) return null;
    const start = this._toNs(left), end = this._toNs(right);
    return {start, end: end - start < LEAST_NS ? start + LEAST_NS : end, low, high};
  }

  columnsFor(spanNs) { return columnsThatFit(spanNs, this.width); }

  setAxis({origin, zone}, isFollowing) {
    // Milliseconds of ranges that somebody chose count from the origin as it is.
    quietly(this._axis, isFollowing ? {origin, zone} : {zone});
    this._label(this._labelled);
    this.view?.request_repaint();
  }

  setHover(row) { quietly(this._axis, {row}); }

  // Draw the newest picture of the live edge. Returns whether there is anything to be painted.
  drawLive(picture, {isFollowing, widens}) {
    if (isFollowing) {
      const days = (picture.endNs - this._origin) / DAY_NS;
      if (days > FAR_DAYS || days < -FAR_DAYS) quietly(this._axis, {origin: `${this._origin + days * DAY_NS}`});
      this._home = [this._toMs(picture.startNs), picture.shown[0], this._toMs(picture.endNs), picture.shown[1]];
    }
    const hasChanged = this._strips.draw(picture, this._origin, widens), hasMoved = isFollowing && !this.isHome;
    if (isFollowing) this.goHome();
    return hasChanged || hasMoved;
  }

  // Draw what answers a look elsewhere, in front of the live picture.
  drawAnswer(picture, {widens}) {
    this._answer.draw(picture, this._origin, widens);
    this._show(false);
    this._label(this.viewport);
  }

  // Move the ranges to where the live picture is, and show that.
  goHome() {
    this._show(true);
    const [left, low, right, high] = this._home;
    this.moveTo({left, right, low, high});
    this._label(this.viewport);
  }

  moveTo({left, right, low, high}) {
    this._isMoving = true;
    try {
      quietly(this._model.x_range, {start: left, end: right});
      quietly(this._model.y_range, {start: low, end: high});
    } finally {
      this._isMoving = false;
    }
  }

  // Move to a viewport, as `viewport` gave it.
  lookAt({start, end, low, high}) {
    this.moveTo({left: this._toMs(start), right: this._toMs(end), low, high});
  }

  grey(isOld) { if (this.view) this.view.el.style.filter = isOld ? "grayscale(1) opacity(0.55)" : ""; }

  close() {
    this._isGone = true;
    for (const [property, act] of this._watches) property.change.disconnect(act);
    this._view?.repainted.disconnect(this._onPainted);
  }

  get _origin() { return BigInt(this._axis.origin); }

  _toMs(ns) { return Number(ns - this._origin) / 1e6; }

  _toNs(ms) { return this._origin + BigInt(Math.round(ms * 1e6)); }

  _place(pointer) {
    const isPlace = pointer !== null && pointer.every(Number.isFinite);    // infinite once it has left
    if (!isPlace) return null;
    // The nanosecond that it is in: the nearest one may be the next cell's.
    return {time: this._origin + BigInt(Math.floor(pointer[0] * 1e6)), value: pointer[1]};
  }

  _show(isLive) {
    if (this._live.visible !== isLive) quietly(this._live, {visible: isLive});
    if (this._look.visible === isLive) quietly(this._look, {visible: !isLive});
  }

  _space() {
    const n = Math.min(Math.max(Math.floor(this.width / TICK_PX), 2), 8);
    quietly(this._model.below[0].ticker, {desired_num_ticks: n});
  }

  // Write the day and the zone under the time axis.
  _label(viewport) {
    if (!viewport) return;
    this._labelled = viewport;
    const {zone} = this._axis, label = `${formatDays(viewport.start, viewport.end, zone)}, ${zone}`;
    if (this._model.below[0].axis_label !== label) quietly(this._model.below[0], {axis_label: label});
  }
}
