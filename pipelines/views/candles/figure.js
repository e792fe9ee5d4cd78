// The Bokeh figure of candles: values above, volumes below, on one axis that counts bars. All of it is drawn here in
// the browser; nothing goes to the server, so `sync: false` wherever a model is changed.

const BAR_PX = 7;
const LEAST_BARS = 30, MOST_BARS = 120;

// What a figure draws and tells of bars.
export function candleColumns({first, n, columns}, zone) {
  const {start, open, high, low, close, volume, turnover, bought, sold, rows} = columns;
  return {
    x: Float64Array.from({length: n}, (_, i) => first + i),
    time: wallSeconds(start, zone),
    open, high, low, close, volume,
    rose: close.map((value, i) => Number(value >= open[i])),
    vwap: turnover.map((value, i) => (volume[i] === 0 ? NaN : value / volume[i])),
    buys: bought,
    sells: sold,
    count: rows,
  };
}

// What clocks in `zone` show at ascending times, as seconds since their 1970.
export function wallSeconds(seconds, zone) {
  if (seconds.length === 0) return seconds;
  const first = secondsAhead(seconds[0], zone), last = secondsAhead(seconds.at(-1), zone);
  return seconds.map((second) => second + (first === last ? first : secondsAhead(second, zone)));
}

function secondsAhead(second, zone) {
  const names = ["year", "month", "day", "hour", "minute", "second"];
  const options = {timeZone: zone, hourCycle: "h23", ...Object.fromEntries(names.map((name) => [name, "numeric"]))};
  const parts = kept(`wall ${zone}`, () => new Intl.DateTimeFormat("en-US", options)).formatToParts(second * 1000);
  const [year, month, ...others] = names.map((name) => Number(parts.find(({type}) => type === name).value));
  return Date.UTC(year, month - 1, ...others) / 1000 - second;
}

const largest = (values, from) => values.subarray(from).reduce((a, b) => Math.max(a, b), -Infinity);
const smallest = (values, from) => values.subarray(from).reduce((a, b) => Math.min(a, b), Infinity);

function change(model, attributes) { model.setv(attributes, {sync: false}); }

export class CandleFigure {
  // `onMove` is called when somebody moves the ranges, `onReset` when they are reset, `onPainted` after each repaint.
  constructor(values, volumes, state, {onMove, onReset, onPainted}) {
    Object.assign(this, {_values: values, _volumes: volumes, _state: state, _onPainted: onPainted});
    this._source = values.renderers[0].data_source;
    this._home = null;
    const {x_range, y_range} = values;
    const moved = () => { if (!this._isMoving && this._home !== null && !this._isHome) onMove(); };
    this._watches = [
      ...[x_range, y_range].flatMap((range) => [[range.properties.start, moved], [range.properties.end, moved]]),
      [values.properties.inner_width, () => change(state, {width_px: values.inner_width})],
    ];
    for (const [property, act] of this._watches) property.change.connect(act);
    values.on_event("reset", () => { if (!this._isGone) onReset(); });
    if (values.inner_width) change(state, {width_px: values.inner_width});
    this.begin();
  }

  get el() { return this._view?.el; }

  get _view() {
    if (this._painting?.el.isConnected) return this._painting;
    const view = Bokeh.index.find_one(this._values);
    if (view && view !== this._painting) {
      this._painting = view;
      view.repainted.connect(this._onPainted);
    }
    return view;
  }

  // Other bars come.
  begin() {
    this._scale = new ValueScale();
    this._volumeScale = new ValueScale();
  }

  // Draw bars. Returns whether they will be painted.
  draw(bars, {zone, isFollowing}) {
    const data = candleColumns(bars, zone), {open, high, low, close} = data, {n} = bars;
    const decimals = [open, high, low, close].map((column) => column.reduce((a, b) => Math.max(a, decimalsOf(b)), 0));
    change(this._state, {decimals: Math.max(...decimals)});
    change(this._source, {data});
    if (n === 0) return false;
    this._label(bars.columns.start, zone);
    if (isFollowing) this._follow(data, n);
    return Boolean(this._view);
  }

  // Move the ranges to the newest bars.
  goHome() {
    if (this._home === null) return;
    const [left, bottom, right, top] = this._home;
    this._isMoving = true;
    try {
      change(this._values.x_range, {start: left, end: right});
      change(this._values.y_range, {start: bottom, end: top});
    } finally {
      this._isMoving = false;
    }
  }

  grey(isOld) {
    for (const model of [this._values, this._volumes]) {
      const view = Bokeh.index.find_one(model);
      if (view) view.el.style.filter = isOld ? "grayscale(1) opacity(0.55)" : "";
    }
  }

  close() {
    this._isGone = true;
    for (const [property, act] of this._watches) property.change.disconnect(act);
    this._painting?.repainted.disconnect(this._onPainted);
  }

  get _isHome() {
    const {x_range, y_range} = this._values;
    return [x_range.start, y_range.start, x_range.end, y_range.end].every((edge, i) => edge === this._home[i]);
  }

  _follow({x, low, high, volume}, n) {
    const room = Math.min(Math.max(Math.floor(this._state.width_px / BAR_PX), LEAST_BARS), MOST_BARS);
    const nShown = Math.min(Math.max(n, LEAST_BARS), room), from = Math.max(n - nShown, 0), end = x[n - 1] + 0.5;
    const [bottom, top] = this._scale.fit(smallest(low, from), largest(high, from));
    const [, most] = this._volumeScale.fit(0, largest(volume, from));
    this._home = [end - nShown, bottom, end + 1 + Math.floor(nShown / 40), top];
    change(this._volumes.y_range, {start: 0, end: most});
    this.goHome();
  }

  // Write the days and the zone under the time axis.
  _label(start, zone) {
    const ns = (second) => BigInt(second) * 1000000000n;
    const label = `${formatDays(ns(start[0]), ns(start.at(-1)) + 1n, zone)}, ${zone}`;
    for (const {below: [axis]} of [this._values, this._volumes]) {
      if (axis.axis_label !== label) change(axis, {axis_label: label});
    }
  }
}
