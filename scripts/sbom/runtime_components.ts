/**
 * The Deno runtime and its V8 as components. Runtimes that are the same to the
 * byte are one component, wherever they lie.
 *
 * @module
 */
import type { RuntimeItem } from "./inventory.ts";
import { type Component, type Evidence, hashes } from "./cyclonedx.ts";
import { licenses } from "./licenses.ts";
import type { Parts } from "./package_components.ts";
import { githubPurl } from "./purl.ts";

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
