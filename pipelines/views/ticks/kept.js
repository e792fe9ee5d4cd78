// A page that lost its server is loaded again: what was looked at comes back with it.

// Keep a viewport, with times as BigInt, for the page that this tab loads next.
export function keep(name, {start, end, low, high}) {
  sessionStorage.setItem(name, JSON.stringify({start: `${start}`, end: `${end}`, low, high}));
}

// Return the viewport that was kept, once; null where there is none.
export function recall(name) {
  const kept = sessionStorage.getItem(name);
  sessionStorage.removeItem(name);
  if (kept === null) return null;
  const {start, end, low, high} = JSON.parse(kept);
  return {start: BigInt(start), end: BigInt(end), low, high};
}
