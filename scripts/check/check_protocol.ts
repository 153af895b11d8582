/** Treats a service as careless, slow and hostile clients and scanners do. @module */
import type { Check } from "../report/report_schema.ts";
import type { Contract } from "./contract_schema.ts";
import {
  formatRequest,
  HttpConnection,
  type HttpRequest,
} from "./http_client.ts";
import { CannotCheck, runCheck } from "./run_check.ts";
import { withTimeLimit } from "./time_limit.ts";

/** Milliseconds that a check may take; some open 1,000 connections. */
const CHECK_MS = 20_000;
/** Most answers that a check waits for one after the other, with room to spare. */
const IN_SEQUENCE = 200;
/** Connections that are asked at once. */
const AT_ONCE = 50;

/** Throws what is wrong. */
type Work = (context: Context) => Promise<void>;
interface Context {
  contract: Contract;
  signal: AbortSignal;
  /** Answers in a row that there is time for. */
  most: number;
  /** Says what is waited for, for a check that does not end. */
  awaits(what: string): void;
  /** Opens a connection, which is closed at the end of the check. */
  open(): Promise<HttpConnection>;
  /** The status of an answer on a connection of its own. */
  ask(request: HttpRequest): Promise<number>;
}

/** Well-formed but unusual use. */
const UNUSUAL: [name: string, Work][] = [
  ["100 requests on one connection", keepAlive],
  ["20 pipelined requests, answered in order", pipelining],
  ["HEAD leaves the connection in step", head],
  ["unusual methods", methods],
  ["16 KiB of headers", largeHeaders],
  ["a path of 8,000 characters", longPath],
  ["1,000 idle connections", idleConnections],
  ["50 clients that send slowly", slowSenders],
  ["a client that does not read", slowReader],
];

const LINE = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n";
const POST = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n";

/**
 * Requests that RFC 9112 has a server refuse (its sections beside them), and with
 * which status: what is let through a proxy reads in one way, a server in another.
 */
const MALFORMED: [name: string, text: string, ...statuses: number[]][] = [
  // 3: not a request line.
  ["bytes that are not HTTP", "\x16\x03\x01\x02\x01 nonsense\r\n\r\n", 400],
  // 2.3 and RFC 9110, 15.6.6: a major version that is not known.
  ["an unknown version", "GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n", 400, 505],
  // 5.1
  ["a space before the colon", `${LINE}X-Name : value\r\n\r\n`, 400],
  ["a header without a colon", `${LINE}nonsense\r\n\r\n`, 400],
  // RFC 9110, 5.5
  ["a NUL in a header", `${LINE}X-Name: a\0b\r\n\r\n`, 400],
  // 6.3
  [
    "a content-length that is no number",
    `${POST}Content-Length: x\r\n\r\n`,
    400,
  ],
  [
    "two lengths that differ",
    `${POST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
    400,
  ],
  // 6.1
  [
    "an unknown transfer-encoding",
    `${POST}Transfer-Encoding: nonsense\r\n\r\n`,
    400,
    501,
  ],
];

/** Makes all checks, one after the other, each within 20 s and what slow answers take. */
export async function checkProtocol(
  url: string,
  contract: Contract,
  { signal, timeLimitMs = CHECK_MS }: {
    signal?: AbortSignal;
    timeLimitMs?: number;
  } = {},
): Promise<Check[]> {
  const latencyMs = await latencyOf(url, contract, timeLimitMs, signal);
  const limit = timeLimitMs + IN_SEQUENCE * latencyMs;
  const most = Math.floor(timeLimitMs / 2 / latencyMs);
  const slow = `healthPath alone took ${latencyMs} ms`;
  const goOn =
    `${slow}. It has to answer each, whatever other clients do; a handler that waits is not for healthPath in contract.json`;
  const all = [
    ...UNUSUAL.map(([name, treat]) => ({ name, treat, next: goOn })),
    ...MALFORMED.map(([name, text, ...statuses]) => ({
      name: `refuses ${name}`,
      treat: (context: Context) => refuses(context, text, statuses),
      next: `${slow}. It has to answer ${
        statuses.join(" or ")
      } and close the connection`,
    })),
  ];
  const checks: Check[] = [];
  for (const { name, treat, next } of all) {
    let awaited = "an answer";
    const awaits = (what: string) => {
      awaited = what;
    };
    const work = async (signal: AbortSignal) => {
      const during = async (work: Work) => {
        using stack = new DisposableStack();
        const open = async () =>
          stack.use(await HttpConnection.open(url, signal));
        const ask = async (request: HttpRequest) =>
          (await (await open()).request(request)).status;
        await work({ contract, signal, most, awaits, open, ask });
      };
      await during(treat);
      // Whatever it was, others must not notice.
      await during(async (context) => {
        context.awaits("the answer to another client afterwards");
        await health(await context.open(), context, "afterwards: ");
      });
      return [];
    };
    const waiting = () => `, waiting for ${awaited}; ${next}`;
    checks.push(await runCheck(name, limit, signal, work, waiting));
  }
  return checks;
}

/** Milliseconds of the slowest of a few answers, when nobody else asks. */
async function latencyOf(
  url: string,
  { healthPath: path }: Contract,
  timeLimitMs: number,
  signal?: AbortSignal,
): Promise<number> {
  try {
    return await withTimeLimit(timeLimitMs, signal, async (signal) => {
      using connection = await HttpConnection.open(url, signal);
      let slowest = 0;
      for (let answer = 0; answer < 5; answer++) {
        const start = performance.now();
        await connection.request({ path });
        slowest = Math.max(slowest, performance.now() - start);
      }
      return Math.ceil(slowest);
    });
  } catch {
    signal?.throwIfAborted();
    return 1; // The checks tell what is wrong.
  }
}

async function keepAlive(context: Context): Promise<void> {
  const connection = await context.open();
  for (let request = 1; request <= 100; request++) {
    context.awaits(`answer ${request} of 100`);
    await health(connection, context, `${request}: `);
  }
}

/** Two requests with answers that differ take turns, so that order shows. */
async function pipelining(context: Context): Promise<void> {
  const connection = await context.open();
  const texts = [context.contract.healthPath, "/not-there-0f3a"]
    .map((path) => formatRequest({ path }));
  const receive = async () => {
    const { status, body } = await connection.receive();
    return `${status} ${new TextDecoder().decode(body)}`;
  };
  const alone: string[] = [];
  for (const text of texts) {
    await connection.send(text);
    alone.push(await receive());
  }
  await connection.send(texts.join("").repeat(10));
  for (let answer = 0; answer < 20; answer++) {
    context.awaits(`the answer to request ${answer + 1} of 20`);
    if (await receive() !== alone[answer % 2]) {
      throw new Error(`answer ${answer + 1} differs from the one given alone`);
    }
  }
}

/** A body after HEAD would be taken for the next answer. */
async function head(context: Context): Promise<void> {
  const connection = await context.open();
  const path = context.contract.healthPath;
  const { status } = await connection.request({ method: "HEAD", path });
  if (status >= 500) throw new Error(`HEAD: status ${status}`);
  await health(connection, context);
}

const METHODS = ["OPTIONS", "PATCH", "PROPFIND", "TRACE", "X-Y", "get"];

async function methods({ contract, ask }: Context): Promise<void> {
  const wrong: string[] = [];
  for (const method of METHODS) {
    const status = await ask({ method, path: contract.healthPath });
    // 501 is how a server says that it does not know the method.
    if (status >= 500 && status !== 501) {
      wrong.push(`${method}: status ${status}`);
    }
  }
  if (wrong.length > 0) throw new Error(wrong.join("; "));
}

async function largeHeaders({ contract, ask }: Context): Promise<void> {
  const headers = Object.fromEntries(
    Array.from({ length: 64 }, (_, i) => [`x-filler-${i}`, "v".repeat(256)]),
  );
  const status = await ask({ path: contract.healthPath, headers });
  // 431 is a refusal that says why; some servers stop at 16 KiB.
  expectHealth(status, contract, { or: 431 });
}

async function longPath({ ask }: Context): Promise<void> {
  const status = await ask({ path: `/${"a".repeat(7999)}` });
  if (status >= 500) {
    throw new Error(`status: expected 404 or 414, got ${status}`);
  }
}

async function idleConnections(context: Context): Promise<void> {
  const idle: HttpConnection[] = [];
  try {
    while (idle.length < 1000) idle.push(await context.open());
  } catch (error) {
    context.signal.throwIfAborted();
    const { code } = error as { code?: string };
    if (code === "EMFILE" || code === "ENFILE") {
      throw new CannotCheck(
        `this machine lets us open only ${idle.length} files; see ulimit -n`,
      );
    }
    throw new Error(`connection ${idle.length + 1} was refused`);
  }
  context.awaits("the answer to a new client beside them");
  await health(await context.open(), context);
  let answered = 0;
  const left = idle.entries();
  const work = async () => {
    for (const [index, connection] of left) {
      context.awaits(`answers, of which ${answered} of 1,000 have come`);
      await health(connection, context, `connection ${index + 1}: `);
      answered++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** The last byte of each is held back until somebody else has been served. */
async function slowSenders(context: Context): Promise<void> {
  const slow: HttpConnection[] = [];
  while (slow.length < 50) slow.push(await context.open());
  const text = formatRequest({ path: context.contract.healthPath });
  for (let at = 0; at < text.length - 1; at++) {
    await Promise.all(slow.map((connection) => connection.send(text[at])));
  }
  context.awaits("the answer to another client beside them");
  await health(await context.open(), context, "others: ");
  context.awaits("the answers to the slow clients");
  await Promise.all(slow.map(async (connection) => {
    await connection.send(text.slice(-1));
    const { status } = await connection.receive();
    // 408 is a refusal that says why: it was too slow for this server.
    expectHealth(status, context.contract, {
      when: "a slow client: ",
      or: 408,
    });
  }));
}

/** 2,000 answers, or as many as there is time for, pile up unread; then all are read. */
async function slowReader(context: Context): Promise<void> {
  const count = Math.min(2000, context.most);
  const piled = await context.open();
  const text = formatRequest({ path: context.contract.healthPath });
  const sent = piled.send(text.repeat(count));
  sent.catch(() => {}); // The answers tell when it was cut off.
  context.awaits("the answer to another client beside it");
  await health(await context.open(), context, "others: ");
  for (let answer = 1; answer <= count; answer++) {
    context.awaits(`answer ${answer} of ${count}`);
    const { status } = await piled.receive();
    expectHealth(status, context.contract, { when: `answer ${answer}: ` });
  }
  await sent;
}

async function refuses(
  context: Context,
  text: string,
  statuses: number[],
): Promise<void> {
  const connection = await context.open();
  await connection.send(text);
  const { status } = await connection.receive();
  if (!statuses.includes(status)) {
    const expected = statuses.join(" or ");
    throw new Error(`status: expected ${expected}, got ${status}`);
  }
  // What follows on this connection could be anything; only closing it is safe.
  context.awaits("the end of the connection after it");
  await connection.drain();
}

/** Asks the health path; `when` goes before what is wrong with the answer. */
async function health(
  connection: HttpConnection,
  { contract }: Context,
  when = "",
): Promise<void> {
  const { status } = await connection.request({ path: contract.healthPath });
  expectHealth(status, contract, { when });
}

function expectHealth(
  status: number,
  { healthStatus }: Contract,
  { when = "", or }: { when?: string; or?: number },
): void {
  if ([healthStatus, or].includes(status) || healthStatus === "any") return;
  const expected = [healthStatus, ...or === undefined ? [] : [or]].join(" or ");
  throw new Error(`${when}status: expected ${expected}, got ${status}`);
}
