/**
 * A service that calls another one over HTTPS, and nobody else: its events, in
 * the time zone of whoever asks.
 *
 * @module
 */
import { localTime } from "./local_time.ts";
import { main } from "./serve.ts";

/** The one host that `deno.json` lets it call; another needs another build. */
const UPSTREAM = "https://events.example.com";
/** How long the upstream may take, in ms. */
const PATIENCE_MS = 3_000;

/** What the upstream lists. */
interface Event {
  name: string;
  at: string;
}

/** Asks the upstream for its events. */
async function events(upstream: string): Promise<Event[]> {
  const response = await fetch(new URL("/events.json", upstream), {
    // A redirect could only lead to where it may not go.
    redirect: "error",
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const body: unknown = response.ok ? await response.json() : undefined;
  if (!Array.isArray(body) || !body.every(isEvent)) {
    await response.body?.cancel();
    throw new Error(`it answers ${response.status} and no list of events`);
  }
  return body;
}

function isEvent(value: unknown): value is Event {
  return typeof value === "object" && value !== null &&
    "name" in value && typeof value.name === "string" &&
    "at" in value && typeof value.at === "string";
}

/**
 * Answers a request.
 *
 * @param request `GET /events?zone=`, `GET /local?at=&zone=` or `GET /health`.
 * @param upstream Where the events come from.
 */
export async function handler(
  request: Request,
  upstream: string,
): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const zone = searchParams.get("zone") ?? "UTC";
  const known = ["/health", "/local", "/events"].includes(pathname);
  if (!known) return problem(404, "not found");
  if (request.method !== "GET" && request.method !== "HEAD") {
    const response = problem(405, `no ${request.method} here`);
    response.headers.set("allow", "GET, HEAD");
    return response;
  }
  if (pathname === "/health") return Response.json({ status: "ok" });
  try {
    if (pathname === "/local") {
      const at = searchParams.get("at") ?? "";
      return Response.json({ zone, local: localTime(at, zone) });
    }
    // A zone that is none is the client's mistake, so it is found out first.
    localTime("2000-01-01T00:00Z", zone);
  } catch (error) {
    return problem(400, messageOf(error));
  }
  try {
    const list = await events(upstream);
    return Response.json(
      list.map(({ name, at }) => ({ name, at, local: localTime(at, zone) })),
    );
  } catch (error) {
    // Why is for whoever runs it: it names hosts and certificates.
    console.error(`Cannot get events: ${messageOf(error)}`);
    return problem(502, "the events cannot be had");
  }
}

function problem(status: number, error: string): Response {
  return Response.json({ error }, { status });
}

function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error
    ? `${thrown.message}: ${thrown.cause.message}`
    : thrown.message;
}

if (import.meta.main) {
  const upstream = Deno.env.get("UPSTREAM") || UPSTREAM;
  await main((request) => handler(request, upstream));
}
