#!/usr/bin/env bash
# dinero.js' own currency objects and two currencies, MGA and MRU, of which five coins are one unit and for which ISO 4217
# has two decimals, as for others that are divided into hundredths.
# Expected: an amount in ISO 4217's minor units becomes the same money as with every other currency.
# Seen with 2.0.2: the minor unit is a fifth, so 1000 of them are 200 ariary and not 10, and toDecimal(), which works with
# all other currencies of the package, throws. `{ code: "MGA", base: 10, exponent: 2 }` is read as ISO 4217 has it.
set -euo pipefail
VERSION=2.0.2
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund "dinero.js@$VERSION" > /dev/null
cat > try.mjs <<'JS'
import * as D from "dinero.js";
const decimal = (money) => {
  try {
    return D.toDecimal(money);
  } catch ({ name }) {
    return `throws ${name}`;
  }
};
for (const code of ["USD", "JPY", "MGA", "MRU"]) {
  const money = D.dinero({ amount: 1000, currency: D[code] });
  console.log(`1000 minor units of ${code}: ${D.toUnits(money)[0]} units; toDecimal ${decimal(money)}`);
}
const iso = D.dinero({ amount: 1000, currency: { code: "MGA", base: 10, exponent: 2 } });
console.log(`1000 minor units of MGA by ISO 4217: ${D.toUnits(iso)[0]} units; toDecimal ${decimal(iso)}`);
const fifths = Object.values(D).filter(({ base }) => base !== undefined && base !== 10);
console.log("not decimal:", ...fifths.map(({ code }) => code));
JS
SEEN=$(node try.mjs)
echo "dinero.js $VERSION; expected: 10 units of MGA and of MRU"
echo "$SEEN"
grep -qx '1000 minor units of MGA: 200 units; toDecimal throws Error' <<< "$SEEN"
grep -qx '1000 minor units of MGA by ISO 4217: 10 units; toDecimal 10.00' <<< "$SEEN"
grep -qx 'not decimal: MGA MRU' <<< "$SEEN"
