/**
 * Reads which npm packages a program asks for, and which those ask for, from the
 * table that `deno compile` writes: u32 count of package ids; u32 count of what
 * the program asks for, (request, u32 index); for each package, u32 count of
 * (name, u32 index). Texts are a u32 length and as many bytes.
 *
 * @module
 */
import { viewOf } from "./elf.ts";
import type { ProgramContents } from "./program_files.ts";

/** The largest table that is held; one of 80 packages has 4 kB. */
export const MAX_RESOLUTION_BYTES = 16 * 1024 * 1024;

/** Packages as `name@version`. */
export interface Resolution {
  /** What the program itself asks for. */
  roots: string[];
  /** What each package asks for. */
  dependencies: Map<string, string[]>;
}

/**
 * Reads the table.
 *
 * @returns Nothing for a program without packages, or a table of another form.
 */
export function parseResolution(table: Uint8Array): Resolution | undefined {
  const view = viewOf(table);
  let at = 0;
  const number = () => {
    at += 4;
    return view.getUint32(at - 4, true);
  };
  const text = () => {
    const length = number();
    at += length;
    return new TextDecoder().decode(table.subarray(at - length, at));
  };
  const list = <T>(item: () => T): T[] => {
    const items: T[] = [];
    for (let left = number(); left > 0; left--) items.push(item());
    return items;
  };
  try {
    const packages = list(() => withoutPeers(text()));
    const reference = () => {
      text();
      const found = packages[number()];
      if (found === undefined) throw new RangeError("no such package");
      return found;
    };
    const roots = list(reference);
    const dependencies = new Map<string, string[]>();
    for (const name of packages) {
      dependencies.set(name, [
        ...dependencies.get(name) ?? [],
        ...list(reference),
      ]);
    }
    return at === table.length ? { roots, dependencies } : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined; // Ends too early.
    throw error;
  }
}

/** Adds to packages what they, and the program, were resolved to. */
export function resolved(
  { roots, dependencies }: Resolution,
  contents: ProgramContents,
): void {
  contents.npmRoots = distinct(roots);
  for (const item of contents.npm) {
    const found = dependencies.get(`${item.name}@${item.version}`);
    if (found) item.dependencies = distinct(found);
  }
}

/** `a@1.0.0_b@2.0.0` is the copy of `a@1.0.0` for the peer `b@2.0.0`. */
function withoutPeers(id: string): string {
  const version = id.indexOf("@", 1);
  const peers = version < 0 ? -1 : id.indexOf("_", version);
  return peers < 0 ? id : id.slice(0, peers);
}

function distinct(names: string[]): string[] {
  return [...new Set(names)].sort();
}
