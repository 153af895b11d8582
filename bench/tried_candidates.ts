/**
 * What might make the service start sooner, take less memory or serve more:
 * the list that `bench/tried.ts` measures.
 *
 * @module
 */

/** One way to compile or to run the service. */
export interface Candidate {
  name: string;
  /** More flags for `deno compile`. */
  flags?: string[];
  /** More environment. */
  env?: Record<string, string>;
  /** Whether `deno bundle --minify` makes one module of it before. */
  bundle?: boolean;
  /** A command that changes the program, whose path is added at its end. */
  change?: [string, ...string[]];
  /** Whether it may keep V8's code cache: where `TMPDIR` can be written. */
  cache?: boolean;
}

/** The candidate that the others are compared with. */
export const PLAIN = "plain";

const V8_FLAGS = [
  // The young heap: one semi-space, and how it grows.
  "--max-semi-space-size=1",
  "--max-semi-space-size=2",
  "--max-semi-space-size=4",
  "--max-semi-space-size=8",
  "--semi-space-growth-factor=1",
  // The old heap.
  "--heap-growing-percent=20",
  "--max-heap-size=64",
  "--optimize-for-size",
  "--lite-mode",
  // Threads.
  "--single-threaded",
  "--single-threaded-gc",
  "--no-concurrent-recompilation",
  // Compilers.
  "--jitless",
  "--max-lazy",
  "--no-opt",
  "--no-maglev",
  "--no-sparkplug",
  "--always-sparkplug",
  "--no-flush-bytecode",
  "--stack-size=256",
  // Together.
  "--max-semi-space-size=1,--no-maglev",
  "--max-semi-space-size=2,--no-maglev",
  "--max-semi-space-size=4,--no-maglev",
];

const ENVIRONMENT: Record<string, string>[] = [
  { MALLOC_ARENA_MAX: "1" },
  { MALLOC_TRIM_THRESHOLD_: "65536" },
  { GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" },
  { LD_BIND_NOW: "1" },
  { DENO_NO_UPDATE_CHECK: "1" },
  { DENO_USE_CGROUPS: "" },
  { TOKIO_WORKER_THREADS: "1" },
];

/** All that was thought of; the first is what the others are compared with. */
export const CANDIDATES: readonly Candidate[] = [
  { name: PLAIN },
  // The same thing twice: how far the two lie apart is what chance does.
  { name: `${PLAIN}, again` },
  ...V8_FLAGS.map((flag) => ({ name: flag, flags: [`--v8-flags=${flag}`] })),
  { name: "code cache, second start", cache: true },
  { name: "--no-code-cache", flags: ["--no-code-cache"] },
  { name: "bundled and minified", bundle: true },
  ...ENVIRONMENT.map((env) => ({
    name: Object.entries(env).map((pair) => pair.join("=")).join(" "),
    env,
  })),
  { name: "strip", change: ["strip"] },
  { name: "upx", change: ["upx", "-q"] },
];
