// One connection a page and address, however many pictures there are.

const CLIENTS = globalThis[Symbol.for("streamshade.frames")] ??= new Map();

// The connection to a path relative to the page.
export function clientAt(path) {
  const address = new URL(path, document.baseURI).href.replace(/^http/, "ws");
  let client = CLIENTS.get(address);
  if (client === undefined) CLIENTS.set(address, client = new FramesClient(() => new WebSocket(address)));
  return client;
}

// End a connection that no pane uses any more.
export function release(client) {
  if (!client.isEmpty) return;
  client.close();
  for (const [address, other] of CLIENTS) if (other === client) CLIENTS.delete(address);
}
