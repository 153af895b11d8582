/**
 * Debian packages: mmdebstrap, given the mirror and the network settings of the
 * machine's own apt, and one sentence for each of the ways in which it fails.
 *
 * @module
 */
import { byteStream } from "../lib/byte_stream.ts";
import { attempt } from "../lib/command.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { mirrorSources, networkOptions } from "./mirror.ts";
import type { Architecture } from "../lib/platform.ts";
import { SUITE } from "./pins.ts";

/** The newest time that a file of an assembled base may have. */
export const EPOCH_SECONDS = 1735689600;

/** Lines at the end of mmdebstrap's output that tell why it failed. */
const LAST_LINES = 40;

/** What writing a root filesystem needs. */
export interface WriteOptions {
  architecture: Architecture;
  /** A folder for temporary files, which exists and is removed by the caller. */
  folder: string;
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

/** What a run of mmdebstrap needs. */
interface DebianOptions extends WriteOptions {
  variant: "minbase" | "extract";
  packages: readonly string[];
  /** Further arguments, before the suite. */
  args?: readonly string[];
  /** `-` for stdout. */
  target: string;
}

/**
 * Runs mmdebstrap.
 *
 * @param options What to install or extract, and where to.
 * @returns Its stdout, the tar when the target is `-`. It starts with the first
 * read; when it fails, the stream errors with what {@linkcode debianError} makes
 * of it.
 */
export async function debian(
  options: DebianOptions,
): Promise<ReadableStream<Uint8Array>> {
  const { variant, packages, architecture, args = [], target } = options;
  const { sources, settings } = await machine(options.signal);
  return byteStream("mmdebstrap", [
    `--variant=${variant}`,
    `--architectures=${architecture}`,
    `--include=${packages.join(",")}`,
    ...settings.map((setting) => `--aptopt=${setting}`),
    ...args,
    SUITE,
    target,
    ...sources,
  ], {
    env: {
      SOURCE_DATE_EPOCH: String(EPOCH_SECONDS),
      TMPDIR: options.folder,
    },
    onLine: (line) => options.onLine?.(line.replace(/^I: /, "")),
    signal: options.signal,
    explain: ({ output }) =>
      debianError(output.trim().split("\n").slice(-LAST_LINES).join("\n")),
  });
}

async function machine(signal?: AbortSignal) {
  const list = async (...more: string[]) => {
    const args = ["indextargets", "Created-By: Packages", ...more];
    const { stdout } = await attempt("apt-get", args, { signal });
    return mirrorSources(stdout);
  };
  const format = ["--no-empty", "--format=%f %v%n"];
  const [signed, dump] = await Promise.all([
    list(),
    attempt("apt-config", ["dump", ...format], { signal }),
  ]);
  return {
    // Before the first `apt-get update` nothing is signed.
    sources: signed.length > 0 ? signed : await list("--no-release-info"),
    settings: networkOptions(dump.stdout),
  };
}

/** Reasons by what mmdebstrap and apt write; the first that matches counts. */
const REASONS: readonly [RegExp, string, string][] = [
  [
    /No space left on device/i,
    "no space left on the device",
    "Free some space where temporary files go, or set TMPDIR to a folder with 1 GB",
  ],
  [
    /NO_PUBKEY|is not signed|public key is not available|Missing key|cannot find.*keyring|no valid OpenPGP/i,
    `the machine cannot check the signatures of Debian ${SUITE}`,
    "apt-get install debian-archive-keyring (a newer one, if it is there already)",
  ],
  [
    /Could not resolve|Temporary failure resolving|Unable to connect|Could not connect|Connection (failed|refused|timed out)|Failed to fetch|is not available|\b40[347]\b.*\[/i,
    "its mirror does not answer",
    "Check apt's mirror and proxy: apt-get update, apt-config dump Acquire::http::Proxy",
  ],
  [
    /have to be root|newuidmap|unshare|Operation not permitted|superuser/i,
    "it may not make a root filesystem",
    "Run as root, or give your user a range in /etc/subuid and install uidmap",
  ],
];

/**
 * Says why mmdebstrap failed.
 *
 * @param output The end of its stderr.
 */
export function debianError(output: string): UserError {
  const [, reason, next] = REASONS.find(([pattern]) => pattern.test(output)) ??
    [, "mmdebstrap failed", "Read its output below"];
  return new UserError(`Cannot assemble Debian ${SUITE}: ${reason}`, {
    next,
    exitCode: EXIT.environment,
    output,
  });
}
