/**
 * An inventory as a CycloneDX bill of materials.
 *
 * @module
 */
import { hash } from "node:crypto";
import {
  type Bom,
  type Component,
  evidence,
  hashes,
  type Methods,
  type Part,
  properties,
} from "./cyclonedx.ts";
import type { Inventory } from "./inventory.ts";
import { licenses } from "./licenses.ts";
import type { InstalledPackage } from "./package_files.ts";
import {
  fileRef,
  programComponents,
  runtimeComponents,
  runtimeRef,
} from "./program_components.ts";
import { packagePurl } from "./purl.ts";

/** The same inventory at the same time gives the same text, serial number included. */
export function billOfMaterials(inventory: Inventory, time: Date): Bom {
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
  const bom: Bom = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
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

/** All parts, each once and in order; the image needs what none of them needs. */
function joined(
  image: string,
  parts: Part[],
): Pick<Bom, "components" | "dependencies"> {
  const components = new Map<string, Component>();
  const roots = parts.filter(({ root }) => root).map((part) => part["bom-ref"]);
  const allNeeds = new Map([[image, roots]]);
  for (const { needs = [], root: _, ...component } of parts) {
    const ref = component["bom-ref"];
    components.set(ref, component);
    const others = needs.filter((other) => other !== ref);
    allNeeds.set(ref, [...allNeeds.get(ref) ?? [], ...others]);
  }
  return {
    components: [...components.values()].sort((a, b) =>
      compare(a.type, b.type) || compare(a.group ?? "", b.group ?? "") ||
      compare(a.name, b.name) || compare(a["bom-ref"], b["bom-ref"])
    ),
    dependencies: [...allNeeds].map(([ref, needs]) => ({
      ref,
      dependsOn: [...new Set(needs)].sort(compare),
    })).sort((a, b) => compare(a.ref, b.ref)),
  };
}

/** The image. A purl would need the manifest's digest, which an archive has not. */
function imageComponent(
  { image, otherFiles, unreadPackages }: Inventory,
): Component {
  const { reference, id, architecture, os, diffIds, labels } = image;
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
      "image:diff-ids": diffIds.join(" ") || undefined,
      "image:title": labels["org.opencontainers.image.title"],
      "image:revision": labels["org.opencontainers.image.revision"],
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
    root: true,
  }];
}

function binaryComponents({ binaries }: Inventory): Part[] {
  return binaries.map(({ path, sha256, soname, library }) => ({
    type: library ? "library" : "file",
    "bom-ref": fileRef(path),
    name: soname ?? path.slice(path.lastIndexOf("/") + 1),
    ...hashes(sha256),
    ...properties({ kind: "binary", soname, traced: false }),
    ...evidence([path]),
    root: true,
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
    root: true,
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

/** A UUID of version 8: its bits are the SHA-256 of the text. */
function serialNumber(text: string): string {
  const hex = hash("sha256", text);
  const variant = (Number.parseInt(hex[16], 16) & 3 | 8).toString(16);
  return "urn:uuid:" + hex.replace(
    /^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/,
    `$1-$2-8$3-${variant}$4-$5`,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
