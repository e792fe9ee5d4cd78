// The cookie outlives the page, so that the next one is served in the right colours at once.
function remember(dark) {
  document.cookie = `streamshade_dark=${Number(dark)}; path=/; max-age=31536000; samesite=lax`
}

export function render({model, el}) {
  el.style.display = "none"
  model.zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC"
  if (model.dark === null) model.dark = matchMedia("(prefers-color-scheme: dark)").matches
  model.on("dark", () => remember(model.dark))
  // A hidden tab draws no frames, so it acknowledges nothing and is sent nothing until it is looked at again.
  const acknowledge = () => requestAnimationFrame(() => { model.n_drawn = model.n_sent })
  model.on("n_sent", acknowledge)
  acknowledge()
}
