// What a picture says of itself: whether it is live, how old it is, and what went wrong.

const STALE_MS = 2000;
const WAYS = {
  pyramid: "from summaries",
  raster: "one by one",
  tiles: "from tiles",
  datashader: "by Datashader",
};

const seconds = (ms) => `${formatNumber(Math.floor(ms / 1000), 0)} s`;

// Words in the order of their weight. `standing` has: state, reason, sinceMs (how long it has been in that state),
// isStalled (whether pictures stay away though the server is there), isFollowing, lagMs (since the newest row, null
// where there is none), ageMs (of the frame), nLeftOut, progress, story, failure.
export function captionOf(standing) {
  const {state, reason, sinceMs, isStalled, isFollowing, lagMs, ageMs, nLeftOut, progress, story, failure} = standing;
  const words = [];
  if (state === "refused") words.push(`Not connected: ${reason}`);
  else if (state === "connecting" && sinceMs !== null) {
    words.push(`Disconnected for ${seconds(sinceMs)}: what you see is old. Trying again.`);
  }
  if (isStalled) words.push(`No picture for ${seconds(ageMs)}: what you see is old. Waiting for the feed.`);
  const isQuiet = lagMs !== null && lagMs >= STALE_MS;
  if (!isFollowing) words.push("Paused - reset to follow");
  else if (state === "connected" && ageMs !== null && !isStalled) words.push(isQuiet ? "Following" : "Live");
  else if (state === "connected" && ageMs === null && !failure) words.push("Waiting for the first picture");
  if (failure) words.push(failure);
  if (!isFollowing && story) {
    const rows = `${formatNumber(story.rows, 0)} rows in this time, ${WAYS[story.way] ?? story.way}`;
    words.push(story.final ? rows : `${rows} (coarse)`);
  }
  if (!isFollowing || isStalled || state !== "connected") return words;
  if (progress < 1) words.push(`reading the past: ${Math.floor(100 * progress)}%`);
  if (isQuiet) words.push(`nothing new for ${seconds(lagMs)}`);
  else if (ageMs >= STALE_MS) words.push(`${seconds(ageMs)} old`);
  else if (ageMs !== null) words.push(`${Math.max(Math.round(ageMs), 0)} ms old`);
  if (nLeftOut > 0) words.push(`${nLeftOut} frames left out`);
  return words;
}
