/**
 * Whether two builds of one Dockerfile made the same image, and if not, what
 * differs and why.
 *
 * @module
 */
import type { Image } from "../image/model.ts";
import type { Check } from "../report/report_schema.ts";
import { compareDocuments } from "./compare_documents.ts";
import { compareLayers, type RecordDifference } from "./compare_layers.ts";

/** Paths of a layer that are named; the rest is counted. */
const NAMED = 8;

/**
 * What builders state of the build itself: when it was made, in which container,
 * and on which images of its steps. None of it is seen by the service, and no
 * option makes every builder repeat it.
 */
const UNREPEATED =
  /^(created|container|parent|history\[\d+\]\.(created|comment)|(container_)?config\.(Hostname|Image))$/;

/**
 * Compares two builds.
 *
 * @param first The image of the first build.
 * @param second That of the second, from the same context and bases.
 * @param cannotDate Why the engine cannot date the files that it builds: then
 * dates alone are no failure.
 * @returns `layers`: the digests of the uncompressed layers; `config`: everything
 * else that the image states, but for what no builder repeats; `image ID`, when
 * both hold: skipped with the fields that keep it from being the same.
 */
export function proveReproducible(
  first: Image,
  second: Image,
  cannotDate?: string,
): Check[] {
  const layers = proveLayers(first, second, cannotDate);
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
  return [
    layers,
    config,
    first.id === second.id ? { name: "image ID", status: "pass" } : {
      name: "image ID",
      status: "skip",
      detail: `no builder repeats what its config states of the build: ${
        listed([...new Set(places.map((place) => place.replace(/^.*\./, "")))])
      }`,
    },
  ];
}

function proveLayers(
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
  return listed(
    more > 0 ? [...words.slice(0, NAMED), `${more} more`] : words,
  );
}

/** `a, b and c`. */
function listed(words: string[]): string {
  return words.length < 2
    ? words.join("")
    : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

/** Instructions can be whole scripts. */
function clip(instruction: string): string {
  const line = instruction.replace(/\s+/g, " ");
  return line.length <= 40 ? line : `${line.slice(0, 39)}…`;
}
