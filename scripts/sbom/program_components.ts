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
  type Parts,
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

export function programComponents(program: ProgramItem): Parts {
  const { path, sha256, runtime, assets } = program;
  const ref = fileRef(path);
  const parts: Required<Parts> = {
    components: [],
    dependencies: [],
    roots: [ref],
  };
  parts.components.push({
    type: "application",
    "bom-ref": ref,
    name: path.slice(path.lastIndexOf("/") + 1),
    description: "A program made by deno compile",
    ...hashes(sha256),
    ...evidence([path]),
  }, ...assets.map((item) => embedded(path, "asset", item.path, item.sha256)));
  parts.dependencies.push({
    ref,
    dependsOn: [
      runtimeRef(runtime),
      ...addNpm(program, parts),
      ...addModules(program, parts),
      ...assets.map((item) => `${ref}#${item.path}`),
    ],
  });
  return parts;
}

/** Gives what the program itself asks for; all, if that is not known. */
function addNpm(
  { path, npm, npmRoots }: ProgramItem,
  parts: Required<Parts>,
): string[] {
  const refOf = (id: string) => `${fileRef(path)}#npm:${id}`;
  const ids = new Set(npm.map(({ name, version }) => `${name}@${version}`));
  const known = (wanted: Iterable<string>) =>
    [...wanted].filter((id) => ids.has(id)).map(refOf);
  for (const { name, version, license, files, sha256, dependencies } of npm) {
    const ref = refOf(`${name}@${version}`);
    parts.components.push({
      type: "library",
      "bom-ref": ref,
      ...named(name),
      ...version && { version },
      ...licenses(license ? [license] : []),
      purl: npmPurl(name, version),
      ...properties({ files, "files:sha256": sha256 }),
      ...evidence([path], "purl", [
        ["manifest-analysis", `npm package ${name}`],
      ]),
    });
    parts.dependencies.push({ ref, dependsOn: known(dependencies ?? []) });
  }
  return known(npmRoots ?? ids);
}

/** Gives the jsr packages, and the modules of none. */
function addModules(
  { path, modules }: ProgramItem,
  parts: Required<Parts>,
): string[] {
  const own: string[] = [];
  const packages = new Map<string, string[]>();
  for (const { specifier, sha256 } of modules) {
    const module = embedded(path, "module", specifier, sha256);
    parts.components.push(module);
    const [, name, version] = specifier.match(JSR) ?? [];
    if (name === undefined) {
      own.push(module["bom-ref"]);
      continue;
    }
    const purl = jsrPurl(name, version);
    const ref = `${fileRef(path)}#${purl}`;
    if (!packages.has(ref)) {
      packages.set(ref, []);
      parts.components.push({
        type: "library",
        "bom-ref": ref,
        ...named(name),
        version,
        purl,
        ...distributed(`https://jsr.io/${name}@${version}`),
        ...evidence([path], "purl", [["binary-analysis", specifier]]),
      });
    }
    packages.get(ref)?.push(module["bom-ref"]);
  }
  for (const [ref, dependsOn] of packages) {
    parts.dependencies.push({ ref, dependsOn });
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

export function runtimeComponents(runtimes: RuntimeItem[]): Parts {
  const byRef = Map.groupBy(runtimes, runtimeRef);
  const engines = runtimes.filter(({ v8 }) => v8);
  const byEngine = Map.groupBy(engines, ({ v8 }) => `v8@${v8}`);
  return {
    components: [
      ...Array.from(byRef, ([ref, items]) => denoComponent(ref, items)),
      ...Array.from(byEngine, ([ref, items]) => v8Component(ref, items)),
    ],
    dependencies: Array.from(byRef, ([ref, [{ v8 }]]) => ({
      ref,
      dependsOn: v8 ? [`v8@${v8}`] : [],
    })),
    roots: [...byRef.keys()],
  };
}

function denoComponent(ref: string, items: RuntimeItem[]): Component {
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
      purl: githubPurl("denoland", "deno", `v${version}`),
    },
    externalReferences: [
      { type: "vcs", url: "https://github.com/denoland/deno" },
    ],
    ...versionEvidence(version && `Deno/${version}`, items),
  };
}

function v8Component(ref: string, items: RuntimeItem[]): Component {
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
