#!/usr/bin/env bash
# workerd, SQLite in a Durable Object: rowsWritten, which is what is billed, counts a row for an index entry that an UPDATE
# adds and none for one that it removes. So a row that leaves a partial index costs one row written, and one that enters it
# two, although both change the same two trees.
set -euo pipefail
VERSION=1.20261023.1
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent "workerd@$VERSION"

cat > worker.js <<'JS'
import { DurableObject } from "cloudflare:workers";
export class Rows extends DurableObject {
  count() {
    const { sql } = this.ctx.storage;
    sql.exec("CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT, due INTEGER)");
    sql.exec("CREATE INDEX open_jobs ON jobs (due) WHERE state = 'open'");
    const written = (statement) => sql.exec(statement).rowsWritten;
    return {
      insert_outside: written("INSERT INTO jobs VALUES (1, 'done', 5)"),
      insert_inside: written("INSERT INTO jobs VALUES (2, 'open', 5)"),
      enter: written("UPDATE jobs SET state = 'open' WHERE id = 1"),
      leave: written("UPDATE jobs SET state = 'done' WHERE id = 1"),
    };
  }
}
export default {
  fetch: async (_, env) => Response.json(await env.ROWS.getByName("one").count()),
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
  durableObjectNamespaces = [(className = "Rows", uniqueKey = "rows", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "ROWS", durableObjectNamespace = "Rows")],
);
CAPNP
mkdir state
port=$((20000 + RANDOM % 20000))
node_modules/.bin/workerd serve config.capnp -s "http=127.0.0.1:$port" >log 2>&1 &

seen=""
for _ in $(seq 100); do
  seen=$(curl -s "http://127.0.0.1:$port/" || true)
  [ -n "$seen" ] && break
  sleep 0.1
done
echo "workerd $VERSION"
echo "expected: entering and leaving the index write the same number of rows"
echo "seen:     $seen"
[ "$seen" = '{"insert_outside":1,"insert_inside":2,"enter":2,"leave":1}' ]
