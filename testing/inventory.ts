/**
 * The official validator for CycloneDX, and an inventory for it.
 *
 * @module
 */
import type { Inventory } from "../scripts/sbom/inventory.ts";
import type { Bom } from "../scripts/sbom/bill_of_materials.ts";
import { image } from "./image.ts";
import { validate } from "./validate.ts";

/** @returns What the strict schema of CycloneDX 1.6 has against it, or `null`. */
export async function complaints(bom: Bom): Promise<unknown> {
  return (await validate("bom", [bom]))[0];
}

/** SHA-256 of nothing in particular. */
export function sha256(digit: string): string {
  return digit.repeat(64);
}

/** An inventory; an empty image unless told. */
export function inventoryFixture(parts: Partial<Inventory> = {}): Inventory {
  return {
    image: {
      ...image([]),
      reference: "localhost:5000/team/hello:1.2",
      id: `sha256:${sha256("a")}`,
    },
    packages: [],
    unreadPackages: [],
    programs: [],
    runtimes: [],
    binaries: [],
    otherFiles: 0,
    ...parts,
  };
}
