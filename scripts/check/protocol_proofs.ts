/**
 * The proofs of well-formed but unusual use: what real clients, proxies and
 * scanners do.
 *
 * @module
 */
import type { Contract } from "./contract_schema.ts";
import { HttpConnection } from "./http_client.ts";
import { formatRequest } from "./http_message.ts";
import { CannotProve } from "./run_proof.ts";

/** What a proof works with. */
export interface ProofContext {
  url: string;
  contract: Contract;
  /** Everything that is opened ends with it. */
  signal: AbortSignal;
}

/** One proof; `prove` returns what is wrong. */
export interface ProtocolProof {
  name: string;
  prove(context: ProofContext): Promise<string[]>;
}

/** The proofs, in the order in which they are made. */
export const PROTOCOL_PROOFS: readonly ProtocolProof[] = [
  { name: "100 requests on one connection", prove: keepAlive },
  { name: "20 pipelined requests, answered in order", prove: pipelining },
  { name: "HEAD leaves the connection in step", prove: head },
  { name: "unusual methods", prove: methods },
  { name: "16 KiB of headers", prove: largeHeaders },
  { name: "a path of 8,000 characters", prove: longPath },
  { name: "1,000 idle connections", prove: idleConnections },
  { name: "50 clients that send slowly", prove: slowSenders },
  { name: "a client that does not read", prove: slowReader },
];

async function keepAlive(context: ProofContext): Promise<string[]> {
  using connection = await open(context);
  for (let request = 1; request <= 100; request++) {
    const wrong = await health(connection, context);
    if (wrong.length > 0) return wrong.map((text) => `${request}: ${text}`);
  }
  return [];
}

/** Two requests with answers that differ take turns, so that order shows. */
async function pipelining(context: ProofContext): Promise<string[]> {
  using connection = await open(context);
  const { healthPath } = context.contract;
  const texts = [healthPath, "/not-there-0f3a"].map((path) =>
    formatRequest({ path })
  );
  const alone: string[] = [];
  for (const text of texts) {
    await connection.send(text);
    alone.push(summary(await connection.receive()));
  }
  await connection.send(texts.join("").repeat(10));
  for (let answer = 0; answer < 20; answer++) {
    const got = summary(await connection.receive());
    if (got !== alone[answer % 2]) {
      return [`answer ${answer + 1} differs from the one given alone`];
    }
  }
  return [];
}

function summary(response: { status: number; body: Uint8Array }): string {
  return `${response.status} ${new TextDecoder().decode(response.body)}`;
}

/** A body after HEAD would be taken for the next answer. */
async function head(context: ProofContext): Promise<string[]> {
  using connection = await open(context);
  const path = context.contract.healthPath;
  const { status } = await connection.request({ method: "HEAD", path });
  const wrong = await health(connection, context);
  if (status >= 500) wrong.push(`HEAD: status ${status}`);
  return wrong;
}

async function methods(context: ProofContext): Promise<string[]> {
  const wrong: string[] = [];
  for (
    const method of ["OPTIONS", "PATCH", "PROPFIND", "TRACE", "X-Y", "get"]
  ) {
    using connection = await open(context);
    const path = context.contract.healthPath;
    const { status } = await connection.request({ method, path });
    // 501 is how a server says that it does not know the method.
    if (status >= 500 && status !== 501) {
      wrong.push(
        `${method}: status ${status}`,
      );
    }
  }
  return wrong;
}

async function largeHeaders(context: ProofContext): Promise<string[]> {
  using connection = await open(context);
  const headers = Object.fromEntries(
    Array.from({ length: 64 }, (_, i) => [`x-filler-${i}`, "v".repeat(256)]),
  );
  const path = context.contract.healthPath;
  const { status } = await connection.request({ path, headers });
  const { healthStatus } = context.contract;
  // 431 is a refusal that says why; some servers stop at 16 KiB.
  return healthStatus === "any" || status === healthStatus || status === 431
    ? []
    : [`status: expected ${healthStatus} or 431, got ${status}`];
}

async function longPath(context: ProofContext): Promise<string[]> {
  using connection = await open(context);
  const { status } = await connection.request({ path: `/${"a".repeat(7999)}` });
  return status < 500 ? [] : [`status: expected 404 or 414, got ${status}`];
}

async function idleConnections(context: ProofContext): Promise<string[]> {
  using stack = new DisposableStack();
  const idle: HttpConnection[] = [];
  try {
    while (idle.length < 1000) idle.push(stack.use(await open(context)));
  } catch (error) {
    context.signal.throwIfAborted();
    if (isOutOfFiles(error)) {
      throw new CannotProve(
        `this machine lets us open only ${idle.length} files; see ulimit -n`,
      );
    }
    return [`connection ${idle.length + 1} was refused`];
  }
  using another = stack.use(await open(context));
  const wrong = await health(another, context);
  for (const [index, connection] of idle.entries()) {
    if (wrong.length > 0) break;
    for (const text of await health(connection, context)) {
      wrong.push(`connection ${index + 1}: ${text}`);
    }
  }
  return wrong;
}

function isOutOfFiles(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    (error.code === "EMFILE" || error.code === "ENFILE");
}

/** The last byte of each is held back until somebody else has been served. */
async function slowSenders(context: ProofContext): Promise<string[]> {
  using stack = new DisposableStack();
  const slow: HttpConnection[] = [];
  while (slow.length < 50) slow.push(stack.use(await open(context)));
  const text = formatRequest({ path: context.contract.healthPath });
  for (let at = 0; at < text.length - 1; at++) {
    await Promise.all(slow.map((connection) => connection.send(text[at])));
  }
  const quick = stack.use(await open(context));
  const wrong = (await health(quick, context))
    .map((text) => `somebody else meanwhile: ${text}`);
  for (const connection of slow) {
    await connection.send(text.slice(-1));
    const { status } = await connection.receive();
    // 408 is a refusal that says why: it was too slow for this server.
    if (!isHealthy(status, context) && status !== 408) {
      wrong.push(`a slow client: status ${status}`);
    }
  }
  return wrong;
}

/** 2,000 answers pile up unread; then all of them are read. */
async function slowReader(context: ProofContext): Promise<string[]> {
  using stack = new DisposableStack();
  const piled = stack.use(await open(context));
  const text = formatRequest({ path: context.contract.healthPath });
  const sent = piled.send(text.repeat(2000));
  // It ends early when the connection is closed; the answers tell the story.
  sent.catch(() => {});
  const quick = stack.use(await open(context));
  const wrong = (await health(quick, context))
    .map((text) => `somebody else meanwhile: ${text}`);
  for (let answer = 1; answer <= 2000; answer++) {
    const { status } = await piled.receive();
    if (!isHealthy(status, context)) {
      return [...wrong, `answer ${answer}: status ${status}`];
    }
  }
  await sent;
  return wrong;
}

function open({ url, signal }: ProofContext): Promise<HttpConnection> {
  return HttpConnection.open(url, signal);
}

function isHealthy(status: number, { contract }: ProofContext): boolean {
  return contract.healthStatus === "any" || status === contract.healthStatus;
}

async function health(
  connection: HttpConnection,
  context: ProofContext,
): Promise<string[]> {
  const { status } = await connection.request({
    path: context.contract.healthPath,
  });
  return isHealthy(status, context)
    ? []
    : [`status: expected ${context.contract.healthStatus}, got ${status}`];
}
