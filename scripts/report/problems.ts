/**
 * What failed, what was found and what could not be looked at, picked out of a
 * report; the same of several variants is told once. @module
 */
import { formatBytes, formatLimit, formatShare } from "../lib/format.ts";
import { type Inline, listed, named, type Remark, strong } from "./document.ts";
import { CHECK_LISTS, type CheckKind, kindTitle } from "./check_kinds.ts";
import type {
  Check,
  Growth,
  Report,
  Variant,
  Verdict,
} from "./report_schema.ts";
import { SECRETS_NEXT, secretText } from "./surface_table.ts";

export interface VariantCheck extends Check {
  variant: string;
  kind: CheckKind;
}

export function checksOf(variant: Variant): VariantCheck[] {
  return CHECK_LISTS.flatMap((list) =>
    (variant[list] ?? []).map((check) => ({
      ...check,
      variant: variant.name,
      kind: check.kind ?? list,
    }))
  );
}

export function checksWith(
  status: Check["status"],
  report: Report,
): VariantCheck[] {
  return report.variants.flatMap(checksOf)
    .filter((check) => check.status === status);
}

/** Builds, checks and limits that failed, the same of several variants once. */
export function problems(report: Report): Remark[] {
  const { failures, budgets } = report;
  const told = (
    same: string[],
    what: Inline,
    output?: string,
    next?: string,
  ): Remark => {
    const text = [strong(listed(same.map(named))), what];
    return { word: "FAIL", text, output, next };
  };
  const builds = alike(failures, ({ dockerfile, message, output, next }) => {
    // A message names its Dockerfile, and the output begins with its step.
    const [step, ...rest] = output?.split("\n") ?? [];
    const file = dockerfile.split("/").at(-1) ?? "";
    return [
      message.replaceAll(dockerfile, "").replaceAll(file, ""),
      rest.length > 0 ? rest : step,
      next,
    ];
  }).map((same) => {
    const [{ message, output = "", next }] = same;
    const names = same.map(({ name }) => name);
    return told(names, " could not be built", `${message}\n${output}`, next);
  });
  const checks = alike(
    checksWith("fail", report),
    // Ports and times differ from start to start.
    ({ kind, name, detail }) => [kind, name, detail?.replace(/\d+/g, "0")],
  ).map((same) => {
    const [{ kind, name, detail }] = same;
    const names = same.map(({ variant }) => variant);
    return told(names, [`, ${kindTitle(kind)}: `, named(name)], detail);
  });
  const limits = budgets.filter(({ status }) => status === "fail")
    .map((verdict) => {
      const { variant, rule, detail } = verdict;
      const { actual, limit } = verdictFigures(verdict);
      const broken = ` is ${actual}, the limit is ${limit}`;
      return told([variant], [", budget: ", named(rule), broken], detail);
    });
  return [...builds, ...checks, ...limits];
}

/**
 * What has no place in an image, what was not measured or not looked at and why:
 * once for all variants that it holds for, without their names if it is all.
 */
export function notes(report: Report): Remark[] {
  const { variants } = report;
  const told = (word: Remark["word"], names: string[], text: Inline) => {
    const all = variants.length > 0 &&
      variants.every(({ name }) => names.includes(name));
    const where = [listed([...new Set(names)].map(named)), ": "];
    return { word, text: [!all && where, text] };
  };
  const each = (word: Remark["word"], pick: (variant: Variant) => string[]) =>
    alike(
      variants.flatMap((variant) =>
        pick(variant).map((text) => ({ variant: variant.name, text }))
      ),
      ({ text }) => text,
    ).map((same) => {
      const names = same.map(({ variant }) => variant);
      return told(word, names, [named(same[0].text)]);
    });
  const unbuilt = alike(report.skipped ?? [], ({ reason }) => reason)
    .map((same) => {
      const names = same.map(({ name }) => name);
      return told("SKIP", names, ["build: ", named(same[0].reason)]);
    });
  const checks = alike(
    checksWith("skip", report),
    ({ name, detail }) => [name, detail],
  ).map((same) => ({ ...same[0], names: same.map(({ variant }) => variant) }));
  const skipped = alike(checks, ({ detail, names }) => [detail, names])
    .map((same) => {
      const [{ detail = "not looked at", names }] = same;
      const which = listed(same.map(({ name }) => named(name)));
      return told("SKIP", names, [which, ": ", named(detail)]);
    });
  const found = each(
    "FOUND",
    ({ secrets = [], surface: { broken = [] } }) => [
      ...secrets.map(secretText),
      ...broken,
    ],
  );
  const next: Remark[] = variants.some(({ secrets = [] }) => secrets.length > 0)
    ? [{ word: "next", text: SECRETS_NEXT }]
    : [];
  const unmeasured = each("NOTE", ({ notes = [] }) => notes);
  return [...found, ...next, ...unmeasured, ...unbuilt, ...skipped];
}

/** Items by what makes them alike, in the order of their first. */
export function alike<T>(items: T[], key: (item: T) => unknown): T[][] {
  return [...Map.groupBy(items, (item) => JSON.stringify(key(item))).values()];
}

/** Whether nothing in the report failed: what the exit code says. */
export function holds(report: Report): boolean {
  return report.failures.length + checksWith("fail", report).length === 0 &&
    report.budgets.every(({ status }) => status !== "fail");
}

/** The actual value and the limit of a verdict; a dash when it was skipped. */
export function verdictFigures(
  { actual, limit, unit }: Verdict,
): { actual: string; limit: string } {
  return {
    actual: actual === undefined ? "–" : formatLimit(actual, unit),
    limit: formatLimit(limit, unit),
  };
}

/** A change as people read it: `94.1 MB → 95.4 MB (+1.3 MB, +1.4 %)`. */
export function changeText(
  { before, after }: Pick<Growth["size"], "before" | "after">,
): string {
  if (before === undefined || after === undefined) {
    const bytes = before ?? after ?? 0;
    const [word, size] = before === undefined
      ? ["new", `, ${formatBytes(bytes)}`]
      : ["gone", `, was ${formatBytes(bytes)}`];
    // System packages have no bytes of their own here; that they came is enough.
    return bytes === 0 ? word : word + size;
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
