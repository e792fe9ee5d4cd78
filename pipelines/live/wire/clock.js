// What time it is at the server.

const N_TRIPS = 8;

// How far the server's clock is ahead of ours: told by the round trip that was shortest of the last ones.
export class Clock {
  constructor() { this._trips = []; }

  take(sentMs, serverNs) {
    const nowMs = performance.now();
    const middleNs = BigInt(Math.round((performance.timeOrigin + (sentMs + nowMs) / 2) * 1e6));
    this._trips.push({tripMs: nowMs - sentMs, aheadNs: BigInt(serverNs) - middleNs});
    if (this._trips.length > N_TRIPS) this._trips.shift();
  }

  // The server's time in nanoseconds, at a time of performance.now().
  at(ms) {
    const best = this._trips.reduce((a, b) => (b.tripMs < a.tripMs ? b : a), this._trips[0]);
    return BigInt(Math.round((performance.timeOrigin + ms) * 1e6)) + (best ? best.aheadNs : 0n);
  }
}
