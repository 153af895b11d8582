/**
 * What failed and what could not be looked at, picked out of a report: the
 * renderers differ in looks, not in what they tell.
 *
 * @module
 */
import { formatBytes, formatLimit, formatShare } from "../lib/format.ts";
import type { Check, Growth, Report, Verdict } from "./report_schema.ts";

/** The lists of checks that a variant can have, in the order they are told. */
export const CHECKS = ["contract", "hardening", "reproducible"] as const;

/** One of {@linkcode CHECKS}. */
export type CheckKind = typeof CHECKS[number];

/** Whether something is named as a list of checks is. */
export function isCheckKind(id: string): id is CheckKind {
  return CHECKS.some((kind) => kind === id);
}

/** A check of one variant. */
export interface VariantCheck extends Check {
  variant: string;
  kind: CheckKind;
}

/** A reason why something was not looked at, and where it holds. */
export interface Skipped {
  /** Names of checks that were skipped for this reason; `build` for an image. */
  names: string[];
  reason: string;
  /** None when it holds for all of several variants. */
  variants: string[];
}

/** All checks with a status, by variant. */
export function checksWith(
  status: Check["status"],
  report: Report,
): VariantCheck[] {
  return report.variants.flatMap((variant) =>
    CHECKS.flatMap((kind) =>
      (variant[kind] ?? [])
        .filter((check) => check.status === status)
        .map((check) => ({ ...check, kind, variant: variant.name }))
    )
  );
}

/**
 * What was skipped, variants that were not built first: the same reason for the
 * same variants is told once.
 */
export function skipped(report: Report): Skipped[] {
  const byCheck = new Map<string, VariantCheck[]>();
  for (const check of checksWith("skip", report)) {
    const key = JSON.stringify([check.name, check.detail]);
    byCheck.set(key, [...byCheck.get(key) ?? [], check]);
  }
  const byReason = new Map<string, Skipped>();
  for (const checks of byCheck.values()) {
    const [{ name, detail }] = checks;
    const variants = checks.map(({ variant }) => variant);
    const key = JSON.stringify([detail, variants]);
    const known = byReason.get(key);
    if (known !== undefined) known.names.push(name);
    else {
      byReason.set(key, {
        names: [name],
        reason: detail ?? "not looked at",
        variants,
      });
    }
  }
  const every = report.variants.length;
  const checks = [...byReason.values()].map((found) => ({
    ...found,
    variants: every > 1 && found.variants.length === every
      ? []
      : found.variants,
  }));
  return [...unbuilt(report), ...checks];
}

function unbuilt({ skipped = [] }: Report): Skipped[] {
  const reasons = new Set(skipped.map(({ reason }) => reason));
  return [...reasons].map((reason) => ({
    names: ["build"],
    reason,
    variants: skipped.filter((left) => left.reason === reason)
      .map(({ name }) => name),
  }));
}

/** Everything that makes the run a failure, counted. */
export function failureCounts(report: Report) {
  const failed = (wanted: CheckKind) =>
    checksWith("fail", report).filter(({ kind }) => kind === wanted).length;
  return {
    builds: report.failures.length,
    contract: failed("contract"),
    hardening: failed("hardening"),
    budget: report.budgets.filter(({ status }) => status === "fail").length,
  };
}

/** The actual value and the limit of a verdict; a dash when it was skipped. */
export function verdictFigures(
  verdict: Verdict,
): { actual: string; limit: string } {
  return {
    actual: verdict.actual === undefined
      ? "–"
      : formatLimit(verdict.actual, verdict.unit),
    limit: formatLimit(verdict.limit, verdict.unit),
  };
}

/** A change as people read it: `94.1 MB → 95.4 MB (+1.3 MB, +1.4 %)`. */
export function changeText(
  { before, after }: Pick<Growth["size"], "before" | "after">,
): string {
  // Debian packages have no bytes of their own here; that they came is enough.
  if (before === undefined) {
    if (after === undefined) return "–";
    return after === 0 ? "new" : `new, ${formatBytes(after)}`;
  }
  if (after === undefined) {
    return before === 0 ? "gone" : `gone, was ${formatBytes(before)}`;
  }
  if (before === after) return `${formatBytes(after)}, unchanged`;
  const difference = after - before;
  const sign = difference > 0 ? "+" : "−";
  const share = before === 0
    ? ""
    : `, ${sign}${formatShare(Math.abs(difference), before)}`;
  return `${formatBytes(before)} → ${formatBytes(after)} (${sign}${
    formatBytes(Math.abs(difference))
  }${share})`;
}
