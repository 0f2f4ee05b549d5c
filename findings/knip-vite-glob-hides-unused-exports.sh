#!/usr/bin/env bash
# One `import.meta.glob` in a test makes knip report no unused export of the files that the pattern matches.
# Expected: a glob whose result is only used for its file names uses the files, not their exports.
# Seen with knip 6.44.2: with its vite plugin on, an export that nothing imports is not reported; with it off, it is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir src test
echo '{"name":"x","version":"1.0.0","private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund --save-dev knip@6.44.2 vite@7.2.4
echo 'export const used = 1; export const unused = 2;' > src/a.ts
echo 'import { used } from "./a"; console.log(used);' > src/index.ts
echo 'console.log(Object.keys(import.meta.glob("../src/*.ts")));' > test/names.ts
reported() {
  echo "{\"entry\":[\"src/index.ts\",\"test/names.ts\"],\"project\":[\"src/**\",\"test/**\"],\"vite\":$1}" > knip.json
  npx knip --include exports 2>&1 | grep -c '^unused' || true
}
on=$(reported true)
off=$(reported false)
echo "knip 6.44.2: unused exports reported with the vite plugin on: $on, off: $off"
if [ "$on" = 0 ] && [ "$off" = 1 ]; then echo "the surprise is still there"; else echo "changed"; exit 1; fi
