// The socket of a page: it connects, says what is to be shown, and connects again when it was cut off.

const ACK_FRAMES = 8;
const ACK_MS = 1000;
const MOST_DELAYS = 64;
const PING_MS = 5000;
const N_PINGS = 8;
const RETRY_MS = [250, 500, 1000, 2000, 4000];
const SILENT_MS = 5000;                    // a server says something every second
const REFUSED = 4000;

// How far the server's clock is ahead of ours: told by the round trip that was shortest of the last ones.
class Clock {
  constructor() { this._trips = []; }

  take(sentMs, serverNs) {
    const nowMs = performance.now();
    const middleNs = BigInt(Math.round((performance.timeOrigin + (sentMs + nowMs) / 2) * 1e6));
    this._trips.push({tripMs: nowMs - sentMs, aheadNs: BigInt(serverNs) - middleNs});
    if (this._trips.length > N_PINGS) this._trips.shift();
  }

  // The server's time in nanoseconds, at a time of performance.now().
  at(ms) {
    const best = this._trips.reduce((a, b) => (b.tripMs < a.tripMs ? b : a), this._trips[0]);
    return BigInt(Math.round((performance.timeOrigin + ms) * 1e6)) + (best ? best.aheadNs : 0n);
  }
}

// onState is called with "connecting", "connected", or "refused" and a reason.
export class FramesClient {
  constructor(url, ticket, onState) {
    this.clock = new Clock();
    this.state = "connecting";
    this._url = url;
    this._ticket = ticket;
    this._onState = onState;
    this._panes = new Map();
    this._nTries = 0;
    this._nRequests = 0;
    this._heardMs = performance.now();
    this._timer = setInterval(() => this._tend(), 1000);
    this._connect();
  }

  // Show a view in a pane. onFrame and onAnswer are called with a picture that may be drawn, again and again.
  open(number, {view, columns, fps, onFrame, onAnswer, onFailed, onRow}) {
    const pane = {number, view, columns, fps, onFrame, onAnswer, onFailed, onRow};
    Object.assign(pane, {isPaused: false, look: null, ackedMs: 0, delays: []});
    this._panes.set(number, pane);
    if (this.state === "connected") this._subscribe(pane);
  }

  leave(number) {
    if (this._panes.delete(number)) this._say({type: "leave", pane: number});
  }

  setTicket(ticket) {
    this._ticket = ticket;
    if (this._socket?.readyState === WebSocket.OPEN) this._hello();
  }

  pause(number) {
    this._panes.get(number).isPaused = true;
    this._say({type: "pause", pane: number});
  }

  go(number) {
    const pane = this._panes.get(number);
    pane.isPaused = false;
    pane.look = null;
    this._say({type: "go", pane: number});
  }

  // Draw a range: times as BigInt nanoseconds. Returns the number that the answer carries.
  explore(number, {start, end, low, high, columns}) {
    const pane = this._panes.get(number), request = ++this._nRequests;
    pane.look = {type: "explore", pane: number, request, start: `${start}`, end: `${end}`, low, high, columns};
    this._say(pane.look);
    return request;
  }

  pick(number, time, value) {
    const request = ++this._nRequests;
    this._say({type: "pick", pane: number, request, time: `${time}`, value});
    return request;
  }

  // To be called once the newest frame of a pane is on the screen.
  painted(number) {
    const pane = this._panes.get(number);
    if (pane === undefined) return;
    const nowMs = performance.now(), nowNs = this.clock.at(nowMs), {picture} = pane;
    for (const {newest, skew} of pane.unpainted.splice(0)) {
      if (newest !== null && pane.delays.length < MOST_DELAYS) pane.delays.push(Number(nowNs + skew - newest) / 1e6);
    }
    pane.nPainted = (pane.nPainted ?? 0) + 1;
    if (picture.generation === pane.acked) return;
    if (pane.nPainted < ACK_FRAMES && nowMs - pane.ackedMs < ACK_MS) return;
    this._say({type: "ack", pane: number, generation: picture.generation, delays_ms: pane.delays.splice(0)});
    Object.assign(pane, {acked: picture.generation, ackedMs: nowMs, nPainted: 0});
  }

  close() {
    clearInterval(this._timer);
    clearTimeout(this._retry);
    this._panes.clear();
    this._isClosed = true;
    this._socket?.close();
  }

  _connect() {
    const socket = this._socket = new WebSocket(this._url);
    socket.binaryType = "arraybuffer";
    this._heardMs = performance.now();
    socket.onopen = () => this._hello();
    socket.onmessage = ({data}) => {
      this._heardMs = performance.now();
      if (typeof data === "string") this._hear(JSON.parse(data));
      else this._take(readMessage(data));
    };
    socket.onclose = ({code, reason}) => this._lost(socket, code === REFUSED ? reason : "");
  }

  _lost(socket, reason) {
    if (socket !== this._socket || this._isClosed) return;
    socket.onclose = socket.onmessage = null;
    socket.close();
    for (const pane of this._panes.values()) pane.nAwaited = 0;
    this._setState(reason ? "refused" : "connecting", reason);
    const waitMs = RETRY_MS[Math.min(this._nTries++, RETRY_MS.length - 1)];
    this._retry = setTimeout(() => this._connect(), waitMs * (0.75 + Math.random() / 2));
  }

  _tend() {
    const nowMs = performance.now();
    if (this.state === "connected" && nowMs - (this._pingedMs ?? 0) >= PING_MS) this._ping();
    const listens = [...this._panes.values()].some((pane) => !pane.isPaused);
    const isSilent = nowMs - this._heardMs > SILENT_MS + (listens ? 0 : PING_MS);
    if (isSilent && this._socket.readyState !== WebSocket.CLOSED) this._lost(this._socket, "");
  }

  _hello() { this._say({type: "hello", version: VERSION, ticket: this._ticket}); }

  _ping() {
    this._pingedMs = performance.now();
    this._say({type: "ping", sent_ms: this._pingedMs});
  }

  _say(words) {
    if (this._socket?.readyState === WebSocket.OPEN) this._socket.send(JSON.stringify(words));
  }

  _setState(state, reason = "") {
    this.state = state;
    this._onState(state, reason);
  }

  _subscribe(pane) {
    Object.assign(pane, {picture: new Picture(), unpainted: [], acked: 0, nPainted: 0, nAwaited: (pane.nAwaited ?? 0) + 1});
    pane.inbox = this._inbox(pane);
    this._say({type: "subscribe", pane: pane.number, view: pane.view, columns: pane.columns, fps: pane.fps});
    if (pane.look !== null) this._say(pane.look);
    else if (pane.isPaused) this._say({type: "pause", pane: pane.number});
  }

  _hear(words) {
    const pane = this._panes.get(words.pane);
    if (words.type === "welcome" && this.state !== "connected") {
      this._nTries = 0;
      this._setState("connected");
      for (const each of this._panes.values()) this._subscribe(each);
      for (let i = 0; i < 3; i++) this._ping();
    } else if (words.type === "pong") this.clock.take(words.sent_ms, words.server_ns);
    else if (words.type === "ticket") this._ticket = words.ticket;
    else if (pane === undefined) return;
    else if (words.type === "subscribed") pane.nAwaited--;
    else if (words.type === "failed") pane.onFailed?.(words.reason, words.request ?? null);
    else if (words.type === "picked") pane.onRow?.(words.request, words.row);
  }

  _inbox(pane) {
    const picture = pane.picture;
    return new Inbox((message, bytes, error) => {
      if (pane.picture !== picture || this._panes.get(pane.number) !== pane) return;      // what came before a reconnection
      if (error) return this._lost(this._socket, "");
      if (!message.isFrame) return this._answered(pane, message, bytes);
      picture.apply(message.generation, message.base, bytes);
      pane.unpainted.push({newest: picture.newest, skew: picture.skew});
      if (pane.unpainted.length > MOST_DELAYS) pane.unpainted.shift();
      pane.onFrame(picture);
    });
  }

  _answered(pane, message, bytes) {
    const answer = new Picture();
    answer.apply(message.generation, 0, bytes);
    if (pane.look?.request === message.generation) pane.onAnswer?.(message.generation, answer);
  }

  _take(message) {
    const pane = this._panes.get(message.pane);
    if (pane?.nAwaited === 0) pane.inbox.put(message);       // else it is of what the pane showed before
  }
}
