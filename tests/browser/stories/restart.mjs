// A large file over a line that breaks ten times, to a server that is killed and started again meanwhile. It arrives whole, and
// what went up is little more than its bytes. The line is a proxy before the server, which counts them.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SIZE = 45_000_000;
const BREAKS = 10;
// Bytes a second: 24 Mbit/s.
const SPEED = 3_000_000;
const PATIENCE = 120_000;

export default async function restart(rig) {
  const line = await Line.to(new URL(rig.base));
  rig.base = `http://127.0.0.1:${line.port}`;
  const broker = await rig.api("broker");
  const { id: room } = await broker.room();
  const documents = await broker.get(`/rooms/${room}/documents?limit=100`);
  const { id } = documents.find(({ document_type }) => document_type === "COMPAT");
  const path = `/rooms/${room}/documents/${id}`;
  const page = await rig.open({ as: "broker" });
  await rig.line(page);
  await page.goto(path);
  await page.locator("#panel input[type=file]").setInputFiles(paper());
  line.breaksEach(SIZE / (BREAKS + 1), (breaks) => breaks === BREAKS / 2 && askForAnotherStart());
  await page.locator("#panel form[data-uploads] button[type=submit]").click();
  await page.locator("#uploads li").getByText("Uploaded as version 1.").waitFor({ timeout: PATIENCE });
  assert.equal(line.breaks, BREAKS);
  const { newest } = await broker.get(path);
  assert.equal(newest.file_size, SIZE);
  console.log(`45 MB, ${BREAKS} breaks and a restart: ${(line.up / SIZE).toFixed(3)} times its bytes`);
  assert.ok(line.up <= 1.1 * SIZE, `${line.up} bytes went up`);
  await page.context().close();
}

// The test hears this, kills the server and starts it again at the same port.
const askForAnotherStart = () => console.log("start the server again");

function paper() {
  const folder = mkdtempSync(join(tmpdir(), "sts-restart-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  const path = join(folder, "study.pdf");
  writeFileSync(path, Buffer.concat([Buffer.from("%PDF-1.7\n"), Buffer.alloc(SIZE - 9, 32)]));
  return path;
}

class Line {
  // How many bytes have gone up since it was told when to break, and how often it broke.
  up = 0;
  breaks = 0;
  #each = Infinity;
  #told;
  #sockets = new Set();

  static async to({ hostname, port }) {
    const line = new Line();
    const server = createServer((client) => line.#carry(client, connect(Number(port), hostname)));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    line.port = server.address().port;
    return line;
  }

  // Breaks whenever so many bytes more have gone up, ten times, and tells how often it has.
  breaksEach(bytes, told) {
    [this.up, this.#each, this.#told] = [0, bytes, told];
  }

  #carry(client, server) {
    for (const [socket, other] of [[client, server], [server, client]]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    server.pipe(client);
    client.on("data", (bytes) => {
      server.write(bytes);
      client.pause();
      setTimeout(() => client.resume(), (1000 * bytes.length) / SPEED);
      this.up += bytes.length;
      if (this.breaks === BREAKS || this.up < (this.breaks + 1) * this.#each) return;
      this.breaks += 1;
      for (const socket of this.#sockets) socket.destroy();
      this.#told(this.breaks);
    });
  }
}
