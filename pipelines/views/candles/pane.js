// Live candles on a page: it brings together the figure, the connection and the words above it.

const FPS = 5;

class CandlePane {
  constructor(model, root, el) {
    this._model = model;
    this._el = el;
    const models = [...root.references()];
    const [values, volumes, state] = ["values", "volumes", "state"].map((part) => {
      return models.find(({name}) => name === `${model.figure} ${part}`);
    });
    this._figure = new CandleFigure(values, volumes, state, {
      onMove: () => this._setFollowing(false),
      onReset: () => this._follow(),
      onPainted: () => this._painted(),
    });
    this._build();
    for (const [name, act] of Object.entries({
      view: () => this._show(),
      zone: () => this._request(),
      following: () => { if (model.following) this._follow(); else this._tell(); },
      has_vwap: () => this._tell(),
    })) model.on(name, act);
    this._link = new Link(model, {
      Kind: Bars,
      onFrame: (bars) => { this._bars = bars; this._request(); },
      onFailed: (reason) => { model.failure = reason; },
      onState: () => this._figure.grey(this._link.isLost),
      onEnter: () => this._show(),
    });
    this._show();
    this._seen = new Seen(() => this._figure.el, (isSeen) => (isSeen ? this._link.resume() : this._link.pause()));
  }

  close() {
    this._giveUp?.();
    this._seen.close();
    this._figure.close();
    this._link.close();
  }

  _build() {
    const make = (name, textContent = "", className = "") => {
      return Object.assign(document.createElement(name), {textContent, className});
    };
    this._vwap = make("span", "VWAP", "quiet vwap");
    this._words = make("span", "", "quiet");
    this._button = make("button", "Follow");
    this._button.onclick = () => this._follow();
    this._el.replaceChildren(make("h2", "Candles"), this._vwap, this._words, this._button);
    this._tell();
  }

  _show() {
    if (!this._link.takesView()) return;
    this._isOther = true;
    this._setFollowing(this._model.following);
    this._link.subscribe({fps: FPS});
  }

  // Draw the newest bars at the next turn, unless that is to be done already.
  _request() {
    if (this._giveUp || !this._bars) return;
    this._giveUp = atTurn(() => {
      this._giveUp = undefined;
      this._draw();
    });
  }

  _draw() {
    const bars = this._bars, {generation} = bars;
    if (this._isOther) this._figure.begin();
    this._isOther = false;
    this._drawn = {bars, generation};
    if (!this._figure.draw(bars, {zone: this._model.zone, isFollowing: this._model.following})) this._painted();
  }

  _painted() {
    if (!this._drawn) return;
    const {bars, generation} = this._drawn;
    this._drawn = undefined;
    this._link.painted(bars, generation);
  }

  _follow() {
    this._setFollowing(true);
    this._figure.goHome();
    this._request();
  }

  _setFollowing(isFollowing) {
    if (this._model.following !== isFollowing) this._model.following = isFollowing;
    this._tell();
  }

  _tell() {
    const {following, has_vwap: hasVwap} = this._model;
    this._vwap.hidden = !hasVwap;
    this._button.hidden = following;
    const paused = document.createElement("b");
    paused.textContent = following ? "" : "Paused";
    this._words.replaceChildren(paused, following ? "" : " - reset to follow");
  }
}

const CANDLE_PANES = new WeakMap();

export function render({model, view, el}) {
  CANDLE_PANES.get(view)?.close();
  const pane = new CandlePane(model, view.root.model, el);
  CANDLE_PANES.set(view, pane);
  el.className = "candles";
  model.on("remove", () => { pane.close(); CANDLE_PANES.delete(view); });
}
