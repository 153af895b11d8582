/**
 * Where a program could send data, by what Deno allows it.
 *
 * @module
 */
import type { Permissions } from "../deno_binary/program_schema.ts";

/** Addresses of the host that the program runs on, as Deno writes them. */
const OWN_HOST =
  /^(?:localhost|0\.0\.0\.0|127(?:\.\d+){3}(?:\/(?:[89]|[12]\d|3[0-2]))?|\[::1?\])(?::\d+)?$/i;

/**
 * The ways by which a program can reach another host. Programs that it starts
 * and native libraries that it loads are not bound by what Deno allows, so that
 * they are ways out too.
 *
 * @param permissions What it is allowed.
 * @param expected Hosts that it may connect to, as `host` or `host:port`.
 * @returns One phrase each; none: every connection to another host is refused.
 */
export function waysOut(
  permissions: Permissions,
  expected: readonly string[] = [],
): string[] {
  const { net, import: code, run, ffi } = permissions;
  const ways: string[] = [];
  if (net === "all") ways.push("any host");
  else ways.push(...(net ?? []).filter((host) => !isExpected(host, expected)));
  if (code === "all") ways.push("code from any host");
  else {
    const others = (code ?? []).filter((host) => !isExpected(host, expected));
    if (others.length > 0) ways.push(`code from ${others.join(", ")}`);
  }
  if (run === "all") ways.push("any program it starts");
  else if (run) ways.push(`a program it starts (${run.join(", ")})`);
  if (ffi === "all") ways.push("any native library");
  else if (ffi) ways.push(`a native library (${ffi.join(", ")})`);
  return ways;
}

function isExpected(host: string, expected: readonly string[]): boolean {
  if (OWN_HOST.test(host)) return true;
  const name = host.toLowerCase();
  return expected.some((item) => {
    const wanted = item.toLowerCase();
    return name === wanted ||
      name.startsWith(wanted) && /^:\d+$/.test(name.slice(wanted.length));
  });
}
