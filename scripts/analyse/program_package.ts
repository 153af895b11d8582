/**
 * An npm package inside a program, while its files are gone through.
 *
 * @module
 */
import { hash } from "node:crypto";
import type { NpmContents } from "./program_files.ts";

/** Collects what is known of a package. */
export class ProgramPackage {
  bytes = 0;
  /** Counted only where details are wanted. */
  files = 0;
  #license?: string;
  readonly #hashes = new Map<string, string>();

  /** @param version `""` until a package.json tells it. */
  constructor(readonly name: string, public version: string) {}

  /** What takes the SHA-256 of one of its files. */
  hashed(file: string): (sha256: string) => void {
    return (sha256) => {
      this.#hashes.set(file, sha256);
    };
  }

  /** Takes the content of its package.json. */
  readonly takeManifest = (content: Uint8Array): void => {
    let json: unknown;
    try {
      json = JSON.parse(new TextDecoder().decode(content));
    } catch {
      return; // Broken, and so a fact less.
    }
    if (typeof json !== "object" || json === null) return;
    if ("version" in json && typeof json.version === "string") {
      this.version ||= json.version;
    }
    this.#license = licenseOf(json);
  };

  /** The package as the program's contents list it. */
  summary(): NpmContents {
    const { name, version, bytes, files } = this;
    const license = this.#license;
    return {
      name,
      version,
      bytes,
      ...files > 0 && { files },
      ...files > 0 && license && { license },
      // Of all files or of none: a hash of some would tell nothing.
      ...files > 0 && this.#hashes.size === files &&
        { sha256: hash("sha256", this.#list()) },
    };
  }

  /** The lines that `sha256sum` writes, by path. */
  #list(): string {
    return [...this.#hashes].sort(([a], [b]) => a < b ? -1 : 1)
      .map(([file, sha256]) => `${sha256}  ${file}\n`).join("");
  }
}

/**
 * The licence in a package.json: a string today; `{type}` or a list of those in
 * the manifests of old packages, any of which may be chosen.
 */
function licenseOf(manifest: object): string | undefined {
  const stated = "license" in manifest
    ? manifest.license
    : "licenses" in manifest
    ? manifest.licenses
    : undefined;
  const names = (Array.isArray(stated) ? stated : [stated]).map((item) =>
    typeof item === "object" && item !== null && "type" in item
      ? item.type
      : item
  ).filter((name) => typeof name === "string" && name.trim() !== "");
  return names.length > 1 ? `(${names.join(" OR ")})` : names[0];
}
