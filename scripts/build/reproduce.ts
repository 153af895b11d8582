/**
 * Builds every variant a second time from nothing, and tells what differs.
 *
 * @module
 */
import type { Entry, Image, Layer } from "../image/model.ts";
import { readImage } from "../image/read_image.ts";
import { changedFields, type FIELDS } from "../inspect/diff_images.ts";
import { ownTag } from "../lib/owner.ts";
import type { Check } from "../report/report_schema.ts";
import { isOwnFailure, removeImage } from "./build_variants.ts";
import { engineSource } from "./look.ts";
import { addChecks, type BuiltRun, type RunContext } from "./variant_run.ts";

export async function reproduce(
  runs: BuiltRun[],
  context: RunContext,
): Promise<void> {
  for (const run of runs) {
    await context.io.progress.step(`Build ${run.name} again`, async (say) => {
      addChecks(run, { reproducible: await buildAgain(run, context, say) });
    });
  }
}

/** @returns The checks; a second build that fails is a failed one. */
async function buildAgain(
  run: BuiltRun,
  context: RunContext,
  say: (line: string) => void,
): Promise<Check[]> {
  const { config, engine, cannotDate, io } = context;
  const tag = ownTag("again");
  try {
    await engine.build({
      ...run.built.options,
      context: config.context,
      dockerfile: run.file.dockerfile,
      tag,
      noCache: true,
      discardSteps: true,
      onLine: say,
      signal: io.signal,
    });
    const source = engineSource(engine, tag);
    const image = await readImage(source, { signal: io.signal });
    return compareBuilds(run.looked.image, image, cannotDate);
  } catch (error) {
    if (!isOwnFailure(error, context)) throw error;
    const detail = [error.message, error.output].filter(Boolean).join("\n");
    return [{ name: "second build", status: "fail", detail }];
  } finally {
    await removeImage(engine, tag);
  }
}

/** Paths of a layer that are named; the rest is counted. */
const NAMED = 8;

/**
 * What builders state of the build itself: the service sees none of it, and no
 * option makes every builder repeat it.
 */
const UNREPEATED =
  /^(created|container|parent|history\[\d+\]\.(created|comment)|(container_)?config\.(Hostname|Image))$/;

/**
 * @param cannotDate Why the engine cannot date files: dates alone are no failure then.
 * @returns `layers`: by their digests; `config`: what else the image states, but for
 * what no builder repeats; `image ID`, when both hold.
 */
export function compareBuilds(
  first: Image,
  second: Image,
  cannotDate?: string,
): Check[] {
  const layers = layersCheck(first, second, cannotDate);
  // Digests of layers are in the config too.
  const places = compareDocuments(first.document, second.document)
    .filter((place) => !place.startsWith("rootfs."));
  const wrong = places.filter((place) => !UNREPEATED.test(place));
  const config: Check = wrong.length === 0
    ? { name: "config", status: "pass" }
    : { name: "config", status: "fail", detail: some(wrong) };
  if (layers.status !== "pass" || config.status !== "pass") {
    return [layers, config];
  }
  const name = "image ID";
  if (first.id === second.id) {
    return [layers, config, { name, status: "pass" }];
  }
  const fields = new Set(places.map((place) => place.replace(/^.*\./, "")));
  const detail = `no builder repeats what its config states of the build: ${
    LIST.format(fields)
  }`;
  return [layers, config, { name, status: "skip", detail }];
}

function layersCheck(
  first: Image,
  second: Image,
  cannotDate: string | undefined,
): Check {
  const name = "layers";
  if (first.layers.length !== second.layers.length) {
    const detail =
      `${first.layers.length} layers, then ${second.layers.length}`;
    return { name, status: "fail", detail };
  }
  const differing = first.layers
    .map((layer, index) => ({ layer, again: second.layers[index], index }))
    .filter(({ layer, again }) => layer.diffId !== again.diffId)
    .map(({ layer, again, index }) => ({
      title: `layer ${index + 1}${
        layer.instruction && ` (${clip(layer.instruction)})`
      }`,
      found: compareLayers(layer, again),
    }));
  if (differing.length === 0) return { name, status: "pass" };
  const dated = differing.every(({ found }) =>
    found.length > 0 && found.every(isDate)
  );
  const told = differing.map(({ title, found }) => `${title}: ${tell(found)}`);
  return cannotDate !== undefined && dated
    ? { name, status: "skip", detail: `${cannotDate}: ${told.join("; ")}` }
    : { name, status: "fail", detail: told.join("\n") };
}

function isDate({ changes }: RecordDifference): boolean {
  return changes.every((change) => change === "mtime");
}

/** What matters most comes first: a date alone is the least. */
function tell(found: RecordDifference[]): string {
  if (found.length === 0) {
    return "the same records, in another order or with other headers";
  }
  const others = found.filter((one) => !isDate(one));
  const chosen = others.length > 0 ? others : found;
  const named = some(
    chosen.map(({ path, changes }) => `${path} (${changes.join(", ")})`),
  );
  const dates = found.length - chosen.length;
  return dates === 0 ? named : `${named}; ${dates} by mtime alone`;
}

/** The first few, and how many there are beside them. */
function some(words: string[]): string {
  const more = words.length - NAMED;
  return LIST.format(
    more > 0 ? [...words.slice(0, NAMED), `${more} more`] : words,
  );
}

/** `a, b and c`. */
const LIST = new Intl.ListFormat("en-GB");

/** Instructions can be whole scripts. */
function clip(instruction: string): string {
  const line = instruction.replace(/\s+/g, " ");
  return line.length <= 40 ? line : `${line.slice(0, 39)}…`;
}

/** The places where two documents differ, as `config.Env[0]`; `""` for the whole. */
export function compareDocuments(
  first: unknown,
  second: unknown,
  at = "",
): string[] {
  const isList = Array.isArray(first);
  if (
    !isObject(first) || !isObject(second) || isList !== Array.isArray(second)
  ) {
    return Object.is(first, second) ? [] : [at];
  }
  const below = (name: string) =>
    isList ? `${at}[${name}]` : at ? `${at}.${name}` : name;
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  return [...names].flatMap((name) =>
    compareDocuments(first[name], second[name], below(name))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

type RecordChange =
  | "only in the first build"
  | "only in the second build"
  | typeof FIELDS[number]
  | "mtime";

type RecordDifference = ReturnType<typeof compareLayers>[number];

/** None where only the order of records differs, or a header not looked at. */
export function compareLayers(
  first: Pick<Layer, "entries">,
  second: Pick<Layer, "entries">,
) {
  // Of a path that is there twice, the last record counts, as when it is unpacked.
  const [before, after] = [first, second].map(({ entries }) =>
    new Map(entries.map((entry) => [entry.path, entry]))
  );
  return [...new Set([...before.keys(), ...after.keys()])].sort()
    .map((path) => ({
      path: `/${path}`,
      changes: recordChanges(before.get(path), after.get(path)),
    }))
    .filter(({ changes }) => changes.length > 0);
}

function recordChanges(
  a: Entry | undefined,
  b: Entry | undefined,
): RecordChange[] {
  if (a === undefined) return ["only in the second build"];
  if (b === undefined) return ["only in the first build"];
  const changes: RecordChange[] = changedFields(a, b);
  return a.mtime === b.mtime ? changes : [...changes, "mtime"];
}
