/**
 * What services take: the time to their first good answer, memory, as the host sees
 * it in `/proc`, and the memory floor: the smallest limit under which an image still
 * serves a burst at half its free speed or better, and stops cleanly on SIGTERM.
 *
 * @module
 */
import { burst } from "../check/burst.ts";
import type { Contract } from "../check/contract_schema.ts";
import { endOf, GRACE_MS } from "../check/check_stop.ts";
import { endedBy, treeOf } from "../check/diagnose.ts";
import { failureOf } from "../check/run_check.ts";
import { runService, type Service, type Target } from "../check/run_service.ts";
import { sleep } from "../check/time_limit.ts";
import { isOfEnvironment, UserError } from "../lib/errors.ts";
import { textOf } from "../lib/files.ts";
import type { Container } from "../engine/engine.ts";
import type { Distribution, Variant } from "../report/report_schema.ts";

type Memory = Required<NonNullable<Variant["memoryBytes"]>>;

/** What one variant takes; what cannot be seen is absent. */
export interface Measured extends Pick<Variant, "processStartMs" | "cpuMs"> {
  startMs: Distribution;
  memoryBytes?: Memory;
}

/**
 * Starts each variant, by name, `runs` times, and measures the memory of its last
 * start. They take turns, so that what else happens on the machine hits all alike.
 * Each has been started before: its files are in the page cache.
 * When one cannot be measured, the others go on. Each start is told; `run` counts
 * from 1.
 *
 * @throws {UserError} When it is the environment that failed.
 */
export async function measureServices(
  targets: ReadonlyMap<string, Target>,
  { runs, onRun }: {
    runs: number;
    onRun?: (name: string, run: number, startMs: number) => void;
  },
): Promise<Map<string, Measured | UserError>> {
  const taken = new Map<string, Sample[] | UserError>();
  for (let run = 1; run <= runs; run++) {
    for (const [name, target] of targets) {
      const earlier = taken.get(name) ?? [];
      if (earlier instanceof UserError) continue;
      try {
        await using service = await runService(target);
        const sample: Sample = {
          startMs: service.readyMs,
          processMs: await processShare(service),
          cpuMs: (await readProcess(service.container))?.cpuMs,
        };
        if (run === runs) {
          const { contract, signal } = target;
          sample.memoryBytes = await measureMemory(service, contract, signal);
          const ended = sample.memoryBytes === undefined &&
            await endedBy(service.container, "while it was measured");
          if (ended) throw ended;
        }
        taken.set(name, [...earlier, sample]);
        onRun?.(name, run, service.readyMs);
      } catch (error) {
        taken.set(name, failureOf(error, target.signal));
      }
    }
  }
  return new Map(
    Array.from(taken, ([name, found]) => [
      name,
      found instanceof UserError ? found : summarise(found),
    ]),
  );
}

interface Sample {
  startMs: number;
  processMs?: number;
  cpuMs?: number;
  memoryBytes?: Memory;
}

function summarise(samples: Sample[]): Measured {
  const all = (figure: "processMs" | "cpuMs") =>
    samples.flatMap((sample) => sample[figure] ?? []);
  const shares = all("processMs");
  const cpu = all("cpuMs");
  const memoryBytes = samples.at(-1)?.memoryBytes;
  return {
    startMs: distribution(samples.map(({ startMs }) => startMs)),
    ...shares.length > 0 && { processStartMs: distribution(shares) },
    ...cpu.length > 0 && { cpuMs: median(cpu) },
    ...memoryBytes && { memoryBytes },
  };
}

/** Milliseconds of a start that were the program's, not the engine's. */
async function processShare(
  { container, readyMs }: Service,
): Promise<number | undefined> {
  const startedAt = await container.processStartedAt();
  if (startedAt === undefined) return undefined;
  const share = container.startedAt + readyMs - startedAt;
  // Else a clock was set meanwhile, or the engine noticed it too late.
  return share > 0 && share <= readyMs ? share : undefined;
}

const LOOK_MS = 100;
/** It has settled when so many looks in a row differ by less than 1 %. */
const LOOKS = 4;
/** After so many looks the last one counts. */
const MAX_LOOKS = 40;
/** The burst is cut off after so many milliseconds. */
const BURST_MS = 30_000;

/**
 * Measures a container that serves and has had no load yet, once its resident set
 * has settled. `undefined` where the host does not see the process.
 */
export async function measureMemory(
  { container, url }: Pick<Service, "container" | "url">,
  contract: Contract,
  signal?: AbortSignal,
): Promise<Memory | undefined> {
  const read = () => readProcess(container);
  const idle = await settle(read, (ms) => sleep(ms, signal));
  if (!idle) return undefined;
  await burst(url, contract, BURST_MS, signal);
  const loaded = await settle(read, (ms) => sleep(ms, signal));
  if (!loaded) return undefined;
  return {
    idle: idle.rssBytes,
    loaded: loaded.rssBytes,
    peak: loaded.peakBytes,
  };
}

/** Looks at a process until it has settled; `undefined` once it is not there. */
export async function settle(
  read: () => Promise<ServiceProcess | undefined>,
  wait: (milliseconds: number) => Promise<void>,
): Promise<ServiceProcess | undefined> {
  const looks: number[] = [];
  for (;;) {
    const process = await read();
    if (!process) return undefined;
    looks.push(process.rssBytes);
    const recent = looks.slice(-LOOKS);
    const spread = Math.max(...recent) - Math.min(...recent);
    const settled = recent.length === LOOKS &&
      spread <= process.rssBytes / 100;
    if (settled || looks.length === MAX_LOOKS) return process;
    await wait(LOOK_MS);
  }
}

/** The figures that a report shows of some runs, in milliseconds. */
export function distribution(samples: readonly number[]): Distribution {
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    median: median(samples),
    // By nearest rank; multiplied first, since 0.95 * 20 is not 19 in binary.
    p95: sorted[Math.ceil(95 * sorted.length / 100) - 1],
    runs: samples.length,
    samples: [...samples],
  };
}

/** The middle, or the mean of the two in the middle. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[half]
    : (sorted[half - 1] + sorted[half]) / 2;
}

/** Figures of the service's process. */
export interface ServiceProcess {
  pid: number;
  /** Resident now (`VmRSS`). */
  rssBytes: number;
  /** Largest resident set since the program started (`VmHWM`). */
  peakBytes: number;
  /** User and system time so far, in milliseconds; the kernel counts in steps of 10. */
  cpuMs: number;
}

/** The container's service, unless the host does not see it or it has ended. */
export async function readProcess(
  container: Container,
): Promise<ServiceProcess | undefined> {
  const main = await container.pid();
  return main === undefined ? undefined : await readTree(main);
}

/**
 * The process with the largest resident set of a tree, by the id of its top: a
 * container's first one may be a small init or a wrapper.
 */
export async function readTree(
  root: number,
): Promise<ServiceProcess | undefined> {
  let largest: ServiceProcess | undefined;
  for (const pid of treeOf(root)) {
    const ticks = parseStat(await textOf(`/proc/${pid}/stat`));
    const memory = parseStatus(await textOf(`/proc/${pid}/status`));
    if (ticks === undefined || !memory) continue;
    if (largest && largest.rssBytes >= memory.rssBytes) continue;
    largest = { pid, ...memory, cpuMs: ticks * 1000 / TICKS_PER_SECOND };
  }
  return largest;
}

/** As Linux shows them to user space on every architecture that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** Memory, from `/proc/<pid>/status`; a kernel thread and a zombie have none. */
export function parseStatus(
  text: string,
): Pick<ServiceProcess, "rssBytes" | "peakBytes"> | undefined {
  const bytes = (name: string) => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text);
    return match ? Number(match[1]) * 1024 : undefined;
  };
  const rssBytes = bytes("VmRSS");
  const peakBytes = bytes("VmHWM");
  return rssBytes === undefined || peakBytes === undefined
    ? undefined
    : { rssBytes, peakBytes };
}

/**
 * User and system time, in clock ticks, from `/proc/<pid>/stat`. The name in
 * parentheses may hold such itself, so fields are counted from the last one.
 */
export function parseStat(text: string): number | undefined {
  const end = text.lastIndexOf(")");
  const fields = text.slice(end + 1).trim().split(" ");
  // Fields are numbered from 1 in proc(5); field 3 is the first after the name.
  const ticks = Number(fields[14 - 3]) + Number(fields[15 - 3]);
  return end > 0 && Number.isInteger(ticks) ? ticks : undefined;
}

const MIB = 1 << 20;
const MOST_MIB = 512;
/** The limits that are tried, from 16 MiB in steps of 4. */
const LIMITS = Array.from(
  { length: (MOST_MIB - 16) / 4 + 1 },
  (_, index) => (16 + 4 * index) * MIB,
);
/** A first burst warms the program up; the better one of so many counts. */
const BURSTS = 2;

interface MemoryFloor {
  /** Absent: there is none, or it cannot be found here. */
  bytes?: number;
  /** Why there are no bytes, or what makes them doubtful. */
  note?: string;
}

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
  const note = engine.cannot.memoryBytes;
  if (note !== undefined) return { note };

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
    return { note: `it does not serve within ${MOST_MIB} MiB` };
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
