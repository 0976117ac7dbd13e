// The API for stories: a story prepares by the API what it is about, and does in the browser what it tests.

export class Api {
  static async signIn(base, { email, password }) {
    const api = new Api();
    api.base = `${base}/api/v1`;
    api.token = (await api.post("/auth/login", { email, password })).token;
    return api;
  }

  async get(path) {
    return (await this.send("GET", path)).json();
  }

  // Sends `body` as JSON, unless it is a `FormData`.
  async post(path, body, headers = {}) {
    return (await this.send("POST", path, body, headers)).json();
  }

  // Returns the file at a path. Paths in answers of the API have its prefix already.
  async bytes(path) {
    const response = await this.send("GET", path.replace(/^\/api\/v1/, ""));
    return Buffer.from(await response.arrayBuffer());
  }

  // Opens a room of the caller with plain values; `more` adds to them or replaces them.
  async room(more = {}) {
    const plain = { title: "STS Ceuta", location: "Off Ceuta", sts_eta: "2030-12-01T08:30:00Z", cargo_profile: "oil", parties: [] };
    return this.post("/rooms", { ...plain, ...more });
  }

  // Takes a snapshot, and waits up to 60 seconds for its file.
  async snapshot(room, asked = {}) {
    const taken = await this.post(`/rooms/${room}/snapshots`, asked, { prefer: "wait=60" });
    if (taken.status !== "completed") throw new Error(`no file: ${JSON.stringify(taken)}`);
    return taken;
  }

  async send(method, path, body, headers = {}) {
    const all = { ...headers };
    if (this.token) all.authorization = `Bearer ${this.token}`;
    const isForm = body instanceof FormData;
    if (body && !isForm) all["content-type"] = "application/json";
    const content = body && !isForm ? JSON.stringify(body) : body;
    const response = await fetch(this.base + path, { method, headers: all, body: content });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }
}
