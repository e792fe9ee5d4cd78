// Whether somebody can see an element: it is neither in a hidden tab nor scrolled away.

export class Seen {
  // `find` gives the element once it is there; `onChange` is called with whether it is seen, which it is at first.
  constructor(find, onChange) {
    this._find = find;
    this._onChange = onChange;
    this._isOnScreen = this._isSeen = true;
    this._tell = () => this._look();
    document.addEventListener("visibilitychange", this._tell);
    this._watch();
  }

  close() {
    document.removeEventListener("visibilitychange", this._tell);
    cancelAnimationFrame(this._waiting);
    this._observer?.disconnect();
  }

  _watch() {
    const element = this._find();
    if (!element) {
      this._waiting = requestAnimationFrame(() => this._watch());
      return;
    }
    this._observer = new IntersectionObserver((entries) => {
      this._isOnScreen = entries[entries.length - 1].isIntersecting;
      this._look();
    });
    this._observer.observe(element);
    this._look();
  }

  _look() {
    const isSeen = this._isOnScreen && !document.hidden;
    if (isSeen === this._isSeen) return;
    this._isSeen = isSeen;
    this._onChange(isSeen);
  }
}
