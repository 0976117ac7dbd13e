// The demo: its accounts, and a server that serves it.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MANIFEST = fileURLToPath(new URL("../../Cargo.toml", import.meta.url));
const NAMES = ["broker", "owner", "receiver", "charterer", "seller", "buyer", "admin"];

export const DEMO_ACCOUNTS = Object.fromEntries(
  NAMES.map((name) => [name, { email: `${name}@demo.example`, password: "demo-clearance" }]),
);

// Serves a new demo from a folder that is removed when it is stopped; with a binary, or with what cargo builds.
export async function serveDemo(binary) {
  const folder = await mkdtemp(join(tmpdir(), "sts-demo-"));
  const [program, first] = binary ? [binary, []] : ["cargo", ["run", "--quiet", "--manifest-path", MANIFEST, "--"]];
  const server = spawn(program, [...first, "serve", "--demo", "--listen", "127.0.0.1:0"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, STS_LOG_FILTER: "warn" },
  });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const stop = async () => {
    server.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true });
  };
  for await (const line of createInterface(server.stdout)) {
    const base = /^STS Clearance listens on (\S+)/.exec(line)?.[1];
    if (base) {
      // Somebody has to read on: a full pipe would stop the server at its next line.
      server.stdout.resume();
      return { base, stop };
    }
  }
  await stop();
  throw new Error("the server ended before it listened");
}
