// Makes `node` look like `wanted` and keeps what is right already: a link stays clickable and a selection selected
// while numbers change, and only what changed is laid out again.
function patch(node, wanted) {
  const now = [...node.childNodes]
  const then = [...wanted.childNodes]
  then.forEach((to, place) => {
    const from = now[place]
    if (!from) node.appendChild(to)
    else if (from.nodeName !== to.nodeName) from.replaceWith(to)
    else if (from.nodeType !== Node.ELEMENT_NODE) patchText(from, to)
    else {
      patchAttributes(from, to)
      patch(from, to)
    }
  })
  now.slice(then.length).forEach((surplus) => surplus.remove())
}

function patchText(from, to) {
  if (from.data !== to.data) from.data = to.data
}

function patchAttributes(from, to) {
  for (const {name, value} of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value)
  }
  for (const {name} of [...from.attributes]) {
    if (!to.hasAttribute(name)) from.removeAttribute(name)
  }
}

export function render({model}) {
  const root = document.createElement("div")
  root.innerHTML = model.html
  model.on("html", () => {
    const template = document.createElement("template")
    template.innerHTML = model.html
    patch(root, template.content)
  })
  return root
}
