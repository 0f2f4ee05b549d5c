// Whether memory has stopped growing.

/** Memory in MB after a number of payments. */
export type Point = { payments: number; mb: number };

/** A leak of 1 kB a payment is 98 MB for 100,000; an allocator's own ups and downs stay below this. */
const FLAT_SHARE_PER_100K = 0.05;

/** The slope of a straight line through the points (least squares), in MB for 100,000 payments. */
export function growthPer100k(points: Point[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(points.map(({ payments }) => payments));
  const y = mean(points.map(({ mb }) => mb));
  const spread = mean(points.map(({ payments }) => (payments - x) ** 2));
  const common = mean(points.map(({ payments, mb }) => (payments - x) * (mb - y)));
  return (common / spread) * 100_000;
}

/** Whether the line rises by less than a twentieth of the first figure for 100,000 payments. */
export function isFlat(points: Point[]): boolean {
  const [first] = points;
  return first !== undefined && growthPer100k(points) < first.mb * FLAT_SHARE_PER_100K;
}
