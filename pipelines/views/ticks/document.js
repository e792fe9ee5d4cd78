// What behaves like a WebSocket over the document of a page: for notebooks, and servers without the route.

export class DocumentSocket {
  constructor(model) {
    this.readyState = WebSocket.CONNECTING;
    this._model = model;
    // The same picture may be shown at several places, which all hear what is sent to any of them.
    this._client = `${Date.now().toString(36)}${Math.random().toString(36).slice(2)}`;
    this._hear = (message) => this._take(message);
    model.on("msg:custom", this._hear);
    setTimeout(() => this._open());                        // once its user has said who listens
  }

  send(text) { this._tell({text}); }

  close() {
    if (this.readyState >= WebSocket.CLOSING) return;
    this.readyState = WebSocket.CLOSED;
    this._model.off("msg:custom", this._hear);
    this._tell({closed: true});
  }

  _open() {
    if (this.readyState !== WebSocket.CONNECTING) return;
    this.readyState = WebSocket.OPEN;
    this._tell({opened: true});
    this.onopen?.({});
  }

  _tell(words) { this._model.send_msg({client: this._client, ...words}); }

  _take({client, data, closed}) {
    if (client !== this._client) return;
    if (closed !== undefined) {
      this.readyState = WebSocket.CLOSED;
      this._model.off("msg:custom", this._hear);
      this.onclose?.({code: closed ? 4000 : 1000, reason: closed});
      return;
    }
    this.onmessage?.({data: typeof data === "string" ? data : plain(data)});
    this._tell({taken: true});                             // the server sends no picture before it hears this
  }
}

// The bytes of a message, in a buffer of their own.
function plain(data) {
  if (data instanceof ArrayBuffer) return data;
  const bytes = ArrayBuffer.isView(data) ? data : new Uint8Array(data.buffer ?? data);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}
