/**
 * Debian packages as components, and which needs which.
 *
 * @module
 */
import type { InstalledPackage } from "../inventory.ts";
import {
  type Component,
  type Dependency,
  type Evidence,
  properties,
} from "./cyclonedx.ts";
import { licenses } from "./licenses.ts";
import { debPurl } from "./purl.ts";

/** Components with what each needs. */
export interface Parts {
  components: Component[];
  dependencies: Dependency[];
  /** What the image itself needs or consists of. */
  roots: string[];
}

/** Makes components of packages: installed ones, and those files were traced to. */
export function packageComponents(packages: InstalledPackage[]): Parts {
  const refs = new Map<string, string>();
  for (const item of packages) refs.set(item.name, debPurl(item));
  return {
    components: packages.map(component),
    dependencies: packages.map((item) => ({
      ref: debPurl(item),
      dependsOn: item.depends.flatMap((alternatives) =>
        // One that is there answers; the others are not what is used.
        alternatives.map((name) => refs.get(name)).find(Boolean) ?? []
      ),
    })),
    roots: packages.map(debPurl),
  };
}

function component(item: InstalledPackage): Component {
  const { name, version, source, maintainer, traced } = item;
  const purl = debPurl(item);
  return {
    type: "library",
    "bom-ref": purl,
    ...maintainer && { supplier: { name: maintainer } },
    name,
    version,
    ...licenses(item.licenses),
    purl,
    ...properties({
      "source:name": source.name,
      "source:version": source.version,
      "traced:from": traced?.from,
      "traced:md5": traced &&
        `${
          traced.files.filter(({ verified }) => verified).length
        } of ${traced.files.length}`,
    }),
    evidence: evidence(item, purl),
  };
}

function evidence({ traced }: InstalledPackage, purl: string): Evidence {
  if (!traced) return identity("manifest-analysis", `dpkg lists ${purl}`);
  return {
    identity: [{
      field: "purl",
      confidence: 1,
      methods: traced.files.map(({ path, sha256, origin }) => ({
        technique: "hash-comparison",
        confidence: 1,
        value:
          `${path} has the SHA-256 ${sha256} of ${origin} in ${traced.from}`,
      })),
    }],
    occurrences: traced.files.map(({ path }) => ({ location: path })),
  };
}

function identity(
  technique: "manifest-analysis",
  value: string,
): Evidence {
  return {
    identity: [{
      field: "purl",
      confidence: 1,
      methods: [{ technique, confidence: 1, value }],
    }],
  };
}
