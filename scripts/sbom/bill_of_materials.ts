/**
 * An inventory as a CycloneDX 1.6 bill of materials. Of programs made by `deno
 * compile` it has the runtime and its V8, npm and jsr packages, modules and embedded
 * files. The models of the official library have no evidence of identity and no
 * occurrences, which is what an auditor asks for first; its validator holds what is
 * written to the schema.
 *
 * @module
 */
import { hash } from "node:crypto";
import { basename } from "node:path";
import { PackageURL } from "packageurl-js";
import deprecated from "spdx-license-ids/deprecated.json" with { type: "json" };
import current from "spdx-license-ids/index.json" with { type: "json" };
import type {
  InstalledPackage,
  Inventory,
  ProgramItem,
  RuntimeItem,
} from "./inventory.ts";

/** A part of the image, or the image itself. */
interface Component {
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
    identity?: {
      field: "purl" | "version";
      confidence: number;
      methods: { technique: Technique; confidence: number; value: string }[];
    }[];
    occurrences?: { location: string }[];
  };
}

type LicenseChoice =
  | { license: { id: string } | { name: string } }
  | { expression: string };

type Technique = "binary-analysis" | "hash-comparison" | "manifest-analysis";
/** Ways in which it is known what a component is, each with what was seen. */
type Methods = [technique: Technique, value: string][];

/** A component with what it needs, by `bom-ref`. */
interface Part extends Component {
  needs?: string[];
  /** What needs it or consists of it: the image unless told. */
  owners?: string[];
}

export type Bom = ReturnType<typeof billOfMaterials>;

/** The same inventory at the same time gives the same text, serial number included. */
export function billOfMaterials(inventory: Inventory, time: Date) {
  const { packages, programs } = inventory;
  const runtimes = [
    ...inventory.runtimes,
    ...programs.map(({ runtime }) => runtime),
  ];
  const parts: Part[] = [
    ...distributionComponent(inventory),
    ...packageComponents(packages),
    ...runtimeComponents(runtimes),
    ...programs.flatMap(programComponents),
    ...binaryComponents(inventory),
  ];
  const image = imageComponent(inventory);
  // The crates that the runtime was built from leave no trace in it.
  const opaque = [...new Set(runtimes.map(runtimeRef))].sort();
  const bom = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6" as const,
    serialNumber: "",
    version: 1,
    metadata: {
      timestamp: time.toISOString().replace(/\.\d+Z$/, "Z"),
      tools: {
        components: [{
          type: "application",
          "bom-ref": "deno-small-image",
          name: "deno-small-image",
        }],
      },
      component: image,
    },
    ...joined(image["bom-ref"], parts),
    compositions: opaque.length > 0
      ? [{ aggregate: "incomplete", assemblies: opaque }]
      : [],
  };
  bom.serialNumber = serialNumber(JSON.stringify(bom));
  return bom;
}

/** All parts, each once and in order, and what each needs. */
function joined(image: string, parts: Part[]) {
  const components = new Map<string, Component>();
  const allNeeds = new Map([[image, new Set<string>()]]);
  for (const part of parts) allNeeds.set(part["bom-ref"], new Set());
  for (const { needs = [], owners = [image], ...component } of parts) {
    const ref = component["bom-ref"];
    if (!components.has(ref)) components.set(ref, component);
    needs.forEach((other) => other !== ref && allNeeds.get(ref)?.add(other));
    owners.forEach((owner) => allNeeds.get(owner)?.add(ref));
  }
  return {
    components: [...components.values()]
      .sort((a, b) => sortKey(a) < sortKey(b) ? -1 : 1),
    dependencies: Array.from(
      allNeeds,
      ([ref, needs]) => ({ ref, dependsOn: [...needs].sort() }),
    ).sort((a, b) => a.ref < b.ref ? -1 : 1),
  };
}

function sortKey({ type, group, name, "bom-ref": ref }: Component): string {
  return [type, group, name, ref].join("\0");
}

/** The image. A purl would need the manifest's digest, which an archive has not. */
function imageComponent(
  { image, otherFiles, unreadPackages }: Inventory,
): Component {
  const { reference, id, architecture, os, layers, config } = image;
  // A tag follows the last slash; the colon of a port does not.
  const [, name, tag] = reference.match(/^(.+):([\w][\w.-]{0,127})$/) ?? [];
  return {
    type: "container",
    "bom-ref": id,
    name: name ?? reference,
    ...tag && { version: tag },
    ...properties({
      "image:id": id,
      "image:platform": `${os}/${architecture}`,
      "image:diff-ids": layers.map(({ diffId }) => diffId).join(" ") ||
        undefined,
      "image:title": config.labels["org.opencontainers.image.title"],
      "image:revision": config.labels["org.opencontainers.image.revision"],
      "image:unlisted-files": otherFiles,
      "image:unread-packages": unreadPackages.join(" ") || undefined,
    }),
  };
}

function distributionComponent({ distribution }: Inventory): Part[] {
  if (!distribution) return [];
  const { id, version, name } = distribution;
  return [{
    type: "operating-system",
    "bom-ref": `os:${id}@${version ?? ""}`,
    name: id,
    ...version && { version },
    ...name && { description: name },
  }];
}

function binaryComponents({ binaries }: Inventory): Part[] {
  return binaries.map(({ path, sha256, soname, library }) => ({
    type: library ? "library" : "file",
    "bom-ref": fileRef(path),
    name: soname ?? basename(path),
    ...hashes(sha256),
    ...properties({ kind: "binary", soname, traced: false }),
    ...evidence([path]),
  }));
}

/** A package that is installed and traced, or that several images have, is one. */
function packageComponents(packages: InstalledPackage[]): Part[] {
  const byPurl = Map.groupBy(packages, packagePurl);
  const refs = new Map<string, string>();
  for (const [purl, [{ name, provides = [] }]] of byPurl) {
    [name, ...provides].forEach((met) => refs.set(met, purl));
  }
  return [...byPurl].map(([purl, same]) => ({
    ...packageComponent(purl, same),
    needs: same[0].depends.flatMap((alternatives) =>
      // One that is there answers; the others are not what is used.
      alternatives.map((name) => refs.get(name)).find(Boolean) ?? []
    ),
  }));
}

function packageComponent(purl: string, same: InstalledPackage[]): Component {
  const { name, version, source, maintainer } = same[0];
  const traced = same.flatMap((item) => item.traced ?? []);
  const files = traced.flatMap((item) => item.files);
  return {
    type: "library",
    "bom-ref": purl,
    ...maintainer && { supplier: { name: maintainer } },
    name,
    version,
    ...licenses(same.find((item) => item.licenses.length > 0)?.licenses ?? []),
    purl,
    ...properties({
      "source:name": source.name,
      "source:version": source.version,
      "traced:from": traced.map(({ from }) => from).join(" ") || undefined,
      "traced:md5": files.length > 0
        ? `${files.filter(({ verified }) => verified).length}/${files.length}`
        : undefined,
    }),
    ...evidence(files.map(({ path }) => path), "purl", same.flatMap(methods)),
  };
}

function methods({ type, name, traced }: InstalledPackage): Methods {
  if (!traced) {
    const manager = type === "deb" ? "dpkg" : "apk";
    return [["manifest-analysis", `${manager} lists ${name}`]];
  }
  return traced.files.map(({ path, sha256, origin }) => [
    "hash-comparison",
    `${path} has the SHA-256 ${sha256} of ${origin} in ${traced.from}`,
  ]);
}

/** `pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=debian-13`, `pkg:apk/alpine/…` */
function packagePurl(item: InstalledPackage): string {
  const { type, name, version, architecture: arch, distribution } = item;
  const { id, version: release } = distribution ??
    { id: type === "deb" ? "debian" : "alpine" };
  const distro = distribution && [id, release].filter(Boolean).join("-");
  return purl(type, id, name, version, {
    ...arch && { arch },
    ...distro && { distro },
  });
}

/** The `bom-ref`. */
function fileRef(path: string): string {
  return `file:${path}`;
}

function programComponents(program: ProgramItem): Part[] {
  const { path, sha256, runtime, modules, assets } = program;
  const owners = [fileRef(path)];
  return [
    {
      type: "application",
      "bom-ref": fileRef(path),
      name: basename(path),
      description: "A program made by deno compile",
      ...hashes(sha256),
      ...evidence([path]),
      needs: [runtimeRef(runtime)],
    },
    ...npmComponents(program, owners),
    ...modules.flatMap((module) => moduleComponents(path, module, owners)),
    ...assets.map((asset) => ({
      ...embedded(path, "asset", asset.path, asset.sha256),
      owners,
    })),
  ];
}

/** The program asks for all of them, if it is not known for which. */
function npmComponents(
  { path, npm, npmRoots }: ProgramItem,
  owners: string[],
): Part[] {
  const idOf = ({ name, version }: typeof npm[number]) => `${name}@${version}`;
  const refOf = (id: string) => `${fileRef(path)}#npm:${id}`;
  const ids = new Set(npm.map(idOf));
  return npm.map((item): Part => {
    const { version, license, files, sha256, dependencies = [] } = item;
    const named = namesOf(item.name);
    const isRoot = npmRoots?.includes(idOf(item)) ?? true;
    return {
      type: "library",
      "bom-ref": refOf(idOf(item)),
      ...named,
      ...version && { version },
      ...licenses(license ? [license] : []),
      purl: purl("npm", named.group, named.name, version),
      ...properties({ files, "files:sha256": sha256 }),
      ...evidence([path], "purl", [
        ["manifest-analysis", `npm package ${item.name}`],
      ]),
      needs: dependencies.filter((id) => ids.has(id)).map(refOf),
      owners: isRoot ? owners : [],
    };
  });
}

/** `https://jsr.io/@scope/name/1.0.0/path` */
const JSR = /^https:\/\/jsr\.io\/(@[^/]+\/[^/]+)\/([^/]+)\/./;

/** A module, with the jsr package that it is of. */
function moduleComponents(
  path: string,
  { specifier, sha256 }: ProgramItem["modules"][number],
  owners: string[],
): Part[] {
  const module = embedded(path, "module", specifier, sha256);
  const [, name, version] = specifier.match(JSR) ?? [];
  if (name === undefined) return [{ ...module, owners }];
  const named = namesOf(name);
  const url = purl("generic", `jsr.io/${named.group}`, named.name, version);
  const ref = `${fileRef(path)}#${url}`;
  return [{ ...module, owners: [ref] }, {
    type: "library",
    "bom-ref": ref,
    ...named,
    version,
    purl: url,
    ...distributed(`https://jsr.io/${name}@${version}`),
    ...evidence([path], "purl", [["binary-analysis", specifier]]),
    owners,
  }];
}

/** A file in a program. */
function embedded(
  path: string,
  kind: "asset" | "module",
  name: string,
  sha256: string | undefined,
): Component {
  return {
    type: "file",
    "bom-ref": `${fileRef(path)}#${name}`,
    name,
    ...hashes(sha256),
    .../^https?:\/\//.test(name) && distributed(name),
    ...properties({ kind }),
    ...evidence([path]),
  };
}

/** `@scope/name` in the two fields that CycloneDX has for it. */
function namesOf(name: string): Pick<Component, "group" | "name"> {
  const [scope, ...rest] = name.split("/");
  return rest.length > 0 ? { group: scope, name: rest.join("/") } : { name };
}

/** Where it comes from, in characters that the schema takes as a URL. */
function distributed(text: string): Pick<Component, "externalReferences"> {
  const url = encodeURI(text.toWellFormed()).replace(
    /[[\]]|%25(?=[0-9A-Fa-f]{2})/g,
    (found) => found === "%25" ? "%" : `%${found.charCodeAt(0).toString(16)}`,
  );
  return { externalReferences: [{ type: "distribution", url }] };
}

/** What tells runtimes apart, which is their `bom-ref` too. */
function runtimeRef({ path, sha256, deno }: RuntimeItem): string {
  return `deno@${deno ?? ""}#${sha256 ?? path}`;
}

function runtimeComponents(runtimes: RuntimeItem[]): Part[] {
  const byRef = Map.groupBy(runtimes, runtimeRef);
  const engines = runtimes.filter(({ v8 }) => v8);
  const byEngine = Map.groupBy(engines, ({ v8 }) => `v8@${v8}`);
  return [
    ...Array.from(byRef, ([ref, items]) => denoComponent(ref, items)),
    ...Array.from(byEngine, ([ref, items]) => v8Component(ref, items)),
  ];
}

function denoComponent(ref: string, items: RuntimeItem[]): Part {
  const { deno: version, sha256 } = items[0];
  return {
    type: "platform",
    "bom-ref": ref,
    supplier: { name: "Deno Land Inc." },
    name: "deno",
    ...version && { version },
    description: "The Deno runtime",
    ...hashes(sha256),
    ...licenses(["MIT"]),
    ...version && {
      cpe: `cpe:2.3:a:deno:deno:${version}:*:*:*:*:*:*:*`,
      purl: purl("github", "denoland", "deno", `v${version}`),
    },
    externalReferences: [
      { type: "vcs", url: "https://github.com/denoland/deno" },
    ],
    ...versionEvidence(version && `Deno/${version}`, items),
  };
}

function v8Component(ref: string, items: RuntimeItem[]): Part {
  const { v8: version = "" } = items[0];
  return {
    type: "library",
    "bom-ref": ref,
    supplier: { name: "The V8 project authors" },
    name: "v8",
    version,
    description: "The JavaScript engine of the Deno runtime",
    ...licenses(["BSD-3-Clause"]),
    purl: purl("github", "v8", "v8", version.split("-")[0]),
    ...versionEvidence(version, items),
    owners: items.map(runtimeRef),
  };
}

/** The version is known from a text in the binary. */
function versionEvidence(text: string | undefined, items: RuntimeItem[]) {
  const methods: Methods = text
    ? [["binary-analysis", `the binary holds ${text}`]]
    : [];
  return evidence(items.map(({ path }) => path), "version", methods);
}

/** A UUID of version 8: its bits are the SHA-256 of the text. */
function serialNumber(text: string): string {
  const hex = hash("sha256", text);
  const variant = (Number.parseInt(hex[16], 16) & 3 | 8).toString(16);
  return "urn:uuid:" + hex.replace(
    /^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/,
    `$1-$2-8$3-${variant}$4-$5`,
  );
}

/** Properties of ours that are known; `docs/sbom.md` documents their names. */
function properties(
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

function hashes(sha256: string | undefined): Pick<Component, "hashes"> {
  return sha256 ? { hashes: [{ alg: "SHA-256", content: sha256 }] } : {};
}

/** In which files of the image a component lies, and how a field of it is known. */
function evidence(
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
function licenses(stated: string[]): { licenses?: LicenseChoice[] } {
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
function purl(
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
