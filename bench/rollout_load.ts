/**
 * The load of `bench/rollout.ts`, run by Deno in a pod of its own, so without
 * imports: asks one path on kept and on new connections until its time is over,
 * and prints the totals as a line of JSON each second. A request without a whole
 * 200 counts as lost; nothing is tried again.
 *
 * @module
 */

/** Requests so far. */
export interface Totals {
  ok: number;
  lost: number;
  /** How often each kind of failure occurred. */
  failures: Record<string, number>;
}

/** Milliseconds between two requests of one worker. */
const PAUSE_MS = 10;
/** How long an answer may take, in ms. */
const PATIENCE_MS = 5_000;

/**
 * Sends one request on a connection and reads the whole answer.
 *
 * @returns The status, and whether the server closes the connection.
 */
async function ask(
  connection: Deno.Conn,
  path: string,
  keep: boolean,
): Promise<{ status: number; closes: boolean }> {
  const head = `GET ${path} HTTP/1.1\r\nHost: hello\r\n${
    keep ? "" : "Connection: close\r\n"
  }\r\n`;
  await connection.write(new TextEncoder().encode(head));
  const buffer = new Uint8Array(4096);
  let text = "";
  for (;;) {
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) {
      const headers = text.slice(0, end).toLowerCase();
      const length = Number(/\r\ncontent-length: (\d+)/.exec(headers)?.[1]);
      if (text.length >= end + 4 + length) {
        return {
          status: Number(headers.slice(9, 12)),
          closes: !keep || /\r\nconnection: close/.test(headers),
        };
      }
    }
    const count = await connection.read(buffer);
    if (count === null) throw new Error("closed before the whole answer");
    // Latin-1, so that characters count as bytes.
    text += String.fromCharCode(...buffer.subarray(0, count));
  }
}

/** Asks again and again until `until` (as `Date.now()`); adds to the totals. */
export async function worker(
  target: { hostname: string; port: number; path: string },
  keep: boolean,
  until: number,
  totals: Totals,
): Promise<void> {
  let connection: Deno.Conn | undefined;
  const close = () => {
    try {
      connection?.close();
    } catch {
      // The time limit has closed it.
    }
    connection = undefined;
  };
  while (Date.now() < until) {
    const reused = connection !== undefined;
    const late = setTimeout(close, PATIENCE_MS);
    try {
      connection ??= await Deno.connect(target);
      const { status, closes } = await ask(connection, target.path, keep);
      if (status !== 200) throw new Error(`status ${status}`);
      totals.ok++;
      if (closes) close();
    } catch (error) {
      close();
      totals.lost++;
      const kind = `${reused ? "kept" : "new"} connection: ${
        error instanceof Error ? error.message : error
      }`;
      totals.failures[kind] = (totals.failures[kind] ?? 0) + 1;
    } finally {
      clearTimeout(late);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  close();
}

if (import.meta.main) {
  const [hostname, port, path, seconds, workers] = Deno.args;
  const until = Date.now() + Number(seconds) * 1000;
  const totals: Totals = { ok: 0, lost: 0, failures: {} };
  const timer = setInterval(() => console.log(JSON.stringify(totals)), 1000);
  await Promise.all(
    Array.from(
      { length: Number(workers) },
      // Every third worker opens a connection for each request.
      (_, index) =>
        worker(
          { hostname, port: Number(port), path },
          index % 3 !== 2,
          until,
          totals,
        ),
    ),
  );
  clearInterval(timer);
  console.log(JSON.stringify(totals));
}
