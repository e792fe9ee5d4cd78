// What a part of a page shows of the server: over the route, or over its document where the route is not there.

const RENEW_MS = 120_000;                  // a ticket is good for five minutes
const TRIES = 3;                           // at a socket that was never there, before the document is taken

export class Link {
  // The model has a `view`, with a name and a ticket, and a `route`. Listeners are those of `FramesClient.open`, and
  // `onEnter`, called where there is another connection: everything is to be shown again.
  constructor(model, {onState, onEnter, ...listeners}) {
    this._model = model;
    this._onEnter = onEnter;
    this._listeners = {...listeners, onState: () => { if (!this._takesDocument()) onState(); }};
    this._renewal = setInterval(() => this.renew(), RENEW_MS);
    this._enter(model.route ? clientAt(model.route) : null);
  }

  get client() { return this._client; }
  get isLost() {
    const {hasConnected, state, isStalled} = this._client;
    return isStalled || (hasConnected && state !== "connected");
  }

  // Take notice of what the model says. Returns whether that is another view, which is then to be subscribed to.
  takesView() {
    const {name, ticket} = this._model.view;
    const isOther = name !== this._name;
    this._name = name;
    if (name === undefined) this._client.blank(this._number);
    else if (!isOther) this._client.renew(this._number, this._isRouted ? ticket : "");
    return isOther && name !== undefined;
  }

  subscribe(options) {
    const {name, ticket} = this._model.view;
    this._client.show(this._number, {view: name, ticket: this._isRouted ? ticket : "", ...options});
  }

  renew() { if (this._isRouted && this._name !== undefined) this._model.send_msg({renew: true}); }
  follow() { this._client.follow(this._number); }
  explore(viewport) { this._client.explore(this._number, viewport); }
  pick({time, value}) { return this._client.pick(this._number, time, value); }
  painted(picture, generation) { this._client.painted(this._number, picture, generation); }
  pause() { this._client.pause(this._number); }
  resume() { this._client.resume(this._number); }

  close() {
    clearInterval(this._renewal);
    this._leave();
  }

  _enter(client) {
    this._isRouted = client !== null;
    this._name = undefined;
    this._client = client ?? new FramesClient(() => new DocumentSocket(this._model));
    this._number = this._client.open(this._listeners);
  }

  _leave() {
    this._client.leave(this._number);
    release(this._client);
  }

  _takesDocument() {
    const {hasConnected, nTries, state} = this._client;
    if (state === "refused") this.renew();
    if (!this._isRouted || hasConnected || nTries < TRIES) return false;
    this._leave();
    this._enter(null);
    this._onEnter();
    return true;
  }
}
