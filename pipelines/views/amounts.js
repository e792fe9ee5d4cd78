// How shares, changes, rates and durations are written: as views/figures.py does.

const DASH = "\u2013", MINUS = "\u2212";

// A signed share in percent, or a dash where there is none. Nothing is -0.00%.
export function formatShare(share) {
  if (share === null || Number.isNaN(share)) return DASH;
  const text = `${formatNumber(100 * Math.abs(share), 2)}%`;
  return (text === "0.00%" ? "" : share > 0 ? "+" : MINUS) + text;
}

// A change with its sign, or a dash where there is none.
export function formatChange(change, decimals) {
  if (change === null || Number.isNaN(change)) return DASH;
  const text = formatNumber(Math.abs(change), decimals);
  return (/[1-9]/.test(text) ? (change > 0 ? "+" : MINUS) : "") + text;
}

// A rate with three to four significant digits: 0.4, 12.5, 1,940, 98.3k.
export function formatRate(perSecond) {
  if (perSecond >= 9.995e6) return `${formatNumber(perSecond / 1e6, 1)}M`;
  if (perSecond >= 99_950) return `${formatNumber(perSecond / 1e3, 0)}k`;
  return formatNumber(perSecond, perSecond >= 99.95 ? 0 : 1);
}

// A duration in its largest unit: 8 ms, 5 s, 3 min, 2 h, 4 d.
export function formatDuration(ns) {
  const ms = ns / 1_000_000n, seconds = ms / 1000n;
  if (seconds < 1n) return `${ms} ms`;
  for (const [limit, unitS, unit] of [[120n, 1n, "s"], [7_200n, 60n, "min"], [172_800n, 3_600n, "h"]]) {
    if (seconds < limit) return `${seconds / unitS} ${unit}`;
  }
  return `${formatNumber(Number(seconds / 86_400n), 0)} d`;
}
