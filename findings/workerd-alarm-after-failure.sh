#!/usr/bin/env bash
# workerd: after an alarm handler has failed, setting another alarm does not bring the next call forward, although
# getAlarm() then says the new time. It does once the alarm was deleted, and that was stored, before.
set -euo pipefail
VERSION=1.20261023.1
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent "workerd@$VERSION"

cat > worker.js <<'JS'
import { DurableObject } from "cloudflare:workers";
export class Clock extends DurableObject {
  isFailing = true;
  failures = 0;
  rangAt = null;
  async alarm() {
    if (this.isFailing) {
      this.failures += 1;
      throw new Error("on purpose");
    }
    this.rangAt ??= Date.now();
  }
  async begin() { await this.ctx.storage.setAlarm(Date.now() + 100); }
  async set() {
    this.isFailing = false;
    const now = Date.now();
    await this.ctx.storage.setAlarm(now + 1000);
    return { now, getAlarmInMs: (await this.ctx.storage.getAlarm()) - now };
  }
  async renew() {
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.sync();
    return this.set();
  }
  async look() { return { failures: this.failures, rangAt: this.rangAt }; }
}
export default {
  async fetch(request, env) {
    const [, name, method] = new URL(request.url).pathname.split("/");
    return Response.json((await env.CLOCK.getByName(name)[method]()) ?? null);
  },
};
JS
cat > config.capnp <<'CAPNP'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "disk", disk = (path = "state", writable = true))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-10-01",
  durableObjectNamespaces = [(className = "Clock", uniqueKey = "clock", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "CLOCK", durableObjectNamespace = "Clock")],
);
CAPNP
mkdir state
port=$((20000 + RANDOM % 20000))
node_modules/.bin/workerd serve config.capnp -s "http=127.0.0.1:$port" >log 2>&1 &

cat > look.mjs <<'JS'
const ask = async (name, method) =>
  (await fetch(`http://127.0.0.1:${process.argv[2]}/${name}/${method}`)).json();
const until = async (is) => {
  for (let turn = 0; turn < 1200; turn++) {
    const found = await is().catch(() => undefined);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("it never happened");
};
await until(async () => (await ask("probe", "look")) !== null);
const names = { set: "setAlarm(in 1 s)", renew: "deleteAlarm, sync, setAlarm(in 1 s)" };
const waited = await Promise.all(Object.keys(names).map(async (method) => {
  await ask(method, "begin");
  await until(async () => (await ask(method, "look")).failures >= 3);
  const { now, getAlarmInMs } = await ask(method, method);
  const { rangAt } = await until(async () => {
    const seen = await ask(method, "look");
    return seen.rangAt !== null && seen;
  });
  console.log(`${names[method]}: getAlarm says in ${getAlarmInMs} ms, it rang after ${rangAt - now} ms`);
  return rangAt - now;
}));
const [set, renewed] = waited;
process.exit(set > 4000 && renewed < 4000 ? 0 : 1);
JS
echo "workerd $VERSION"
echo "Expected: after three failures an alarm that is set to a second from now rings a second later."
echo "Seen:"
node look.mjs "$port"
