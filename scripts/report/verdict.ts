/**
 * What a report comes to: which variant is the smallest, by how much and whether
 * it works, where its bytes go, what failed first, and where the images are.
 *
 * @module
 */
import { formatBytes, formatRatio, formatShare } from "../lib/format.ts";
import { coded, type Inline, named } from "./document.ts";
import { baselineOf, plural, smallestOf } from "./figures.ts";
import { applicationParts, filledLeaves, filledTree } from "./filled_tree.ts";
import { checksOf, checksWith, holds, verdictFigures } from "./problems.ts";
import type { Report, Variant } from "./report_schema.ts";
import { secretText } from "./surface_table.ts";
import { clipMiddle } from "./text_width.ts";

/** The smallest variant, and how it compares; a sentence without a full stop. */
export function headline(report: Report): Inline {
  const { variants, failures } = report;
  const smallest = smallestOf(variants);
  if (smallest === undefined) {
    return `No image ${failures.length === 0 ? "was" : "could be"} built`;
  }
  const { name, sizeBytes } = smallest;
  const size = formatBytes(sizeBytes);
  if (variants.length === 1) return [named(name), `: ${size}`];
  const baseline = baselineOf(report);
  const ratio = formatRatio(sizeBytes, baseline?.sizeBytes ?? 0);
  return [
    named(name),
    ` is the smallest: ${size}`,
    baseline && baseline !== smallest && ratio !== "–" &&
    [ratio === "same" ? ", as " : `, ${ratio} than `, named(baseline.name)],
  ];
}

/**
 * Whether the smallest variant works, and which one does if it does not, in
 * sentences; nothing when no contract was asked of it.
 */
export function verdictOfSmallest({ variants }: Report): Inline {
  const smallest = smallestOf(variants);
  const holds = smallest && works(smallest);
  if (smallest === undefined || holds === undefined) return undefined;
  const name = named(smallest.name);
  if (holds) {
    const failed = checksOf(smallest)
      .filter(({ status }) => status === "fail").length;
    return failed === 0 ? [name, " holds its contract."] : [
      name,
      ` holds its contract, and fails ${plural(failed, "further check")}.`,
    ];
  }
  const best = smallestOf(variants.filter(works));
  return best === undefined ? [name, " breaks its contract."] : [
    name,
    " breaks its contract; the smallest that holds it is ",
    named(best.name),
    ` with ${formatBytes(best.sizeBytes)}.`,
  ];
}

/** Whether the contract holds; `undefined` when nothing was asked of it. */
function works({ contract = [] }: Variant): boolean | undefined {
  const made = contract.filter(({ status }) => status !== "skip");
  return made.length === 0
    ? undefined
    : made.every(({ status }) => status === "pass");
}

/** How the analysis names what it has summed up, which is no path. */
const SEVERAL = /^other \(\d+\)$/;

/** Where the largest part of the smallest image goes; nothing of an empty one. */
export function insight({ variants }: Report): Inline {
  const variant = smallestOf(variants);
  if (variant === undefined) return undefined;
  const { program, sizeBytes } = variant;
  const application = program ? applicationParts(program) : [];
  const parts: { name: Inline; bytes: number }[] = [...application];
  if (program) {
    parts.push({ name: "the Deno runtime", bytes: program.runtimeBytes });
  }
  // The program counts by what is in it.
  const leaves = filledLeaves(filledTree({ ...variant, program: undefined }))
    .filter(({ name, path }) =>
      path !== "/" && path !== program?.path && !SEVERAL.test(name)
    );
  for (const { path, bytes } of leaves) {
    parts.push({ name: coded(path), bytes });
  }
  const [largest] = parts.sort((a, b) => b.bytes - a.bytes);
  return sizeBytes === 0 || largest === undefined ? undefined : [
    `${formatShare(largest.bytes, sizeBytes)} of `,
    named(variant.name),
    ` (${formatBytes(largest.bytes)}) is `,
    largest.name,
    ...application.filter((part) => part !== largest).map(({ name, bytes }) =>
      `, ${formatShare(bytes, sizeBytes)} ${name}`
    ),
    ".",
  ];
}

/**
 * The verdict in one line, builds before checks before limits, such as `FAILED: 1
 * of 24 limits: scratch size 95.6 MB > 90 MB`.
 */
export function verdict(
  report: Report,
): { holds: boolean; text: string } | undefined {
  const { variants, failures, budgets } = report;
  const failed = checksWith("fail", report);
  const checks = checksWith("pass", report).length + failed.length;
  const limits = budgets.filter(({ status }) => status !== "skip").length;
  const secrets = variants.flatMap(({ secrets = [] }) => secrets);
  const more = secrets.length > 1 ? ` and ${secrets.length - 1} more` : "";
  const found = secrets.length === 0
    ? ""
    : `; FOUND: ${secretText(secrets[0])}${more}`;
  if (holds(report)) {
    if (checks + limits === 0 && found === "") return undefined;
    const made = [
      plural(variants.length, "variant"),
      plural(checks, "check"),
      plural(limits, "limit"),
    ].filter((part) => part !== "");
    const unrun = variants.filter(isUnrun).map(({ name }) => name);
    const unchecked = unrun.length === 0
      ? ""
      : `; not run here, so not checked: ${unrun.join(", ")}`;
    const text = `PASSED: ${made.join(", ")}${unchecked}${found}`;
    return { holds: true, text };
  }
  const parts: string[] = [];
  if (failures.length > 0) {
    const all = plural(failures.length + variants.length, "build");
    const [{ name, message }] = failures;
    parts.push(`${failures.length} of ${all}: ${name}: ${causeIn(message)}`);
  }
  if (failed.length > 0) {
    const [{ variant, name, detail }] = failed;
    const all = plural(checks, "check");
    const why = detail ? `: ${causeIn(detail)}` : "";
    parts.push(`${failed.length} of ${all}: ${variant}: ${name}${why}`);
  }
  // That a check failed breaks the limit on the contract as well: told once.
  const exceeded = budgets.filter(({ status, rule }) =>
    status === "fail" && (failed.length === 0 || rule !== "contract")
  );
  const [broken] = exceeded;
  if (broken !== undefined) {
    const { variant, rule, detail } = broken;
    const { actual, limit } = verdictFigures(broken);
    const figures = typeof broken.limit === "number"
      ? `${actual} > ${limit}`
      : `${actual}, not ${limit}`;
    const all = plural(limits, "limit");
    parts.push(
      `${exceeded.length} of ${all}: ${variant} ${rule} ${detail ?? figures}`,
    );
  }
  const also = broken?.rule === "noSecrets" ? "" : found;
  return { holds: false, text: `FAILED: ${parts.join("; ")}${also}` };
}

/** What the service is called: the name of its images without place and tag. */
export function serviceOf({ variants }: Report): string | undefined {
  const built = variants.find(({ dockerfile }) => dockerfile !== undefined);
  return /([^/:]+)(?::[^/]*)?$/.exec(built?.image.reference ?? "")?.[1];
}

/**
 * Where the images are that a run has built, if an engine has any, with commands
 * to run and to push one of those that have neither failure nor secret.
 */
export function images(
  { engine, variants, surroundings: { env = {}, writable = [] } = {} }: Report,
): { names: string[]; run?: string; push?: string } | undefined {
  const built = variants.filter(({ dockerfile }) => dockerfile !== undefined);
  if (engine === undefined || built.length === 0) return undefined;
  const names = built.map(({ image }) => image.reference);
  const good = built.filter((variant) =>
    (variant.secrets ?? []).length === 0 &&
    checksOf(variant).every(({ status }) => status !== "fail")
  );
  if (good.length === 0) return { names };
  // One that runs here, and whose next deploy sends the least.
  const sent = ({ nextDeployBytes, sizeBytes }: Variant) =>
    nextDeployBytes ?? sizeBytes;
  const [best] = good.sort((a, b) =>
    Number(isUnrun(a)) - Number(isUnrun(b)) || sent(a) - sent(b)
  );
  const { image: { reference }, config } = best;
  const line = (run: string) => isUnrun(best) ? {} : { run };
  const port = config.exposedPorts[0]?.replace(/\/tcp$/, "") ?? "8080";
  const away = `registry.example/${reference.replace(/^localhost\//, "")}`;
  const given = Object.entries(env)
    // Of a secret, only the name: its value comes from who runs the line.
    .map(([name, value]) =>
      `-e ${value === "…" ? name : quoted(`${name}=${value}`)} `
    );
  if (engine.name === "buildah") {
    const mounts = writable.map((path) =>
      `--mount ${quoted(`type=tmpfs,destination=${path}`)} `
    );
    const words = [...config.entrypoint, ...config.cmd].map(quoted);
    return {
      names,
      // Any other isolation has a network of its own, which it cannot publish.
      ...line(
        `c=$(buildah from ${reference}); buildah run --isolation chroot ${
          [...given, ...mounts].join("")
        }$c ${words.join(" ")}; buildah rm $c`,
      ),
      push: `buildah push ${reference} docker://${away}`,
    };
  }
  // A new volume belongs to whom the folder in the image does.
  given.push(...writable.map((path) => `-v ${quoted(path)} `));
  return {
    names,
    ...line(
      `${engine.name} run --rm -p 127.0.0.1:${port}:${port} ${
        given.join("")
      }${reference}`,
    ),
    push:
      `${engine.name} tag ${reference} ${away} && ${engine.name} push ${away}`,
  };
}

/** Whether it was built and could not be started here: nothing is known of it. */
function isUnrun({ contract = [] }: Variant): boolean {
  return contract.length > 0 &&
    contract.every(({ status }) => status === "skip");
}

function quoted(word: string): string {
  return /^[\w=:/.,@%+-]+$/.test(word)
    ? word
    : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Columns for one cause; most messages fit with their next step. */
const LONGEST = 240;

/** The cause in a text, without what the verdict has named already. */
function causeIn(text: string): string {
  const [first = ""] = text.split("\n");
  const cause = first.replace(
    /^(Cannot build "[^"]*"|No good answer from \S+ within \d+ ms): /,
    "",
  );
  return clipMiddle(cause, LONGEST);
}
