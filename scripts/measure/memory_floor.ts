/**
 * The memory floor: the smallest memory limit under which the image still serves
 * a burst at half its free speed or better, and stops cleanly on SIGTERM. It is
 * what to write into a manifest, plus some room.
 *
 * @module
 */
import { isOfEnvironment, UserError } from "../lib/errors.ts";
import { burst } from "../check/burst.ts";
import { endOf, GRACE_MS } from "../check/check_stop.ts";
import { readProcess } from "./read_process.ts";
import { runService, type Service, type Target } from "../check/run_service.ts";

const MIB = 1 << 20;
/** Steps in which limits are tried. */
const RESOLUTION = 4 * MIB;
/** A first burst warms the program up; the better one of so many counts. */
const BURSTS = 2;

/** The floor, or why there is none. */
type MemoryFloor = {
  bytes: number;
  /** What makes the figure doubtful; absent when it was taken as it should be. */
  note?: string;
} | { skipped: string };

/** Between which limits to look. */
interface MemoryFloorOptions {
  /** 16 MiB unless told. */
  lowerBytes?: number;
  /** 512 MiB unless told. */
  upperBytes?: number;
  /** Called with each limit tried and whether it was enough. */
  onTry?: (bytes: number, enough: boolean) => void;
}

/**
 * Finds the floor by halving, in steps of 4 MiB. Before each try the program is
 * taken out of the page cache, as on a machine that has never run it. A limit
 * that seems too slow is compared with a new free run before it counts as such:
 * the machine itself may have become slower.
 *
 * @param target The image; its contract states the burst.
 * @returns The floor, or the reason why it could not be found.
 * @throws {UserError} When the image does not even start without a limit.
 */
export async function memoryFloor(
  target: Target,
  options: MemoryFloorOptions = {},
): Promise<MemoryFloor> {
  const { engine, signal } = target;
  const { lowerBytes = 16 * MIB, upperBytes = 512 * MIB, onTry } = options;
  const reason = engine.cannot.memoryBytes;
  if (reason !== undefined) return { skipped: reason };

  await using stack = new AsyncDisposableStack();
  let program: CachedFile | undefined;
  const free = await measureFree(target, async ({ container }) => {
    const process = await readProcess(container);
    program = process && await holdFile(`/proc/${process.pid}/exe`);
    if (program) stack.use(program);
  });
  let cold = true;
  const bytes = await bisect(async (memoryBytes) => {
    cold = (await program?.forget() ?? false) && cold;
    const enough = await isEnough(target, memoryBytes, free);
    onTry?.(memoryBytes, enough);
    return enough;
  }, { lower: lowerBytes, upper: upperBytes, resolution: RESOLUTION, signal });
  if (bytes === undefined) {
    return { skipped: `it does not serve within ${upperBytes / MIB} MiB` };
  }
  return cold ? { bytes } : {
    bytes,
    note:
      "the program was in the page cache already, so a fresh machine needs more; root can measure that",
  };
}

interface Speed {
  /** Good answers per second. */
  perSecond: number;
  readyMs: number;
}

async function measureFree(
  target: Target,
  look: (service: Service) => Promise<void> = async () => {},
): Promise<Speed> {
  await using service = await runService(target);
  await look(service);
  const perSecond = await measureSpeed(target, service, 60_000);
  return { perSecond, readyMs: service.readyMs };
}

async function isEnough(
  target: Target,
  memoryBytes: number,
  free: Speed,
): Promise<boolean> {
  const { contract, signal } = target;
  // One that thrashes may never be ready; five times as slow is slow enough.
  const readyTimeoutMs = Math.min(
    contract.readyTimeoutMs,
    Math.ceil(1000 + 5 * free.readyMs),
  );
  const burstMs = contract.burst.requests * 1000 / free.perSecond;
  let perSecond: number;
  try {
    await using service = await runService(
      { ...target, contract: { ...contract, readyTimeoutMs } },
      { memoryBytes },
    );
    perSecond = await measureSpeed(target, service, 1000 + 4 * burstMs);
    if (perSecond === 0) return false;
    const wrong = await endOf(service.container, "SIGTERM", {
      exitCode: contract.stop.exitCode,
      withinMs: GRACE_MS,
      signal,
    });
    if (wrong.length > 0) return false;
  } catch (error) {
    signal?.throwIfAborted();
    // It did not start, or the engine would not start it with so little.
    if (error instanceof UserError && !isOfEnvironment(error)) return false;
    throw error;
  }
  if (perSecond >= free.perSecond / 2) return true;
  const now = await measureFree(target);
  return perSecond >= now.perSecond / 2;
}

/** Good answers per second; 0 as soon as one is bad or missing. */
async function measureSpeed(
  { contract, signal }: Target,
  { url }: Service,
  timeLimitMs: number,
): Promise<number> {
  let best = 0;
  for (let run = 0; run <= BURSTS; run++) {
    const result = await burst(
      url,
      contract,
      timeLimitMs,
      signal,
    );
    if (result.failed > 0) return 0;
    if (run > 0) best = Math.max(best, result.perSecond);
  }
  return best;
}

/** Where to look. */
interface BisectOptions {
  /** The smallest candidate. */
  lower: number;
  /** The largest candidate, if the resolution divides the range; else just below. */
  upper: number;
  /** Candidates are `lower`, `lower + resolution`, and so on. */
  resolution: number;
  signal?: AbortSignal;
}

/**
 * Finds the smallest candidate for which `holds`, which must hold for all larger
 * ones too. Asks once for the largest, then about log2 of the number of candidates.
 *
 * @param holds Asked one candidate at a time.
 * @returns The smallest, or `undefined` when it does not even hold for the largest.
 * @throws {RangeError} When there are no candidates.
 */
export async function bisect(
  holds: (value: number) => Promise<boolean>,
  options: BisectOptions,
): Promise<number | undefined> {
  const { lower, upper, resolution, signal } = options;
  if (!(upper >= lower && resolution > 0)) {
    throw new RangeError(
      `Cannot search ${lower} to ${upper} in steps of ${resolution}`,
    );
  }
  const value = (index: number) => lower + index * resolution;
  const ask = async (index: number) => {
    signal?.throwIfAborted();
    return await holds(value(index));
  };
  let good = Math.floor((upper - lower) / resolution);
  if (!await ask(good)) return undefined;
  for (let bad = -1; good - bad > 1;) {
    const middle = (good + bad) >> 1;
    if (await ask(middle)) good = middle;
    else bad = middle;
  }
  return value(good);
}

/**
 * Takes a file out of the page cache at each line. Its pages are charged to who
 * reads them first: after another run of the same image a memory limit would not
 * cover them, and look enough when on a fresh machine it is not.
 */
const SCRIPT = `exec 3<"$1" || exit 1
echo held
while read -r _; do
  if dd if=/dev/fd/3 iflag=nocache count=0 2>/dev/null; then echo 0; else echo 1; fi
done`;

/** A file that stays within reach when its container is gone. */
interface CachedFile extends AsyncDisposable {
  /**
   * Drops its pages that nobody has mapped, on disk and clean.
   *
   * @returns Whether this machine can do that.
   */
  forget(): Promise<boolean>;
}

/**
 * Keeps a file open in a shell of its own, which needs `sh` and GNU `dd`.
 *
 * @param path For example `/proc/<pid>/exe`.
 * @returns `undefined` when it cannot be opened: it takes root for another user's.
 */
export async function holdFile(path: string): Promise<CachedFile | undefined> {
  const child = new Deno.Command("sh", {
    args: ["-c", SCRIPT, "sh", path],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = child.stdin.getWriter();
  const end = async () => {
    await writer.close().catch(() => {});
    await lines.cancel();
    await child.status;
  };
  const { value } = await lines.read();
  if (value?.trim() !== "held") {
    await end();
    return undefined;
  }
  return {
    async forget() {
      await writer.write(new TextEncoder().encode("\n"));
      return (await lines.read()).value?.trim() === "0";
    },
    [Symbol.asyncDispose]: end,
  };
}
