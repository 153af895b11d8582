/**
 * Programs made by `deno compile` as components: the runtime and its V8, npm and
 * jsr packages, modules and embedded files. Runtimes that are the same to the
 * byte are one component, wherever they lie.
 *
 * @module
 */
import {
  type Component,
  evidence,
  hashes,
  type Methods,
  type Part,
  properties,
} from "./cyclonedx.ts";
import type { ProgramItem, RuntimeItem } from "./inventory.ts";
import { licenses } from "./licenses.ts";
import { githubPurl, jsrPurl, npmPurl } from "./purl.ts";

/** `https://jsr.io/@scope/name/1.0.0/path` */
const JSR = /^https:\/\/jsr\.io\/(@[^/]+\/[^/]+)\/([^/]+)\/./;

/** The `bom-ref`. */
export function fileRef(path: string): string {
  return `file:${path}`;
}

export function programComponents(program: ProgramItem): Part[] {
  const { path, sha256, runtime } = program;
  const assets = program.assets
    .map((item) => embedded(path, "asset", item.path, item.sha256));
  const parts: Part[] = [...assets];
  const needs = [
    runtimeRef(runtime),
    ...addNpm(program, parts),
    ...addModules(program, parts),
    ...assets.map((asset) => asset["bom-ref"]),
  ];
  return [...parts, {
    type: "application",
    "bom-ref": fileRef(path),
    name: path.slice(path.lastIndexOf("/") + 1),
    description: "A program made by deno compile",
    ...hashes(sha256),
    ...evidence([path]),
    needs,
    root: true,
  }];
}

/** Gives what the program itself asks for; all, if that is not known. */
function addNpm(
  { path, npm, npmRoots }: ProgramItem,
  parts: Part[],
): string[] {
  const refOf = (id: string) => `${fileRef(path)}#npm:${id}`;
  const ids = new Set(npm.map(({ name, version }) => `${name}@${version}`));
  const known = (wanted: Iterable<string>) =>
    [...wanted].filter((id) => ids.has(id)).map(refOf);
  for (const { name, version, license, files, sha256, dependencies } of npm) {
    parts.push({
      type: "library",
      "bom-ref": refOf(`${name}@${version}`),
      ...named(name),
      ...version && { version },
      ...licenses(license ? [license] : []),
      purl: npmPurl(name, version),
      ...properties({ files, "files:sha256": sha256 }),
      ...evidence([path], "purl", [
        ["manifest-analysis", `npm package ${name}`],
      ]),
      needs: known(dependencies ?? []),
    });
  }
  return known(npmRoots ?? ids);
}

/** Gives the jsr packages, and the modules of none. */
function addModules({ path, modules }: ProgramItem, parts: Part[]): string[] {
  const own: string[] = [];
  const packages = new Map<string, string[]>();
  for (const { specifier, sha256 } of modules) {
    const module = embedded(path, "module", specifier, sha256);
    parts.push(module);
    const [, name, version] = specifier.match(JSR) ?? [];
    if (name === undefined) {
      own.push(module["bom-ref"]);
      continue;
    }
    const purl = jsrPurl(name, version);
    const ref = `${fileRef(path)}#${purl}`;
    const needs = packages.get(ref) ?? [];
    needs.push(module["bom-ref"]);
    if (packages.has(ref)) continue;
    packages.set(ref, needs);
    parts.push({
      type: "library",
      "bom-ref": ref,
      ...named(name),
      version,
      purl,
      ...distributed(`https://jsr.io/${name}@${version}`),
      ...evidence([path], "purl", [["binary-analysis", specifier]]),
      needs,
    });
  }
  return [...own, ...packages.keys()];
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
function named(name: string): Pick<Component, "group" | "name"> {
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
export function runtimeRef({ path, sha256, deno }: RuntimeItem): string {
  return `deno@${deno ?? ""}#${sha256 ?? path}`;
}

export function runtimeComponents(runtimes: RuntimeItem[]): Part[] {
  const byRef = Map.groupBy(runtimes, runtimeRef);
  const engines = runtimes.filter(({ v8 }) => v8);
  const byEngine = Map.groupBy(engines, ({ v8 }) => `v8@${v8}`);
  return [
    ...Array.from(byRef, ([ref, items]) => denoComponent(ref, items)),
    ...Array.from(byEngine, ([ref, items]) => v8Component(ref, items)),
  ];
}

function denoComponent(ref: string, items: RuntimeItem[]): Part {
  const { deno: version, v8, sha256 } = items[0];
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
      purl: githubPurl("denoland", "deno", `v${version}`),
    },
    externalReferences: [
      { type: "vcs", url: "https://github.com/denoland/deno" },
    ],
    ...versionEvidence(version && `Deno/${version}`, items),
    needs: v8 ? [`v8@${v8}`] : [],
    root: true,
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
    purl: githubPurl("v8", "v8", version.split("-")[0]),
    ...versionEvidence(version, items),
  };
}

/** The version is known from a text in the binary. */
function versionEvidence(text: string | undefined, items: RuntimeItem[]) {
  const methods: Methods = text
    ? [["binary-analysis", `the binary holds ${text}`]]
    : [];
  return evidence(items.map(({ path }) => path), "version", methods);
}
