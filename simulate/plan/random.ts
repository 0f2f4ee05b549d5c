// Chance that can be had again: a generator is named by texts, and the same names give the same
// numbers on every machine. Pure.
import { createHash } from "node:crypto";

const TWO_TO_32 = 2 ** 32;

export type Random = {
  /** From 0 to below 1. */
  unit(): number;
  /** Includes both. */
  whole(least: number, most: number): number;
  /** Is true so often. */
  chance(share: number): boolean;
  pick<Value>(list: readonly Value[]): Value;
  /** One of the names, by their weights. */
  weighted<Name extends string>(weights: Record<Name, number>): Name;
};

/** Small fast counting generator, sfc32 of PractRand, started with 128 bits of a SHA-256. */
function sfc32(seed: Buffer): () => number {
  let a = seed.readUInt32LE(0);
  let b = seed.readUInt32LE(4);
  let c = seed.readUInt32LE(8);
  let count = seed.readUInt32LE(12);
  return () => {
    const sum = (((a + b) | 0) + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / TWO_TO_32;
  };
}

/** A random generator seeded by `names`: the same names give the same sequence. */
export function randomOf(...names: (string | number)[]): Random {
  const unit = sfc32(createHash("sha256").update(JSON.stringify(names)).digest());
  const whole = (least: number, most: number) => least + Math.floor(unit() * (most - least + 1));
  const weighted = <Name extends string>(weights: Record<Name, number>): Name => {
    const names = Object.keys(weights) as Name[]; // A literal has no other keys.
    let left = unit() * names.reduce((sum, name) => sum + weights[name], 0);
    const found = names.find((name) => {
      left -= weights[name];
      return left < 0;
    });
    return found ?? first(names);
  };
  const pick = <Value>(list: readonly Value[]) => first(list.slice(whole(0, list.length - 1)));
  return {
    unit,
    whole,
    weighted,
    chance: (share) => unit() < share,
    pick,
  };
}

function first<Value>(list: readonly Value[]): Value {
  const [value] = list;
  if (value === undefined) throw new Error("there is nothing to choose from");
  return value;
}
