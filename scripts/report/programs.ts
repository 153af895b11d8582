/**
 * What is in the binaries of a report. Variants often ship the same program; it
 * is told once.
 *
 * @module
 */
import type { Report } from "./report_schema.ts";
import { formatBytes } from "../lib/format.ts";
import type { Program } from "../deno_binary/program_schema.ts";

/** A program, and the variants that ship it. */
export interface ShippedProgram {
  program: Program;
  variants: string[];
}

/** The programs of a report that differ by more than their path. */
export function programs({ variants }: Report): ShippedProgram[] {
  const found = new Map<string, ShippedProgram>();
  for (const { name, program } of variants) {
    if (program === undefined) continue;
    const key = JSON.stringify({ ...program, path: "" });
    const known = found.get(key);
    if (known !== undefined) known.variants.push(name);
    else found.set(key, { program, variants: [name] });
  }
  return [...found.values()];
}

/** A part of the application in a program. */
export interface ProgramPart {
  name: string;
  bytes: number;
}

/** Packages, modules and embedded files of a program, largest first. */
export function programParts(program: Program): ProgramPart[] {
  return [
    ...program.npm.map(({ name, version, bytes }) => ({
      name: `npm:${name}@${version}`,
      bytes,
    })),
    ...program.modules.map(({ specifier, bytes }) => ({
      name: specifier,
      bytes,
    })),
    ...(program.assets ?? []).map(({ path, bytes }) => ({ name: path, bytes })),
  ].sort((a, b) => b.bytes - a.bytes);
}

const PARTS = {
  own: "own modules",
  remote: "remote modules",
  npm: "npm packages",
  assets: "embedded files",
  metadata: "metadata",
};

/** What the application in a program is made of: most of it may be packages. */
export function applicationText({ parts }: Program): string {
  if (!parts) return "your code";
  const known = Object.entries(PARTS) as [keyof typeof PARTS, string][];
  return `application: ${
    known.filter(([part]) => parts[part] > 0)
      .map(([part, name]) => `${formatBytes(parts[part])} ${name}`).join(", ")
  }`;
}
