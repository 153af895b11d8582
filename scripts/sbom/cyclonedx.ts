/**
 * The part of CycloneDX 1.6 that is written here, as types. The models of the
 * official library have no evidence of identity and no occurrences, which is what
 * an auditor asks for first; its validator holds what is written to the schema.
 *
 * @module
 */

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
  dependencies: { ref: string; dependsOn: string[] }[];
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

export type LicenseChoice =
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
