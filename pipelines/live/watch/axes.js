// Where the lines of a grid are, and what is written at them. Times are BigInt nanoseconds.

const SECOND_NS = 1_000_000_000n, DAY_NS = 86_400n * SECOND_NS;
const LONG_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200];
const TIME_STEPS_NS = [
  ...[...Array(9).keys()].flatMap((power) => [1n, 2n, 5n].map((n) => n * 10n ** BigInt(power))),
  ...LONG_STEPS_S.map((seconds) => BigInt(seconds) * SECOND_NS),
  ...[1n, 2n, 7n, 30n, 90n, 365n].map((days) => days * DAY_NS),
];
const MOST_DIGITS = 9, MOST_SIGNIFICANT = 15;

const formats = new Map();

function format(time, options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("en-GB", options));
  return formats.get(key).format(Number(floorTo(time, 1_000_000n) / 1_000_000n));
}

const floorTo = (time, step) => time - (((time % step) + step) % step);

export const zoneOf = () => new Intl.DateTimeFormat().resolvedOptions().timeZone;
export const dayOf = (time) => format(time, {day: "numeric", month: "short", year: "numeric"});

// How a time is written where the next one is `step` later; midnights are written as their day.
export function timeLabel(time, step) {
  const isMidnight = (time + aheadOfUtc(time)) % DAY_NS === 0n;
  if (step >= DAY_NS || isMidnight) return format(time, {day: "numeric", month: "short"});
  const clock = {hour: "2-digit", minute: "2-digit", hourCycle: "h23"};
  if (step >= 60n * SECOND_NS) return format(time, clock);
  const text = format(time, {...clock, second: "2-digit"}), below = time - floorTo(time, SECOND_NS);
  const digits = Math.max(0, 10 - `${step}`.length);
  return digits === 0 ? text : `${text}.${`${below}`.padStart(9, "0").slice(0, digits)}`;
}

// The times of a grid that is as fine as fits: `fits(step, label)` tells whether labels like this one have room.
export function timeTicks(start, end, fits) {
  const step = TIME_STEPS_NS.find((each) => fits(each, timeLabel(start + 1n, each))) ?? TIME_STEPS_NS.at(-1);
  const ahead = aheadOfUtc(start), ticks = [];
  for (let at = floorTo(start + ahead + step - 1n, step) - ahead; at <= end; at += step) ticks.push(at);
  return ticks.map((time) => ({time, label: timeLabel(time, step)}));
}

function aheadOfUtc(time) {
  return BigInt(-60 * new Date(Number(time / 1_000_000n)).getTimezoneOffset()) * SECOND_NS;
}

// The values of a grid with at most `most` lines, as even as possible.
export function valueTicks(low, high, most) {
  const rough = (high - low) / Math.max(most, 1), unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((n) => n * unit >= rough * (1 - 1e-9));
  const first = Math.ceil(low / step), n = Math.min(Math.floor(high / step) - first, most) + 1;
  const multiples = Array.from({length: Math.max(n, 0)}, (_, i) => (first + i) * step + 0);     // + 0: never -0
  const values = multiples.filter((value, i) => value >= low && value <= high && value !== multiples[i - 1]);
  return values.map((value) => ({value, label: valueLabel(value, step, Math.max(Math.abs(low), Math.abs(high)))}));
}

// As many digits as tell one value from the next, in a form that stays short.
function valueLabel(value, step, largest) {
  const decimals = -Math.floor(Math.log10(step) + 1e-6);
  if (largest >= 1e12 || decimals > MOST_DIGITS) {
    const digits = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value))) + decimals;
    return value.toExponential(Math.min(Math.max(0, digits), MOST_SIGNIFICANT));
  }
  const digits = Math.max(0, decimals);
  const key = `decimals ${digits}`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.NumberFormat("en-US", {minimumFractionDigits: digits, maximumFractionDigits: digits}));
  }
  return formats.get(key).format(value);
}
