// The quote strip: last value, change, quote and pace, and how fresh they are. They age here: nothing need come for it.

const QUOTE_FPS = 5;
const AGE_MS = 500;
const STALE_NS = 2_000_000_000n;
const UNITS = {trades: "Trades/s", readings: "Readings/s"};

const element = (name, className = "") => Object.assign(document.createElement(name), {className});

function write(node, text, className = node.className) {
  if (node.textContent !== text) node.textContent = text;
  if (node.className !== className) node.className = className;
}

class QuotePane {
  constructor(model, el) {
    this._model = model;
    this._panel = element("div", "panel");
    this._make();
    el.replaceChildren(this._panel);
    model.on("view", () => this._show());
    model.on("zone", () => this._request());
    this._link = new Link(model, {
      Kind: Figures,
      onFrame: (shown) => { this._shown = shown; this._failure = ""; this._request(); },
      onFailed: (reason) => { this._failure = reason; this._request(); },
      onState: () => { this._panel.style.opacity = this._link.isLost ? 0.5 : ""; },
      onEnter: () => this._show(),
    });
    this._layOut();
    this._show();
    this._seen = new Seen(() => this._panel, (isSeen) => this._heed(isSeen));
    this._timer = setInterval(() => this._request(), AGE_MS);
  }

  close() {
    clearInterval(this._timer);
    this._giveUp?.();
    this._seen.close();
    this._link.close();
  }

  _make() {
    const big = element("div", "big"), name = element("div", "name");
    this._strip = element("div", "strip");
    this._empty = element("div", "empty");
    [this._name, this._badge] = [element("span"), element("span")];
    [this._last, this._why] = [element("div", "last"), element("div", "quiet why")];
    [this._what, this._sentence] = [element("strong"), element("span", "quiet")];
    this._list = element("dl");
    name.append(this._name, this._badge);
    big.append(name, this._last, this._why);
    this._strip.append(big, this._list);
    this._empty.append(this._what, this._sentence);
  }

  _heed(isSeen) {
    this._isHidden = !isSeen;
    if (isSeen) this._link.resume();
    else this._link.pause();
  }

  _show() {
    if (!this._link.takesView()) return;
    if (this._model.view.of !== this._of) this._layOut();
    this._link.subscribe({fps: QUOTE_FPS});
  }

  // Begin anew: what is known of a key before its figures come.
  _layOut() {
    const {of, symbol = "", quoted} = this._model.view;
    this._of = of;
    this._shown = undefined;
    this._failure = this._direction = "";
    this._value = undefined;
    this._decimals = 0;
    this._facts({"1 min": DASH, ...(quoted ? {Bid: DASH, Ask: DASH, Spread: DASH} : {})});
    write(this._name, symbol);
    write(this._badge, "", "");
    write(this._last, DASH, "last ");
    write(this._why, "");
    write(this._what, "");
    write(this._sentence, "");
    this._put(symbol ? this._strip : this._empty);
  }

  _put(content) {
    if (this._panel.firstChild !== content) this._panel.replaceChildren(content);
  }

  _request() {
    if (this._giveUp || this._isHidden || !(this._shown || this._failure)) return;
    this._giveUp = atTurn(() => {
      this._giveUp = undefined;
      this._draw();
    });
  }

  _draw() {
    const {generation, figures} = this._shown ?? {};
    if (this._failure) this._drawEmpty("", this._failure);
    else if (!figures) return;
    else if (figures.kind === null) this._drawWaiting(figures);
    else this._drawFigures(figures);
    if (generation) this._link.painted(this._shown, generation);
  }

  _drawEmpty(what, sentence) {
    write(this._what, what);
    write(this._sentence, sentence.slice(0, 1).toUpperCase() + sentence.slice(1));
    this._put(this._empty);
  }

  _drawWaiting({level, word, why}) {
    const {feed, symbol, what} = this._model.view;
    const isMissing = level === "ok" && symbol;
    const sentence = isMissing ? `The feed is ${word}, but nothing of ${symbol} has come.` : why ? `${word}: ${why}` : word;
    this._drawEmpty(`Waiting for the first ${what}${symbol ? ` of ${symbol}` : ""} from ${feed}`, sentence);
  }

  _drawFigures(figures) {
    this._notice(figures);
    const {level, word, why} = this._standing(figures);
    write(this._name, this._model.view.symbol);
    write(this._badge, word, `badge ${level}`);
    if (this._badge.title !== why) this._badge.title = why;
    write(this._last, this._price(figures.value), `last ${this._direction}`);
    write(this._why, word === "live" ? "" : why);
    this._facts(this._told(figures), Math.sign(figures.change));
    this._put(this._strip);
  }

  // Remember what the next figures are compared with: which way the value went, and how fine it is.
  _notice({value, bid, ask}) {
    if (this._value !== undefined && value !== this._value) this._direction = value > this._value ? "up" : "down";
    this._value = value;
    for (const number of [value, bid ?? 0, ask ?? 0]) this._decimals = Math.max(this._decimals, decimalsOf(number));
  }

  _standing({level, word, why, newest, skew}) {
    const age = this._link.client.clock.at(performance.now()) + skew - newest;
    if (word !== "live" || age <= STALE_NS) return {level, word, why};
    const text = formatDuration(age);
    return {level: "wait", word: `stale ${text}`, why: `nothing came for ${text}`};
  }

  _told(figures) {
    const {kind, change, share, bid, ask, spread, per_second: perSecond, newest} = figures;
    const isSensor = kind === "readings", price = (value) => this._price(value);
    return {
      "1 min": isSensor ? formatChange(change, this._decimals) : formatShare(share),
      ...(this._model.view.quoted && !isSensor ? {Bid: price(bid), Ask: price(ask), Spread: price(spread)} : {}),
      [UNITS[kind] ?? "Rows/s"]: formatRate(perSecond),
      Newest: formatTime(newest, this._model.zone, 3),
    };
  }

  _price(value) { return formatPrice(value ?? NaN, this._decimals); }

  // Write texts by their names. The first is a change, up or down.
  _facts(texts, sign = 0) {
    const names = Object.keys(texts);
    if (names.join() !== this._names) {
      this._names = names.join();
      this._cells = names.map(() => element("span"));
      this._list.replaceChildren(...names.map((name, i) => {
        const [fact, term, cell] = [element("div"), element("dt"), element("dd")];
        term.textContent = name;
        cell.append(this._cells[i]);
        fact.append(term, cell);
        return fact;
      }));
    }
    names.forEach((name, i) => write(this._cells[i], texts[name]));
    write(this._cells[0], texts[names[0]], sign > 0 ? "up" : sign < 0 ? "down" : "quiet");
  }
}

const QUOTE_PANES = new WeakMap();

export function render({model, view, el}) {
  QUOTE_PANES.get(view)?.close();
  const pane = new QuotePane(model, el);
  QUOTE_PANES.set(view, pane);
  model.on("remove", () => { pane.close(); QUOTE_PANES.delete(view); });
}
