#!/usr/bin/env bash
# hyparquet-writer: a number in a DECIMAL column that has more decimals than the column is rounded without an error, by its
# binary value: with scale 2, 8.175 becomes 8.18 and 1.005 becomes 1. An amount that was computed with a decimal too many
# is another amount in the file. Unscaled bigints are written as they are.
set -euo pipefail
WRITER=0.17.0
READER=1.33.0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent "hyparquet-writer@$WRITER" "hyparquet@$READER"

cat > look.mjs <<'JS'
import { parquetReadObjects } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
const logical_type = { type: "DECIMAL", precision: 18, scale: 2 };
const column = { name: "amount", repetition_type: "REQUIRED", type: "INT64", converted_type: "DECIMAL", logical_type };
const schema = [{ name: "root", num_children: 1 }, { ...column, precision: 18, scale: 2 }];
const seen = [];
for (const data of [[8.175, 1.005], [817n, 100n]]) {
  const file = parquetWriteBuffer({ columnData: [{ name: "amount", data }], schema });
  seen.push((await parquetReadObjects({ file })).map(({ amount }) => amount));
}
console.log(JSON.stringify(seen));
JS
seen=$(node look.mjs)
echo "hyparquet-writer $WRITER, read by hyparquet $READER"
echo "expected: an error for 8.175 and 1.005 in a column of two decimals"
echo "seen:     $seen"
[ "$seen" = '[[8.18,1],[8.17,1]]' ]
