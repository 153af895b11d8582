/**
 * The official validator for CycloneDX, and an inventory to hold to it.
 *
 * @module
 */
// The validator asks for these by name, and only finds what is imported.
import "ajv";
import "ajv-formats";
import "ajv-formats-draft2019";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import type { Inventory } from "../scripts/sbom/inventory.ts";
import type { Bom } from "../scripts/sbom/cyclonedx.ts";

const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);

/** @returns What the strict schema of CycloneDX 1.6 has against it, or `null`. */
export function complaints(bom: Bom): Promise<unknown> {
  return validator.validate(JSON.stringify(bom));
}

/** SHA-256 of nothing in particular. */
export function sha256(digit: string): string {
  return digit.repeat(64);
}

/** An inventory; an empty image unless told. */
export function inventoryFixture(parts: Partial<Inventory> = {}): Inventory {
  return {
    image: {
      reference: "localhost:5000/team/hello:1.2",
      id: `sha256:${sha256("a")}`,
      architecture: "amd64",
      os: "linux",
      diffIds: [],
      labels: {},
    },
    packages: [],
    programs: [],
    runtimes: [],
    binaries: [],
    otherFiles: 0,
    ...parts,
  };
}
