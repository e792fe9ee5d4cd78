// The range of values that is shown while it follows: it does not jump. The same as ValueScale of live/frames.

const MARGIN = 0.15, TOO_LARGE = 3;

export class ValueScale {
  constructor() { this._range = null; }

  // The range for values from `low` to `high`, as little changed as can be.
  fit(low, high) {
    const height = Math.max(high - low, Math.max(Math.abs(low), Math.abs(high)) * 1e-6 || 1), margin = MARGIN * height;
    const [lowest, highest] = this._range ?? [low, high];
    let bottom = lowest <= low ? lowest : low - margin, top = highest >= high ? highest : high + margin;
    if (this._range === null || top - bottom > TOO_LARGE * height) {
      const slack = (height - (high - low)) / 2 + margin;
      [bottom, top] = [low - slack, high + slack];
    }
    return this._range = [bottom, top];
  }
}
