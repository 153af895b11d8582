/**
 * Growth against an earlier report: a share with an absolute floor, so that a
 * small image is not nagged about a few bytes.
 *
 * @module
 */
import { formatBytes, formatDuration } from "../lib/format.ts";
import type { Report, Variant, Verdict } from "../report/report_schema.ts";
import {
  bytesOf,
  fractionOf,
  millisecondsOf,
  type Rules,
} from "./budget_schema.ts";

type Growth = NonNullable<Rules["growth"]>;
type Figure = Exclude<keyof Growth, "floor" | "startFloor">;

const FIGURES: Record<Figure, (variant: Variant) => number | undefined> = {
  size: (v) => v.sizeBytes,
  pull: (v) => v.pullBytes?.gzip,
  nextDeploy: (v) => v.nextDeployBytes,
  memory: (v) => v.memoryBytes?.idle,
  start: (v) => v.startMs?.median,
};

/**
 * Holds one variant's growth to its rules.
 *
 * @param variant The variant as it is now.
 * @param growth Its rules; none give no verdicts.
 * @param baseline The earlier report; without it, rules are skipped.
 */
export function holdGrowth(
  variant: Variant,
  growth: Growth | undefined,
  baseline: Report | undefined,
): Verdict[] {
  if (growth === undefined) return [];
  const before = baseline?.variants.find((earlier) =>
    earlier.name === variant.name
  );
  return (Object.keys(FIGURES) as Figure[]).flatMap((figure): Verdict[] => {
    const share = growth[figure];
    if (share === undefined) return [];
    const rule = `growth.${figure}`;
    const isStart = figure === "start";
    const floor = isStart
      ? millisecondsOf(growth.startFloor)
      : bytesOf(growth.floor);
    const asked = {
      variant: variant.name,
      rule,
      unit: isStart ? "milliseconds" : "bytes",
    } as const;
    const skip = (detail: string): Verdict[] => [
      { ...asked, status: "skip", limit: floor, detail },
    ];
    if (baseline === undefined) {
      return skip("no report was given with --baseline");
    }
    if (before === undefined) return skip("the baseline has no such variant");
    const old = FIGURES[figure](before);
    const now = FIGURES[figure](variant);
    if (old === undefined || now === undefined) {
      return skip("not measured in both runs");
    }
    const actual = now - old;
    const limit = Math.max(floor, old * fractionOf(share));
    const show = isStart ? formatDuration : formatBytes;
    const detail = `${show(old)} before, ${show(now)} now, ${share} allowed`;
    return [{
      ...asked,
      status: actual <= limit ? "pass" : "fail",
      actual,
      limit,
      detail,
    }];
  });
}
