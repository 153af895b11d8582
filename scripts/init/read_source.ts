/**
 * What a service's own modules say about how to reach it: hints, found without
 * running them, that `init` shows before it writes anything.
 *
 * @module
 */

/** Port of `Deno.serve` when none is given. */
const DEFAULT_PORT = 8000;
/** Paths that services answer for probes, the likeliest first. */
const HEALTH_PATHS = [
  "/health",
  "/healthz",
  "/livez",
  "/readyz",
  "/ready",
  "/ping",
];

/** What modules say. */
export interface Hints {
  port: number;
  /** What told the port. */
  portSource: string;
  healthcheck: boolean;
  healthPath: string;
}

/**
 * Looks for hints.
 *
 * @param sources Texts of the modules, the entry first.
 * @returns The first port that is given a name or a fallback, else 8000; whether
 * an argument `healthcheck` is known; the likeliest path for probes, else `/`.
 */
export function readSource(sources: string[]): Hints {
  const text = sources.join("\n");
  const [port, portSource] = findPort(text);
  const known = (path: string) => new RegExp(`["'\`]${path}["'\`]`).test(text);
  return {
    port,
    portSource,
    healthcheck: /["'`]healthcheck["'`]/.test(text),
    healthPath: HEALTH_PATHS.find(known) ?? "/",
  };
}

/** A number that is called a port, or stands in for `PORT`, or is a usual one. */
function findPort(text: string): [port: number, source: string] {
  const called = /port\w*["']?\s*(?::\s*number\s*)?[:=]\s*(\d{2,5})\b/i;
  const fallback = /\bPORT\b[^\n]{0,40}?(?:\?\?|\|\|)\s*["']?(\d{2,5})\b/;
  const usual = /(?<![\w.])(3000|5000|8000|8080|8787|9000)(?![\w.])/;
  for (const form of [called, fallback, usual]) {
    const found = form.exec(text);
    if (found !== null) return [Number(found[1]), "a number in its modules"];
  }
  return [DEFAULT_PORT, "the default of Deno.serve"];
}
