#!/usr/bin/env bash
# An iterator of a Map that is kept without being advanced makes a Map of two entries grow for ever.
# Expected: what a Map of two entries holds is bounded, however often an entry is deleted and set again (the usual way to
# keep a Map in the order of use), and an iterator is a position in it.
# Seen with Node 22.23.2 (V8 12.4), and in workerd 2026-11-17: each time the Map replaces its table, the old one points to
# the new one, and the iterator keeps the table of the time when it was advanced last, and through it every later one: some
# 50 bytes for each use, for as long as the process runs. One call of next() frees them all.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"name":"x","version":"1.0.0","private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund node@22.23.2
cat > run.mjs <<'JS'
const USES = 1_000_000;
function heapMb() {
  globalThis.gc();
  return process.memoryUsage().heapUsed / 1e6;
}
function use(map) {
  for (let count = 0; count < USES; count++) {
    const key = count % 2 === 0 ? "a" : "b";
    const value = map.get(key);
    map.delete(key);
    map.set(key, value);
  }
}
function grown(keepsIterator) {
  const map = new Map([["a", 1], ["b", 2]]);
  const iterator = keepsIterator ? map.keys() : undefined;
  const before = heapMb();
  use(map);
  const after = heapMb() - before;
  iterator?.next();
  const advanced = heapMb() - before;
  return { size: map.size, after, advanced };
}
console.log(`Node ${process.version}, V8 ${process.versions.v8}`);
const without = grown(false);
const kept = grown(true);
console.log(`without an iterator: ${without.size} entries, ${without.after.toFixed(1)} MB more after ${USES} uses`);
console.log(`with one that is kept: ${kept.size} entries, ${kept.after.toFixed(1)} MB more, ${kept.advanced.toFixed(1)} once it is advanced`);
const isThere = without.after < 2 && kept.after > 20 && kept.advanced < 2;
console.log(isThere ? "the surprise is still there" : "changed");
process.exit(isThere ? 0 : 1);
JS
node_modules/.bin/node --expose-gc run.mjs
