#!/usr/bin/env bash
# @platformatic/kafka's default partitioner hashes a key with murmur2, as Kafka's own clients do, and then takes the hash
# as an unsigned number where they drop its sign bit. Expected: a key gets the same partition as from kafkajs (or Java).
# Seen with 2.12.1: so it does on a topic of 8 partitions, or any power of two. On one of 12, keys whose hash has that bit
# get another one, so beside another producer a key is in two partitions and has lost its order. Its
# `compatibilityPartitioner` agrees.
set -euo pipefail
VERSION=2.12.1
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund "@platformatic/kafka@$VERSION" kafkajs@2.2.4 > /dev/null
cat > try.mjs <<'JS'
import { compatibilityPartitioner, defaultPartitioner } from "@platformatic/kafka";
import kafkajs from "kafkajs";
const keys = Array.from({ length: 100 }, (_, n) => `order-${n}`);
const kafkajsPartition = (key, count) => {
  const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({ partitionId, leader: 1 }));
  return kafkajs.Partitioners.DefaultPartitioner()({ topic: "t", partitionMetadata, message: { key } });
};
for (const [name, partitioner] of Object.entries({ defaultPartitioner, compatibilityPartitioner })) {
  for (const count of [8, 12]) {
    // The producer takes the partitioner's number modulo the number of partitions.
    const same = (key) => partitioner({ key }, Buffer.from(key)) % count === kafkajsPartition(key, count);
    console.log(`${name}, ${count} partitions: ${keys.filter(same).length} of ${keys.length} keys as kafkajs`);
  }
}
JS
SEEN=$(node try.mjs)
echo "@platformatic/kafka $VERSION, kafkajs 2.2.4; expected: 100 of 100 in each line"
echo "$SEEN"
[ "$(grep -c ': 100 of 100' <<< "$SEEN")" = 3 ]
grep -qE '^defaultPartitioner, 12 partitions: [0-9]{1,2} of' <<< "$SEEN"
