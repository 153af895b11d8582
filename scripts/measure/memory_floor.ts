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
import { readProcess } from "./measure_services.ts";
import { runService, type Service, type Target } from "../check/run_service.ts";

const MIB = 1 << 20;
const MOST_MIB = 512;
/** The limits that are tried, from 16 MiB in steps of 4. */
const LIMITS = Array.from(
  { length: (MOST_MIB - 16) / 4 + 1 },
  (_, index) => (16 + 4 * index) * MIB,
);
/** A first burst warms the program up; the better one of so many counts. */
const BURSTS = 2;

type MemoryFloor = {
  bytes: number;
  /** What makes the figure doubtful; absent when it was taken as it should be. */
  note?: string;
} | { skipped: string };

/**
 * Finds the floor by halving, in steps of 4 MiB, and tells of each limit tried.
 * Before each try the program is taken out of the page cache, as on a machine that
 * has never run it. A limit that seems too slow is compared with a new free run:
 * the machine itself may have become slower.
 *
 * @throws {UserError} When the image does not even start without a limit.
 */
export async function memoryFloor(
  target: Target,
  onTry: (bytes: number, enough: boolean) => void = () => {},
): Promise<MemoryFloor> {
  const { engine, signal } = target;
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
  const bytes = await bisect(LIMITS, async (memoryBytes) => {
    signal?.throwIfAborted();
    cold = (await program?.forget() ?? false) && cold;
    const enough = await isEnough(target, memoryBytes, free);
    onTry(memoryBytes, enough);
    return enough;
  });
  if (bytes === undefined) {
    return { skipped: `it does not serve within ${MOST_MIB} MiB` };
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
    const result = await burst(url, contract, timeLimitMs, signal);
    if (result.failed > 0) return 0;
    if (run > 0) best = Math.max(best, result.perSecond);
  }
  return best;
}

/** The first candidate that holds, if the last one does; from it on, all must hold. */
export async function bisect(
  candidates: number[],
  holds: (candidate: number) => Promise<boolean>,
): Promise<number | undefined> {
  let good = candidates.length - 1;
  if (!await holds(candidates[good])) return undefined;
  for (let bad = -1; good - bad > 1;) {
    const middle = (good + bad) >> 1;
    if (await holds(candidates[middle])) good = middle;
    else bad = middle;
  }
  return candidates[good];
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
  /** Drops its pages that nobody has mapped; false where a machine cannot do that. */
  forget(): Promise<boolean>;
}

/** Keeps a file open in a shell; `/proc/<pid>/exe` of another user's takes root. */
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
