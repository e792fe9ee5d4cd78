// The cookie outlives the page, so that the next one is served in the right colours at once.
function remember(dark) {
  document.cookie = `streamshade_dark=${Number(dark)}; path=/; max-age=31536000; samesite=lax`
}

function tell(words) {
  const bar = document.createElement("div")
  bar.setAttribute("role", "alert")
  bar.textContent = words
  bar.style.cssText = `position: fixed; inset: auto 0 0 0; z-index: 9999; padding: 8px 20px; font: 600 13px/1.5 system-ui,
    sans-serif; color: var(--mui-palette-background-paper); background: var(--mui-palette-error-main)`
  document.body.append(bar)
}

// The address holds the whole view, so loading the page again brings it back whatever became of the session.
function comeBack() {
  fetch("./static/js/bokeh.min.js", {method: "HEAD", cache: "no-store"})
    .then((answer) => answer.ok ? location.reload() : Promise.reject())
    .catch(() => setTimeout(comeBack, 1000))
}

export function render({model, view, el}) {
  el.style.display = "none"
  model.zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC"
  if (model.dark === null) model.dark = matchMedia("(prefers-color-scheme: dark)").matches
  model.on("dark", () => remember(model.dark))
  // A hidden tab draws no frames, so it acknowledges nothing and is sent nothing until it is looked at again.
  const acknowledge = () => requestAnimationFrame(() => { model.n_drawn = model.n_sent })
  model.on("n_sent", acknowledge)
  acknowledge()
  let lost = false
  view.model.document.on_event("connection_lost", () => {
    if (!lost) {
      lost = true
      tell("The server is out of reach: what you see is old. Trying again until it answers.")
      comeBack()
    }
  })
}
