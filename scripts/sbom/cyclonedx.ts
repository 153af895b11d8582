/**
 * The part of CycloneDX 1.6 that is written here: its types, and how it wants
 * licences, package URLs and evidence. The models of the official library have no
 * evidence of identity and no occurrences, which is what an auditor asks for
 * first; its validator holds what is written to the schema.
 *
 * @module
 */
import { PackageURL } from "packageurl-js";
import deprecated from "spdx-license-ids/deprecated.json" with { type: "json" };
import current from "spdx-license-ids/index.json" with { type: "json" };

/** A part of the image, or the image itself. */
export interface Component {
  type: // deno-fmt-ignore
    "application" | "container" | "file" | "library" | "operating-system" | "platform";
  "bom-ref": string;
  supplier?: { name: string };
  group?: string;
  name: string;
  version?: string;
  description?: string;
  hashes?: { alg: "SHA-256"; content: string }[];
  licenses?: LicenseChoice[];
  cpe?: string;
  purl?: string;
  externalReferences?: { type: "distribution" | "vcs"; url: string }[];
  properties?: { name: string; value: string }[];
  evidence?: {
    /** How it is known what it is. */
    identity?: {
      field: "purl" | "version";
      confidence: number;
      methods: Method[];
    }[];
    /** Where in the image it lies. */
    occurrences?: { location: string }[];
  };
}

type LicenseChoice =
  | { license: { id: string } | { name: string } }
  | { expression: string };

interface Method {
  technique: "binary-analysis" | "hash-comparison" | "manifest-analysis";
  /** 0 to 1. */
  confidence: number;
  value: string;
}

/** A component with what it needs or consists of, by `bom-ref`. */
export interface Part extends Component {
  needs?: string[];
  /** Whether the image itself needs it or consists of it. */
  root?: boolean;
}

/** Properties of ours that are known; `docs/sbom.md` documents their names. */
export function properties(
  values: Record<string, string | number | boolean | undefined>,
): Pick<Component, "properties"> {
  const known = Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({
      name: `deno-small-image:${name}`,
      value: String(value),
    }));
  return known.length > 0 ? { properties: known } : {};
}

export function hashes(sha256: string | undefined): Pick<Component, "hashes"> {
  return sha256 ? { hashes: [{ alg: "SHA-256", content: sha256 }] } : {};
}

/** Names of ways in which it is known what a component is, each with what was seen. */
export type Methods = [technique: Method["technique"], value: string][];

/** In which files of the image a component lies, and how a field of it is known. */
export function evidence(
  paths: Iterable<string>,
  field: "purl" | "version" = "purl",
  methods: Methods = [],
): Required<Pick<Component, "evidence">> {
  const occurrences = [...new Set(paths)].map((location) => ({ location }));
  const named = methods
    .map(([technique, value]) => ({ technique, confidence: 1, value }));
  return {
    evidence: {
      ...named.length > 0 &&
        { identity: [{ field, confidence: 1, methods: named }] },
      ...occurrences.length > 0 && { occurrences },
    },
  };
}

/** SPDX ids by their lower case. */
const IDS = new Map(
  [...deprecated, ...current].map((id) => [id.toLowerCase(), id]),
);

/** What Debian calls differently; its names are those of DEP-5. */
const DEBIAN: Record<string, string> = {
  "apache-2": "Apache-2.0",
  "artistic": "Artistic-1.0-Perl",
  "bsd-2-clauses": "BSD-2-Clause",
  "bsd-3-clauses": "BSD-3-Clause",
  "expat": "MIT",
};

/**
 * Licences of one component without doubles, from texts such as those of a
 * package.json: by SPDX id where the text is one, as an expression where it is made
 * of them, else by the name that was stated. The schema has one expression alone; beside others it is a name.
 */
export function licenses(stated: string[]): { licenses?: LicenseChoice[] } {
  const found = stated.map((text): [string, LicenseChoice] => {
    const expression = spdxExpression(text);
    if (expression === undefined) return [text, { license: { name: text } }];
    if (!/[ (]/.test(expression)) {
      return [expression, { license: { id: expression } }];
    }
    return stated.length === 1
      ? [expression, { expression }]
      : [expression, { license: { name: expression } }];
  });
  return found.length > 0 ? { licenses: [...new Map(found).values()] } : {};
}

/** The text as an SPDX expression, if all of it is made of ids that SPDX has. */
function spdxExpression(text: string): string | undefined {
  const words = text.trim().replace(/([()])/g, " $1 ").trim().split(/\s+/);
  if (words.length > 200) return undefined; // No licence; a hostile text.
  const parts: string[] = [];
  let depth = 0;
  let wantsId = true;
  for (const word of words) {
    const operator = word.toUpperCase();
    if (word === "(" && wantsId) depth++;
    else if (word === ")" && !wantsId && depth > 0) depth--;
    else if (/^(?:AND|OR)$/.test(operator) && !wantsId) wantsId = true;
    else if (wantsId && spdxId(word) !== undefined) wantsId = false;
    else return undefined;
    parts.push(spdxId(word) ?? operator);
  }
  if (wantsId || depth !== 0) return undefined;
  return parts.join(" ").replaceAll("( ", "(").replaceAll(" )", ")");
}

/** The SPDX id of a licence by its name, `GPL-2+` and `LGPL-2.1` of Debian too. */
function spdxId(name: string): string | undefined {
  const find = (id: string) => IDS.get(id.toLowerCase());
  const known = find(DEBIAN[name.toLowerCase()] ?? name);
  // SPDX gave up `GPL-2.0` and `GPL-2.0+` for names that cannot be mistaken.
  const [, family, version, later] =
    name.match(/^([AL]?GPL|GFDL)-(\d+(?:\.\d+)?)(\+)?$/i) ?? [];
  if (family === undefined) return known;
  const full = version.includes(".") ? version : `${version}.0`;
  return find(`${family}-${full}-${later ? "or-later" : "only"}`) ?? known;
}

/**
 * A package URL. Only types that the purl specification has registered: there is
 * none for jsr.io yet, so its packages are generic ones of that name.
 */
export function purl(
  type: string,
  namespace: string | undefined,
  name: string,
  version: string,
  qualifiers: Record<string, string> = {},
): string {
  // Half a pair of surrogates has no UTF-8, and so no place in a URL.
  const known = Object.entries(qualifiers)
    .map(([key, value]) => [key, value.toWellFormed()]);
  return new PackageURL(
    type,
    namespace?.toWellFormed(),
    name.toWellFormed(),
    version.toWellFormed() || undefined,
    Object.fromEntries(known),
    undefined,
    // The specification has it encoded in every component; the library does not
    // in a version.
  ).toString().replaceAll("+", "%2B");
}
