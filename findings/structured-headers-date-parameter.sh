#!/usr/bin/env bash
# structured-headers for JavaScript: a date as the value of a parameter (RFC 9651, section 3.3.7) is taken when it is
# the last parameter, and refused when another one follows it. Expected: both are taken. Needs npm.
set -euo pipefail
VERSION=2.1.0
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund "structured-headers@$VERSION" > /dev/null
cat > try.mjs <<'JS'
import { parseItem } from "structured-headers";
const parse = (text) => {
  try {
    return parseItem(text) && "taken";
  } catch ({ message }) {
    return `refused (${message})`;
  }
};
for (const text of ['"abc";y=@1659578233', '"abc";y=@1659578233;z=1', '"abc";y=1659578233;z=1']) {
  console.log(`${text}  ${parse(text)}`);
}
JS
SEEN=$(node try.mjs)
echo "structured-headers $VERSION; expected: all three are taken"
echo "$SEEN"
grep -q '^"abc";y=@1659578233;z=1  refused' <<< "$SEEN"
grep -q '^"abc";y=@1659578233  taken' <<< "$SEEN"
