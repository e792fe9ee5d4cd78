// The tape: the newest rows, newest on top, in a table of constant height.

const TAPE_FPS = 5;
const SIDES = new Map([[1, "buy"], [-1, "sell"]]);

class TapePane {
  constructor(model, el) {
    this._model = model;
    this._rows = [];
    const make = (name) => document.createElement(name);
    const [title, table, body] = ["h2", "table", "tbody"].map(make);
    title.textContent = "Tape";
    this._head = make("tr");
    this._lines = Array.from({length: model.n_rows}, () => ({element: make("tr"), cells: []}));
    const head = make("thead");
    head.append(this._head);
    body.append(...this._lines.map(({element}) => element));
    table.append(head, body);
    el.replaceChildren(title, table);
    model.on("view", () => this._show());
    model.on("zone", () => this._request());
    this._link = new Link(model, {
      Kind: Rows,
      onFrame: (shown) => { this._shown = shown; this._request(); },
      onFailed: () => {},
      onState: () => { table.style.opacity = this._link.isLost ? 0.5 : ""; },
      onEnter: () => this._show(),
    });
    this._layOut();
    this._show();
    this._seen = new Seen(() => table, (isSeen) => (isSeen ? this._link.resume() : this._link.pause()));
  }

  close() {
    this._giveUp?.();
    this._seen.close();
    this._link.close();
  }

  _show() {
    const isOther = this._link.takesView();
    if (this._model.view.name === undefined || (isOther && this._model.view.of !== this._of)) this._layOut();
    if (isOther) this._link.subscribe({fps: TAPE_FPS});
  }

  // Begin anew: a heading and empty lines.
  _layOut() {
    const {columns, view} = this._model, names = ["time", ...columns];
    this._of = view.of;
    this._shown = undefined;
    this._decimals = Object.fromEntries(columns.map((name) => [name, 0]));
    const label = (name) => name[0].toUpperCase() + name.slice(1).replace("_", " ");
    this._head.replaceChildren(...names.map((name) => {
      return Object.assign(document.createElement("th"), {className: name, textContent: label(name)});
    }));
    for (const line of this._lines) {
      line.element.className = "";
      line.element.replaceChildren(...names.map((name) => {
        const cell = Object.assign(document.createElement("td"), {className: name});
        cell.dataset.label = name;
        cell.append("");
        return cell;
      }));
      line.cells = [...line.element.children].map(({firstChild}) => firstChild);
    }
  }

  _request() {
    if (this._giveUp || !this._shown) return;
    this._giveUp = atTurn(() => {
      this._giveUp = undefined;
      if (this._shown) this._draw(this._shown);
    });
  }

  _draw(shown) {
    const {rows, generation} = shown, {columns, zone} = this._model;
    for (const name of columns.filter((each) => each !== "side")) {
      for (const row of rows) this._decimals[name] = Math.max(this._decimals[name], decimalsOf(row[name]));
    }
    this._lines.forEach((line, i) => {
      const row = rows[rows.length - 1 - i], side = (row && SIDES.get(row.side)) ?? "";
      const value = (name) => (name === "side" ? side : formatPrice(row[name], this._decimals[name]));
      const texts = row ? [formatTime(row.time, zone, 6), ...columns.map(value)] : line.cells.map(() => "");
      if (line.element.className !== side) line.element.className = side;
      line.cells.forEach((cell, at) => { if (cell.data !== texts[at]) cell.data = texts[at]; });
    });
    this._link.painted(shown, generation);
  }
}

const TAPE_PANES = new WeakMap();

export function render({model, view, el}) {
  TAPE_PANES.get(view)?.close();
  const pane = new TapePane(model, el);
  TAPE_PANES.set(view, pane);
  model.on("remove", () => { pane.close(); TAPE_PANES.delete(view); });
}
