// The connection of a page: it says what is to be shown, and connects again when it was cut off.

const ACK_FRAMES = 8;
const ACK_MS = 1000;
const MOST_DELAYS = 64;
const TEND_MS = 1000;
const PING_MS = 2000;
const RETRY_MS = [250, 500, 1000, 2000];
const SILENT_MS = 6000;                    // three pings that were not answered
const STALLED_MS = 4000;                   // a picture that is alive comes once a second at least
const REFUSED = 4000;

// One for all panes of a page. `connect` makes a WebSocket, or what behaves like one. A pane has a ticket of its own,
// which is empty where none is needed.
export class FramesClient {
  constructor(connect) {
    this.clock = new Clock();
    this.state = "connecting";             // or "connected", or "refused"
    this.reason = "";
    this.hasConnected = false;
    this.isStalled = false;                // whether the server is there, but its pictures stay away
    this.nTries = 0;                       // that failed, since it was connected
    this._connectTo = connect;
    this._panes = new Map();
    this._nPanes = this._nRequests = 0;
    this._toldTicket = "";
    this._timer = setInterval(() => this._tend(), TEND_MS);
    this._connect();
  }

  get isEmpty() { return this._panes.size === 0; }

  // Take on a pane, which shows nothing yet. Returns its number. `Kind` is what it shows: a Picture, Bars, Rows or Figures.
  // `onFrame` and `onAnswer` are called with it, `onRow` with what was picked, `onFailed` with a reason, `onState` with
  // nothing.
  open(listeners) {
    const number = this._nPanes++;
    const pane = {number, Kind: Picture, ...listeners, view: null, picture: null, look: null};
    Object.assign(pane, {isPaused: false, nAwaited: 0, acked: 0, ackedMs: 0, nPainted: 0, delays: [], unpainted: []});
    this._panes.set(number, pane);
    return number;
  }

  // Show a view, from its live edge on. Only a picture has `columns`.
  show(number, {ticket, view, columns, fps}) {
    const pane = this._panes.get(number);
    Object.assign(pane, {ticket, view, columns, fps, look: null});
    if (this.state === "connected") this._subscribe(pane);
    else if (this.state === "refused") this._connectNow();
  }

  // Show nothing.
  blank(number) {
    Object.assign(this._panes.get(number), {view: null, picture: null, look: null});
    this._say({type: "leave", pane: number});
  }

  // A newer ticket for what a pane shows. It is tried at once where the one before was refused; where that is refused
  // too, at the pace of all retries: a server may take no ticket of ours.
  renew(number, ticket) {
    const pane = this._panes.get(number);
    if (pane.ticket === ticket) return;
    pane.ticket = ticket;
    if (this.state === "refused" && this.nTries === 1) this._connectNow();
  }

  leave(number) {
    if (this._panes.delete(number)) this._say({type: "leave", pane: number});
  }

  // Want nothing while it can't be seen.
  pause(number) {
    this._panes.get(number).isPaused = true;
    if (this._isShown(number)) this._say({type: "pause", pane: number});
  }

  // Go on with what it showed before the pause.
  resume(number) {
    const pane = this._panes.get(number);
    pane.isPaused = false;
    this._comeBack(pane);
    if (this._isShown(number)) this._say(pane.look ?? {type: "go", pane: number});
  }

  // Back to the live edge.
  follow(number) {
    const pane = this._panes.get(number);
    pane.look = null;
    this._comeBack(pane);
    if (!pane.isPaused && this._isShown(number)) this._say({type: "go", pane: number});
  }

  // Draw a range: times as BigInt nanoseconds.
  explore(number, {start, end, low, high, columns}) {
    const pane = this._panes.get(number), request = ++this._nRequests;
    pane.look = {type: "explore", pane: number, request, start: `${start}`, end: `${end}`, low, high, columns};
    if (!pane.isPaused && this._isShown(number)) this._say(pane.look);
  }

  // Ask for the row under a place. Returns whether it could be asked.
  pick(number, time, value) {
    if (this.state !== "connected" || !this._isShown(number)) return false;
    this._say({type: "pick", pane: number, request: ++this._nRequests, time: `${time}`, value});
    return true;
  }

  // To be called once a frame of a pane is on the screen: the newest, or that of a `generation` of its picture, for
  // newer ones may have come while it was painted.
  painted(number, picture = this._panes.get(number)?.picture, generation = picture?.generation) {
    const pane = this._panes.get(number);
    if (!generation || pane?.picture !== picture) return;
    const nowMs = performance.now(), nowNs = this.clock.at(nowMs), {unpainted, delays} = pane;
    while (unpainted.length > 0 && unpainted[0].generation <= generation) {
      const {newest, skew} = unpainted.shift();
      if (newest !== null && delays.length < MOST_DELAYS) delays.push(Number(nowNs + skew - newest) / 1e6);
      pane.nPainted++;
    }
    if (generation === pane.acked || (pane.nPainted < ACK_FRAMES && nowMs - pane.ackedMs < ACK_MS)) return;
    this._say({type: "ack", pane: number, generation, delays_ms: delays.splice(0)});
    Object.assign(pane, {acked: generation, ackedMs: nowMs, nPainted: 0});
  }

  close() {
    this._isClosed = true;
    clearInterval(this._timer);
    clearTimeout(this._retry);
    this._panes.clear();
    this._socket.close();
  }

  _isShown(number) { return this._panes.get(number)?.view != null; }

  // Forget what was not painted, for it may never be.
  _comeBack(pane) { Object.assign(pane, {unpainted: [], newest: undefined, newsMs: performance.now()}); }

  _connectNow() {
    clearTimeout(this._retry);
    this._setState("connecting");
    this._connect();
  }

  _connect() {
    const socket = this._socket = this._connectTo();
    socket.binaryType = "arraybuffer";
    this._heardMs = this._tendedMs = performance.now();
    this._toldTicket = "";
    socket.onopen = () => {
      const first = [...this._panes.values()].find((pane) => pane.ticket);
      if (first) this._hello(first.ticket);
    };
    socket.onmessage = ({data}) => {
      this._heardMs = performance.now();
      if (typeof data === "string") this._hear(JSON.parse(data));
      else this._take(readMessage(data));
    };
    socket.onclose = ({code, reason}) => this._lost(socket, code === REFUSED ? reason : "");
  }

  _lost(socket, reason) {
    if (socket !== this._socket || this._isClosed) return;
    socket.onopen = socket.onclose = socket.onmessage = null;
    socket.close();
    for (const pane of this._panes.values()) pane.nAwaited = 0;
    const waitMs = RETRY_MS[Math.min(this.nTries++, RETRY_MS.length - 1)];
    this._retry = setTimeout(() => this._connect(), waitMs * (0.75 + Math.random() / 2));
    this._setState(reason ? "refused" : "connecting", reason);
  }

  _tend() {
    const nowMs = performance.now(), sleptMs = nowMs - this._tendedMs - TEND_MS;
    this._tendedMs = nowMs;
    if (sleptMs > TEND_MS) {                                 // it was us who did not listen
      this._heardMs = nowMs;
      for (const pane of this._panes.values()) pane.newsMs = nowMs;
    }
    this._lookForStall(nowMs);
    if (this.state === "connected" && nowMs - this._pingedMs >= PING_MS) this._ping();
    if (nowMs - this._heardMs > SILENT_MS && this._socket.readyState < WebSocket.CLOSING) this._lost(this._socket, "");
  }

  _lookForStall(nowMs) {
    const isLate = ({Kind, picture, isPaused, look, newsMs}) =>
      Kind === Picture && picture?.generation > 0 && !isPaused && look === null && nowMs - newsMs > STALLED_MS;
    const isStalled = this.state === "connected" && [...this._panes.values()].some(isLate);
    if (isStalled === this.isStalled) return;
    this.isStalled = isStalled;
    for (const pane of this._panes.values()) pane.onState();
  }

  _hello(ticket) {
    this._toldTicket = ticket;
    this._say({type: "hello", version: VERSION, ticket});
  }

  _ping() {
    this._pingedMs = performance.now();
    this._say({type: "ping", sent_ms: this._pingedMs});
  }

  _say(words) {
    if (this._socket.readyState === WebSocket.OPEN) this._socket.send(JSON.stringify(words));
  }

  _setState(state, reason = "") {
    this.state = state;
    this.reason = reason;
    for (const pane of this._panes.values()) pane.onState();
  }

  _subscribe(pane) {
    if (pane.ticket !== this._toldTicket) this._hello(pane.ticket);
    const picture = new pane.Kind();
    this._comeBack(pane);
    Object.assign(pane, {picture, acked: 0, nPainted: 0, nAwaited: pane.nAwaited + 1});
    pane.inbox = this._inbox(pane, picture);
    this._say({type: "subscribe", pane: pane.number, view: pane.view, columns: pane.columns, fps: pane.fps});
    if (pane.isPaused) this._say({type: "pause", pane: pane.number});
    else if (pane.look !== null) this._say(pane.look);
  }

  _hear(words) {
    const pane = this._panes.get(words.pane);
    if (words.type === "welcome" && this.state !== "connected") {
      this.nTries = 0;
      this.hasConnected = true;
      for (let i = 0; i < 3; i++) this._ping();
      this._setState("connected");
      for (const each of this._panes.values()) if (each.view !== null) this._subscribe(each);
    } else if (words.type === "pong") this.clock.take(words.sent_ms, words.server_ns);
    else if (words.type === "ticket") this._exchange(words.ticket);
    else if (pane === undefined) return;
    else if (words.type === "subscribed") pane.nAwaited--;
    else if (words.type === "picked") pane.onRow(words.row);
    else if (words.type === "failed" && (words.request ?? null) === (pane.look?.request ?? null)) {
      pane.newsMs = Infinity;                                // nothing more comes
      pane.onFailed(words.reason);
    }
  }

  // A newer ticket came for what we were allowed with the one that we showed last.
  _exchange(ticket) {
    for (const pane of this._panes.values()) if (pane.ticket === this._toldTicket) pane.ticket = ticket;
    this._toldTicket = ticket;
  }

  _take(message) {
    const pane = this._panes.get(message.pane);
    if (pane?.nAwaited === 0) pane.inbox.put(message);       // else it is of what the pane showed before
  }

  _inbox(pane, picture) {
    return new Inbox((message, bytes, error) => {
      if (pane.picture !== picture || this._panes.get(pane.number) !== pane) return;   // it shows something else
      if (error || !picture.fits(message)) return this._lost(this._socket, "");   // a fresh start mends it
      if (!message.isFrame) return this._answered(pane, message, bytes);
      picture.apply(message.generation, message.base, bytes);
      // A row is measured once: not with frames that only scrolled, nor with the first, for it says when we came.
      const isNews = pane.newest !== undefined && picture.newest !== pane.newest;
      pane.unpainted.push({generation: picture.generation, newest: isNews ? picture.newest : null, skew: picture.skew});
      pane.newest = picture.newest;
      if (pane.unpainted.length > MOST_DELAYS) pane.unpainted.shift();
      pane.newsMs = performance.now();
      if (this.isStalled) this._lookForStall(pane.newsMs);
      pane.onFrame(picture);
    });
  }

  _answered(pane, message, bytes) {
    if (pane.look?.request !== message.generation) return;
    const answer = new Picture();
    answer.apply(message.generation, 0, bytes);
    pane.onAnswer(answer);
  }
}
