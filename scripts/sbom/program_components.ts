/**
 * Programs made by `deno compile` as components: the runtime and its V8, npm and
 * jsr packages, modules and embedded files. Runtimes that are the same to the
 * byte are one component, wherever they lie.
 *
 * @module
 */
import {
  type Component,
  type Evidence,
  hashes,
  type Parts,
  properties,
} from "./cyclonedx.ts";
import type { NpmItem, ProgramItem, RuntimeItem } from "./inventory.ts";
import { licenses } from "./licenses.ts";
import { githubPurl, jsrPurl, npmPurl } from "./purl.ts";

/** `https://jsr.io/@scope/name/1.0.0/path` */
const JSR = /^https:\/\/jsr\.io\/(@[^/]+\/[^/]+)\/([^/]+)\/./;

/** Makes components of a program. */
export function programComponents(program: ProgramItem): Parts {
  const ref = fileRef(program.path);
  const parts: Parts = { components: [], dependencies: [], roots: [ref] };
  const own = [runtimeRef(program.runtime)];
  parts.components.push({
    type: "application",
    "bom-ref": ref,
    name: program.path.slice(program.path.lastIndexOf("/") + 1),
    description: "A program made by deno compile",
    ...hashes(program.sha256),
    evidence: { occurrences: [{ location: program.path }] },
  });
  own.push(...addNpm(program, parts), ...addModules(program, parts));
  for (const { path, sha256 } of program.assets) {
    const asset = `${ref}#${path}`;
    parts.components.push(
      file(program, asset, path, sha256, { asset: true }),
    );
    own.push(asset);
  }
  parts.dependencies.push({ ref, dependsOn: own });
  return parts;
}

/** @returns What the program itself asks for; all, if that is not known. */
function addNpm({ path, npm, npmRoots }: ProgramItem, parts: Parts): string[] {
  const refs = new Map(
    npm.map((item) => [nameOf(item), npmRef(path, item)]),
  );
  const known = (names: string[]) =>
    names.map((name) => refs.get(name)).filter((ref) => ref !== undefined);
  for (const item of npm) {
    const ref = npmRef(path, item);
    const { name, version, license, files, sha256 } = item;
    parts.components.push({
      type: "library",
      "bom-ref": ref,
      ...named(name),
      ...version && { version },
      ...licenses(license ? [license] : []),
      purl: npmPurl(name, version),
      ...properties({ files, "files:sha256": sha256 }),
      evidence: inside(path, "manifest-analysis", `npm package ${name}`),
    });
    parts.dependencies.push({
      ref,
      dependsOn: known(item.dependencies ?? []),
    });
  }
  return npmRoots ? known(npmRoots) : [...refs.values()];
}

/** @returns The jsr packages, and the modules of none. */
function addModules(program: ProgramItem, parts: Parts): string[] {
  const own: string[] = [];
  const packages = new Map<string, string[]>();
  for (const { specifier, sha256 } of program.modules) {
    const ref = `${fileRef(program.path)}#${specifier}`;
    const [, name, version] = specifier.match(JSR) ?? [];
    parts.components.push(file(program, ref, specifier, sha256, {}));
    if (name === undefined) {
      own.push(ref);
      continue;
    }
    const purl = jsrPurl(name, version);
    const owner = `${fileRef(program.path)}#${purl}`;
    let modules = packages.get(owner);
    if (!modules) {
      packages.set(owner, modules = []);
      own.push(owner);
      parts.components.push({
        type: "library",
        "bom-ref": owner,
        ...named(name),
        version,
        purl,
        externalReferences: [{
          type: "distribution",
          url: uri(`https://jsr.io/${name}@${version}`),
        }],
        evidence: inside(program.path, "binary-analysis", specifier),
      });
    }
    modules.push(ref);
  }
  for (const [ref, dependsOn] of packages) {
    parts.dependencies.push({ ref, dependsOn });
  }
  return own;
}

function file(
  { path }: ProgramItem,
  ref: string,
  name: string,
  sha256: string | undefined,
  options: { asset?: boolean },
): Component {
  const remote = /^https?:\/\//.test(name);
  return {
    type: "file",
    "bom-ref": ref,
    name,
    ...hashes(sha256),
    ...remote && {
      externalReferences: [{ type: "distribution", url: uri(name) }],
    },
    ...properties({ kind: options.asset ? "asset" : "module" }),
    evidence: { occurrences: [{ location: path }] },
  };
}

function inside(
  path: string,
  technique: "manifest-analysis" | "binary-analysis",
  value: string,
): Evidence {
  return {
    identity: [{
      field: "purl",
      confidence: 1,
      methods: [{ technique, confidence: 1, value }],
    }],
    occurrences: [{ location: path }],
  };
}

/** `@scope/name` in the two fields that CycloneDX has for it. */
function named(name: string): Pick<Component, "group" | "name"> {
  const [scope, ...rest] = name.split("/");
  return rest.length > 0 ? { group: scope, name: rest.join("/") } : { name };
}

/** What the schema takes as a URL, whatever the specifier holds. */
function uri(text: string): string {
  return encodeURI(text.toWellFormed()).replace(
    /[[\]]|%25(?=[0-9A-Fa-f]{2})/g,
    (found) => found === "%25" ? "%" : `%${found.charCodeAt(0).toString(16)}`,
  );
}

function nameOf({ name, version }: NpmItem): string {
  return `${name}@${version}`;
}

function npmRef(path: string, item: NpmItem): string {
  return `${fileRef(path)}#npm:${nameOf(item)}`;
}

/** The `bom-ref` of a file in the image. */
export function fileRef(path: string): string {
  return `file:${path}`;
}

/** What tells runtimes apart, which is their `bom-ref` too. */
export function runtimeRef({ path, sha256, deno }: RuntimeItem): string {
  return `deno@${deno ?? ""}#${sha256 ?? path}`;
}

/** Makes components of runtimes. */
export function runtimeComponents(runtimes: RuntimeItem[]): Parts {
  const byRef = Map.groupBy(runtimes, runtimeRef);
  const engines = new Map<string, RuntimeItem[]>();
  const parts: Parts = { components: [], dependencies: [], roots: [] };
  for (const [ref, items] of byRef) {
    const [first] = items;
    parts.components.push(denoComponent(ref, items));
    parts.dependencies.push({
      ref,
      dependsOn: first.v8 ? [`v8@${first.v8}`] : [],
    });
    parts.roots.push(ref);
    if (first.v8) {
      engines.set(first.v8, [...engines.get(first.v8) ?? [], ...items]);
    }
  }
  for (const [version, items] of engines) {
    parts.components.push(v8Component(version, items));
    parts.dependencies.push({ ref: `v8@${version}`, dependsOn: [] });
  }
  return parts;
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
    evidence: evidence(version && `Deno/${version}`, items),
  };
}

function v8Component(version: string, items: RuntimeItem[]): Component {
  const [upstream] = version.split("-");
  return {
    type: "library",
    "bom-ref": `v8@${version}`,
    supplier: { name: "The V8 project authors" },
    name: "v8",
    version,
    description: "The JavaScript engine of the Deno runtime",
    ...licenses(["BSD-3-Clause"]),
    purl: githubPurl("v8", "v8", upstream),
    evidence: evidence(version, items),
  };
}

/** @param found The text in the binary that tells the version. */
function evidence(found: string | undefined, items: RuntimeItem[]): Evidence {
  return {
    ...found && {
      identity: [{
        field: "version",
        confidence: 1,
        methods: [{
          technique: "binary-analysis",
          confidence: 1,
          value: `the binary holds ${found}`,
        }],
      }],
    },
    occurrences: items.map(({ path }) => ({ location: path })),
  };
}
