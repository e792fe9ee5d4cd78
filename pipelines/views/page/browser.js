// The browser decides whether the page is dark. The cookie outlives the page, so that the next one is served right.
function chooseColours(view) {
  const page = view.model.document.roots().find((root) => root.data && "dark_theme" in root.data).data
  view.connect(page.properties.dark_theme.change, () => {
    document.cookie = `streamshade_dark=${Number(page.dark_theme)}; path=/; max-age=31536000; samesite=lax`
  })
  const chosen = document.cookie.includes("streamshade_dark=")
  if (!chosen && matchMedia("(prefers-color-scheme: dark)").matches) page.dark_theme = true
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
  chooseColours(view)
  // A hidden tab draws no frames, so it acknowledges nothing and is sent nothing more until it is looked at again.
  // The server takes as long for an acknowledgement as for an update, so one is for all that came in half a second.
  let waits = false
  const acknowledge = () => requestAnimationFrame(() => {
    waits = false
    model.n_drawn = model.n_sent
  })
  model.on("n_sent", () => {
    if (!waits) setTimeout(acknowledge, 500)
    waits = true
  })
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
