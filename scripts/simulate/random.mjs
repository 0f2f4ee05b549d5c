// Chance that can be had again: a generator is named by texts, and the same names give the same
// numbers on every machine. Pure.
import { createHash } from "node:crypto";

const TWO_TO_32 = 2 ** 32;

/** Small fast counting generator, sfc32 of PractRand, started with 128 bits of a SHA-256. */
function sfc32(seed) {
  let [a, b, c, count] = [0, 4, 8, 12].map((at) => seed.readUInt32LE(at));
  return () => {
    const sum = (((a + b) | 0) + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / TWO_TO_32;
  };
}

/**
 * The chances of whoever `names` name. `unit()` is from 0 to below 1, `whole(least, most)` includes
 * both, `chance(share)` is true so often, `pick(list)` gives one of a list, and `weighted(weights)`
 * one of the names of `{ name: weight }`.
 */
export function randomOf(...names) {
  const unit = sfc32(createHash("sha256").update(JSON.stringify(names)).digest());
  const whole = (least, most) => least + Math.floor(unit() * (most - least + 1));
  const weighted = (weights) => {
    const entries = Object.entries(weights);
    let left = unit() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    return entries[0][0];
  };
  return {
    unit,
    whole,
    weighted,
    chance: (share) => unit() < share,
    pick: (list) => list[whole(0, list.length - 1)],
  };
}
