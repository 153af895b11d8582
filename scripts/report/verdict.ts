/**
 * How a run ends: what failed first, or that all holds, and where the images are.
 *
 * @module
 */
import { CHECK_LISTS } from "./check_kinds.ts";
import {
  checksOf,
  checksWith,
  failureCounts,
  holds,
  verdictFigures,
} from "./problems.ts";
import type { Report } from "./report_schema.ts";
import { secretText } from "./shared_rows.ts";

/** The verdict of a run. */
export interface RunVerdict {
  holds: boolean;
  /** One line, such as `FAILED: 1 of 24 limits: scratch size 95.6 MB > 90 MB`. */
  text: string;
}

/** The verdict: builds come before checks, checks before limits. */
export function verdict(report: Report): RunVerdict | undefined {
  const { variants, failures, budgets } = report;
  const checks = [
    ...checksWith("pass", report),
    ...checksWith("fail", report),
  ].length;
  const secrets = variants.flatMap(({ secrets = [] }) => secrets);
  const found = secrets.length === 0
    ? ""
    : `; FOUND: ${secretText(secrets[0])}${
      secrets.length > 1 ? ` and ${secrets.length - 1} more` : ""
    }`;
  const limits = budgets.filter(({ status }) => status !== "skip").length;
  if (holds(report)) {
    const made = [
      plural(variants.length, "variant"),
      plural(checks, "check"),
      plural(limits, "limit"),
    ].filter((part) => part !== "");
    return checks + limits === 0 && found === ""
      ? undefined
      : { holds: true, text: `PASSED: ${made.join(", ")}${found}` };
  }
  const counts = failureCounts(report);
  const failed = CHECK_LISTS.reduce((sum, list) => sum + counts[list], 0);
  const parts: string[] = [];
  if (failures.length > 0) {
    const all = plural(failures.length + variants.length, "build");
    const [{ name, message }] = failures;
    parts.push(`${failures.length} of ${all}: ${name}: ${oneLine(message)}`);
  }
  const [check] = checksWith("fail", report);
  if (check !== undefined) {
    const detail = check.detail ? `: ${oneLine(check.detail)}` : "";
    parts.push(
      `${failed} of ${
        plural(checks, "check")
      }: ${check.variant}: ${check.name}${detail}`,
    );
  }
  // That a check failed breaks the limit on the contract as well: told once.
  const exceeded = budgets.filter(({ status, rule }) =>
    status === "fail" && (check === undefined || rule !== "contract")
  );
  const [broken] = exceeded;
  if (broken !== undefined) {
    const { actual, limit } = verdictFigures(broken);
    const figures = broken.detail ??
      (typeof broken.limit === "number"
        ? `${actual} > ${limit}`
        : `${actual}, not ${limit}`);
    parts.push(
      `${exceeded.length} of ${
        plural(limits, "limit")
      }: ${broken.variant} ${broken.rule} ${figures}`,
    );
  }
  return {
    holds: false,
    text: `FAILED: ${parts.join("; ")}${
      broken?.rule === "noSecrets" ? "" : found
    }`,
  };
}

/** What the service is called: the name of its images without place and tag. */
export function serviceOf({ variants }: Report): string | undefined {
  const built = variants.find(({ dockerfile }) => dockerfile !== undefined);
  return /([^/:]+)(?::[^/]*)?$/.exec(built?.image.reference ?? "")?.[1];
}

/** The images of a run, and what to do with one of them. */
export interface Images {
  names: string[];
  /** Command that runs one without failure or secret, by the engine that has it. */
  run?: string;
  /** Command that pushes it. */
  push?: string;
}

/**
 * Where the images are that a run has built.
 *
 * @returns `undefined` when no engine has built any.
 */
export function images(
  { engine, variants, surroundings: { env = {}, writable = [] } = {} }: Report,
): Images | undefined {
  const built = variants.filter(({ dockerfile }) => dockerfile !== undefined);
  if (engine === undefined || built.length === 0) return undefined;
  const names = built.map(({ image }) => image.reference);
  const good = built.filter((variant) =>
    (variant.secrets ?? []).length === 0 &&
    checksOf(variant).every(({ status }) => status !== "fail")
  );
  if (good.length === 0) return { names };
  // The one whose next deploy sends the least.
  const { image: { reference }, config } = good.reduce((least, variant) =>
    (variant.nextDeployBytes ?? variant.sizeBytes) <
        (least.nextDeployBytes ?? least.sizeBytes)
      ? variant
      : least
  );
  const port = config.exposedPorts[0]?.replace(/\/tcp$/, "") ?? "8080";
  const away = `registry.example/${reference.replace(/^localhost\//, "")}`;
  const given = Object.entries(env)
    .map(([name, value]) => `-e ${quoted(`${name}=${value}`)} `);
  if (engine.name === "buildah") {
    // A mount would be root's; what an image writes to is its own there.
    const command = [...config.entrypoint, ...config.cmd].join(" ");
    return {
      names,
      run: `c=$(buildah from ${reference}); buildah run ${
        given.join("")
      }$c ${command}; buildah rm $c`,
      push: `buildah push ${reference} docker://${away}`,
    };
  }
  // A new volume belongs to whom the folder in the image does.
  given.push(...writable.map((path) => `-v ${path} `));
  return {
    names,
    run: `${engine.name} run --rm -p 127.0.0.1:${port}:${port} ${
      given.join("")
    }${reference}`,
    push:
      `${engine.name} tag ${reference} ${away} && ${engine.name} push ${away}`,
  };
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w=:/.,@%+-]+$/.test(word)
    ? word
    : `'${word.replaceAll("'", "'\\''")}'`;
}

function oneLine(text: string): string {
  const [first = ""] = text.split("\n");
  return first.length > 120 ? `${first.slice(0, 119)}…` : first;
}

function plural(count: number, word: string): string {
  return count === 0 ? "" : `${count} ${word}${count === 1 ? "" : "s"}`;
}
