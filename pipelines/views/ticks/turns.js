// A picture that follows the stream goes first. What may wait is drawn between its repaints, and so never with them in
// one animation frame.

const TURNS = globalThis[Symbol.for("streamshade.turns")] ??= {waiting: new Set()};
const TURN_MS = 50;                        // where there is no such picture, or it stands still

// To be called after each repaint of such a picture.
export function giveTurn() {
  const waiting = [...TURNS.waiting];
  TURNS.waiting.clear();
  for (const {act, timer} of waiting) {
    clearTimeout(timer);
    setTimeout(act);                       // once the browser is done with the animation frame
  }
}

// Call `act` when nothing is in its way. Returns what takes that back.
export function atTurn(act) {
  const turn = {act, timer: setTimeout(() => { TURNS.waiting.delete(turn); act(); }, TURN_MS)};
  TURNS.waiting.add(turn);
  return () => { clearTimeout(turn.timer); TURNS.waiting.delete(turn); };
}
