// The figures of one key: numbers, null where there is none; times are BigInt nanoseconds.

const TIMES = ["newest", "skew"];

export class Figures extends Told {
  constructor() {
    super();
    this.figures = null;
  }

  _take(part, view) {
    if (part !== PART.FIGURES) return;
    const told = JSON.parse(new TextDecoder().decode(view));
    for (const name of TIMES) if (typeof told[name] === "string") told[name] = BigInt(told[name]);
    this.figures = {...this.figures, ...told};
  }
}
