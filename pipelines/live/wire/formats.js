// How times and numbers are written. To make a format takes longer than to paint an axis, so all of a page are kept.

const FORMATS = globalThis[Symbol.for("streamshade.formats")] ??= new Map();
const MOST_DECIMALS = 8;

function kept(key, make) {
  let format = FORMATS.get(key);
  if (format === undefined) FORMATS.set(key, format = make());
  return format;
}

function dateText(ns, zone, options) {
  const ms = (ns - (((ns % 1000000n) + 1000000n) % 1000000n)) / 1000000n;
  const make = () => new Intl.DateTimeFormat("en-GB", {timeZone: zone, ...options});
  return kept(zone + JSON.stringify(options), make).format(Number(ms));
}

// A day of BigInt nanoseconds in a zone, such as "8 Aug".
export function formatDay(ns, zone) { return dateText(ns, zone, {day: "numeric", month: "short"}); }

// The days of a range, such as "8 Aug 2024" or "8 Aug to 9 Aug 2024".
export function formatDays(start, end, zone) {
  const full = {day: "numeric", month: "short", year: "numeric"}, year = {year: "numeric"};
  const [first, last] = [dateText(start, zone, full), dateText(end - 1n, zone, full)];
  if (first === last) return last;
  const isOneYear = dateText(start, zone, year) === dateText(end - 1n, zone, year);
  return `${isOneYear ? formatDay(start, zone) : first} to ${last}`;
}

// A time of day. `digits` counts those after the second; -1 leaves out seconds.
export function formatTime(ns, zone, digits) {
  const clock = {hour: "2-digit", minute: "2-digit", hourCycle: "h23"};
  if (digits >= 0) clock.second = "2-digit";
  const text = dateText(ns, zone, clock);
  if (digits <= 0) return text;
  const belowSecond = ((ns % 1000000000n) + 1000000000n) % 1000000000n;
  return text + "." + belowSecond.toString().padStart(9, "0").slice(0, digits);
}

// A number with its thousands apart, with at least and at most so many decimals.
export function formatNumber(value, least, most = least) {
  const options = {minimumFractionDigits: least, maximumFractionDigits: most};
  return kept(`${least} ${most}`, () => new Intl.NumberFormat("en-US", options)).format(value);
}

// What is written at one of the ticks of an axis of values: as many decimals as tell one from the next.
export function formatTick(tick, ticks) {
  const step = ticks.length > 1 ? Math.abs(ticks[1] - ticks[0]) : 1;
  return formatNumber(tick, Math.max(0, Math.min(9, -Math.floor(Math.log10(step) + 1e-6))));
}

// How many decimals a number needs to be written as it is, at most 8.
export function decimalsOf(value) {
  for (let n = 0, power = 1; n < MOST_DECIMALS; n++, power *= 10) {
    if (!(Math.abs(value - Math.round(value * power) / power) >= 0.5 / 10 ** MOST_DECIMALS)) return n;
  }
  return MOST_DECIMALS;
}

// A price, with a dash where it is not a number.
export function formatPrice(value, decimals) {
  return Number.isNaN(value) ? "\u2013" : formatNumber(value, decimals).replace("-", "\u2212");
}
