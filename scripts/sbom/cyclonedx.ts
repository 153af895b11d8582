/**
 * The part of CycloneDX 1.6 that is written here, as types. The models of the
 * official library have no evidence of identity and no occurrences, which is what
 * an auditor asks for first; its validator holds what is written to the schema.
 *
 * @module
 */

/** A bill of materials. */
export interface Bom {
  $schema: string;
  bomFormat: "CycloneDX";
  specVersion: "1.6";
  /** `urn:uuid:…` */
  serialNumber: string;
  version: number;
  metadata: {
    /** RFC 3339. */
    timestamp: string;
    tools: { components: Component[] };
    component: Component;
  };
  components: Component[];
  dependencies: Dependency[];
  compositions: { aggregate: "incomplete" | "unknown"; assemblies: string[] }[];
}

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
  evidence?: Evidence;
}

/** A licence: by its SPDX id or its name, or an SPDX expression alone. */
export type LicenseChoice =
  | { license: { id: string } | { name: string } }
  | { expression: string };

/** How it is known what a component is, and where in the image it lies. */
export interface Evidence {
  identity?: {
    field: "purl" | "version";
    confidence: number;
    methods: Method[];
  }[];
  occurrences?: { location: string }[];
}

/** One way in which it is known what a component is. */
export interface Method {
  technique: "binary-analysis" | "hash-comparison" | "manifest-analysis";
  /** 0 to 1. */
  confidence: number;
  value: string;
}

/** What a component needs or consists of, by `bom-ref`. */
export interface Dependency {
  ref: string;
  dependsOn: string[];
}

/** Components with what each needs. */
export interface Parts {
  components: Component[];
  dependencies?: Dependency[];
  /** What the image itself needs or consists of. */
  roots: string[];
}

/**
 * A property of ours; their names are documented in `docs/sbom.md`.
 *
 * @param value Left out when it is not known.
 */
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

/** A SHA-256, if it is known. */
export function hashes(sha256: string | undefined): Pick<Component, "hashes"> {
  return sha256 ? { hashes: [{ alg: "SHA-256", content: sha256 }] } : {};
}
