#!/usr/bin/env bash
# parse-prometheus-text-format and a histogram with a label, one set of series for each shard or route as usual.
# Expected: a metric for each label set, with its buckets, sum and count, as for a counter with labels.
# Seen with 1.1.1: one metric without labels, which has the buckets of the last label set and neither sum nor count.
# Without a label all is there, so a first try looks right. A summary is treated alike.
set -euo pipefail
VERSION=1.1.1
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund "parse-prometheus-text-format@$VERSION" > /dev/null
cat > try.cjs <<'JS'
const parse = require("parse-prometheus-text-format");
const series = (label, n) => `d_bucket{${label}le="1"} ${n}
d_bucket{${label}le="+Inf"} ${n}
d_sum{${label}} ${n}
d_count{${label}} ${n}
`;
const read = (text) => JSON.stringify(parse(`# TYPE d histogram\n${text}`)[0].metrics);
console.log("no label:  ", read(series("", 1)));
console.log("two shards:", read(series('shard="0",', 1) + series('shard="1",', 2)));
console.log("a counter: ", JSON.stringify(parse('# TYPE c counter\nc{shard="0"} 1\nc{shard="1"} 2\n')[0].metrics));
JS
SEEN=$(node try.cjs)
echo "parse-prometheus-text-format $VERSION; expected: two metrics for two shards, with labels, count and sum"
echo "$SEEN"
grep -qF 'no label:   [{"buckets":{"1":"1","+Inf":"1"},"count":"1","sum":"1"}]' <<< "$SEEN"
grep -qF 'two shards: [{"buckets":{"1":"2","+Inf":"2"}}]' <<< "$SEEN"
