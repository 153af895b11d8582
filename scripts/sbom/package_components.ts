/**
 * Packages of a distribution as components, and which needs which.
 *
 * @module
 */
import {
  type Component,
  type Method,
  type Parts,
  properties,
} from "./cyclonedx.ts";
import { licenses } from "./licenses.ts";
import type { InstalledPackage } from "./package_files.ts";
import { packagePurl } from "./purl.ts";

/**
 * Makes components of packages: installed ones, and those files were traced to.
 * A package that is both, or that several images have, is one component.
 */
export function packageComponents(packages: InstalledPackage[]): Parts {
  const byPurl = Map.groupBy(packages, packagePurl);
  const refs = new Map<string, string>();
  for (const [purl, [{ name, provides = [] }]] of byPurl) {
    for (const met of [name, ...provides]) refs.set(met, purl);
  }
  return {
    components: [...byPurl].map(([purl, same]) => component(purl, same)),
    dependencies: [...byPurl].map(([ref, [{ depends }]]) => ({
      ref,
      dependsOn: depends.flatMap((alternatives) =>
        // One that is there answers; the others are not what is used.
        alternatives.map((name) => refs.get(name)).find(Boolean) ?? []
      ),
    })),
    roots: [...byPurl.keys()],
  };
}

function component(purl: string, same: InstalledPackage[]): Component {
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
    evidence: {
      identity: [{
        field: "purl",
        confidence: 1,
        methods: same.flatMap((item) => methods(item)),
      }],
      ...files.length > 0 && {
        occurrences: files.map(({ path }) => ({ location: path })),
      },
    },
  };
}

/** How it is known: from the image's own database, or file by file. */
function methods({ type, name, traced }: InstalledPackage): Method[] {
  if (!traced) {
    return [{
      technique: "manifest-analysis",
      confidence: 1,
      value: `${type === "deb" ? "dpkg" : "apk"} lists ${name}`,
    }];
  }
  return traced.files.map(({ path, sha256, origin }) => ({
    technique: "hash-comparison",
    confidence: 1,
    value: `${path} has the SHA-256 ${sha256} of ${origin} in ${traced.from}`,
  }));
}
