/**
 * One question to a registry: bounded in time, in bytes and in redirects, and
 * without a secret for anybody but whom it is meant for.
 *
 * @module
 */
import { messageOf } from "../errors.ts";
import { RegistryError } from "./registry_error.ts";

/** Milliseconds that an answer may take, redirects apart. */
const ANSWERS_WITHIN_MS = 10_000;
/** Bytes of an answer; a manifest may have four million by the specification. */
const LARGEST = 4 * 1024 * 1024;
/** A registry sends on to a store, which may send on once more. */
const REDIRECTS = 5;

/** What to ask. */
export interface Question {
  method?: "GET" | "HEAD";
  headers?: Record<string, string>;
  /** The value of `Authorization`; only the first host sees it. */
  authorization?: string;
  signal?: AbortSignal;
}

/** What came back, read to its end. */
export interface Answer {
  status: number;
  headers: Headers;
  body: Uint8Array;
  /** Where it came from in the end. */
  url: URL;
}

/**
 * Whether a host is this machine itself; only that is asked without TLS.
 *
 * @param host With its port or without.
 */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(host);
}

/**
 * Asks.
 *
 * @throws {RegistryError} When no answer comes, too long a one, or one that is
 * somewhere else for ever.
 */
export async function ask(url: URL, question: Question = {}): Promise<Answer> {
  const { method = "GET", headers = {}, authorization } = question;
  const limit = AbortSignal.timeout(ANSWERS_WITHIN_MS);
  const signal = question.signal
    ? AbortSignal.any([question.signal, limit])
    : limit;
  let at = url;
  for (let hops = 0; hops <= REDIRECTS; hops++) {
    if (at.protocol !== "https:" && !isLoopback(at.host)) {
      throw new RegistryError(`leads to "${at.origin}", which is not HTTPS`);
    }
    const secret: Record<string, string> =
      authorization !== undefined && at.origin === url.origin
        ? { authorization }
        : {};
    try {
      const response = await fetch(at, {
        method,
        headers: { ...headers, ...secret },
        redirect: "manual",
        signal,
      });
      const next = locationOf(response, at);
      if (next === undefined) {
        const body = await readBody(response);
        const { status, headers } = response;
        return { status, headers, body, url: at };
      }
      await response.body?.cancel();
      at = next;
    } catch (error) {
      question.signal?.throwIfAborted();
      if (error instanceof RegistryError) throw error;
      throw new RegistryError(
        limit.aborted
          ? `does not answer within ${ANSWERS_WITHIN_MS / 1000} s`
          : `cannot be reached: ${reasonOf(error)}`,
        { cause: error },
      );
    }
  }
  throw new RegistryError(`redirects more than ${REDIRECTS} times`);
}

function locationOf({ status, headers }: Response, at: URL): URL | undefined {
  const location = headers.get("location");
  if (status < 300 || status > 399 || location === null) return undefined;
  try {
    return new URL(location, at);
  } catch {
    throw new RegistryError("redirects to what is no address");
  }
}

async function readBody({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > LARGEST) {
      throw new RegistryError(`sends more than ${LARGEST / 1024 / 1024} MiB`);
    }
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

/** The innermost reason says most: `Connection refused`. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause;
  const text = messageOf(inner || error);
  return text.split(": ").at(-1) ?? text;
}
