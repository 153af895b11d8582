/**
 * What a report comes to: which variant is the smallest, by how much and whether
 * it works, where its bytes go, what failed first, and where the images are.
 * @module
 */
import { formatBytes, formatRatio, formatShare } from "../lib/format.ts";
import { coded, type Inline, lines, named, type Remark } from "./document.ts";
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
  const [largest] = filledLeaves(filledTree(variant))
    .filter(({ name, path }) => path !== "/" && !SEVERAL.test(name));
  if (largest === undefined) return undefined;
  const { name, path, kind, bytes } = largest;
  const others = program
    ? applicationParts(program).filter((part) => part.name !== name)
    : [];
  return [
    `${formatShare(bytes, sizeBytes)} of `,
    named(variant.name),
    ` (${formatBytes(bytes)}) is `,
    kind === "path"
      ? coded(path)
      : kind === "runtime"
      ? "the Deno runtime"
      : named(name),
    ...others.map(({ name, bytes }) =>
      `, ${formatShare(bytes, sizeBytes)} ${name}`
    ),
    ".",
  ];
}

/**
 * The verdict in one line, builds before checks before limits, such as `FAILED: 1
 * of 24 limits: scratch size 95.6 MB > 90 MB`.
 */
export function verdict(report: Report): string | undefined {
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
    ].filter((part) => part !== "").join(", ");
    const unrun = variants.filter(isUnrun).map(({ name }) => name).join(", ");
    const unchecked = unrun && `; not run here, so not checked: ${unrun}`;
    return `PASSED: ${made}${unchecked}${found}`;
  }
  // That a check failed breaks the limit on the contract as well: told once.
  const exceeded = budgets.filter(({ status, rule }) =>
    status === "fail" && (failed.length === 0 || rule !== "contract")
  );
  const builds = failures.map(({ name, message }) =>
    `${name}: ${causeIn(message)}`
  );
  const broken = failed.map(({ variant, name, detail }) =>
    `${variant}: ${name}${detail ? `: ${causeIn(detail)}` : ""}`
  );
  const passed = exceeded.map((verdict) => {
    const { actual, limit } = verdictFigures(verdict);
    const sign = typeof verdict.limit === "number" ? " >" : ", not";
    const figures = `${actual}${sign} ${limit}`;
    return `${verdict.variant} ${verdict.rule} ${verdict.detail ?? figures}`;
  });
  const parts = ([
    [builds, plural(failures.length + variants.length, "build")],
    [broken, plural(checks, "check")],
    [passed, plural(limits, "limit")],
  ] as const).filter(([texts]) => texts.length > 0)
    .map(([texts, all]) => `${texts.length} of ${all}: ${texts[0]}`);
  const also = exceeded[0]?.rule === "noSecrets" ? "" : found;
  return `FAILED: ${parts.join("; ")}${also}`;
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
): Remark[] {
  const built = variants.filter(({ dockerfile }) => dockerfile !== undefined);
  if (engine === undefined || built.length === 0) return [];
  const names = lines(built.map(({ image }) => named(image.reference)));
  const remarks: Remark[] = [{ word: "IMAGES", text: names }];
  // One that runs here, and whose next deploy sends the least.
  const sent = ({ nextDeployBytes, sizeBytes }: Variant) =>
    nextDeployBytes ?? sizeBytes;
  const [best] = built.filter((variant) =>
    (variant.secrets ?? []).length === 0 &&
    checksOf(variant).every(({ status }) => status !== "fail")
  ).sort((a, b) =>
    Number(isUnrun(a)) - Number(isUnrun(b)) || sent(a) - sent(b)
  );
  if (best === undefined) return remarks;
  const { image: { reference }, config } = best;
  const isBuildah = engine.name === "buildah";
  const given = [
    // Of a secret, only the name: its value comes from who runs the line.
    ...Object.entries(env).map(([name, value]) =>
      `-e ${value === "…" ? name : quoted(`${name}=${value}`)}`
    ),
    // A new volume of docker and podman belongs to whom the folder does.
    ...writable.map((path) =>
      isBuildah
        ? `--mount ${quoted(`type=tmpfs,destination=${path}`)}`
        : `-v ${quoted(path)}`
    ),
  ].map((option) => `${option} `).join("");
  const port = config.exposedPorts[0]?.replace(/\/tcp$/, "") ?? "8080";
  const words = [...config.entrypoint, ...config.cmd].map(quoted).join(" ");
  const away = `registry.example/${reference.replace(/^localhost\//, "")}`;
  const [run, push] = isBuildah
    ? [
      // Any other isolation has a network of its own, which it cannot publish.
      `c=$(buildah from ${reference}); buildah run --isolation chroot ${given}$c ${words}; buildah rm $c`,
      `buildah push ${reference} docker://${away}`,
    ]
    : [
      `${engine.name} run --rm -p 127.0.0.1:${port}:${port} ${given}${reference}`,
      `${engine.name} tag ${reference} ${away} && ${engine.name} push ${away}`,
    ];
  if (!isUnrun(best)) remarks.push({ word: "run", text: coded(run) });
  return [...remarks, { word: "push", text: coded(push) }];
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
