// Classes of canvas: one picture serves all whose screens are about as wide.

const CANVAS_COLUMNS = [300, 600, 1200, 2400];

// The largest class whose columns, each as long as fits that many into the span, are no narrower than the screen's.
export function columnsThatFit(spanNs, widthPx) {
  const fits = (n) => Math.ceil(spanNs / 2 ** columnLog2(spanNs, n)) <= widthPx;
  return CANVAS_COLUMNS.filter(fits).pop() ?? CANVAS_COLUMNS[0];
}

function columnLog2(spanNs, n) {
  let log2 = 0;
  while (spanNs / 2 ** log2 > n) log2++;
  return log2;
}
