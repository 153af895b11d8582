import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../lib/errors.ts";
import {
  contractSchema,
  defaultContract,
  servicePort,
} from "./contract_schema.ts";
import { parseJson } from "../lib/parse_json.ts";

const OURS = new URL("../../contract.json", import.meta.url);

function parse(value: unknown) {
  return parseJson(JSON.stringify(value), "contract.json", contractSchema);
}

function problem(value: unknown): string {
  const error = assertThrows(() => parse(value), UserError);
  return error.message;
}

const request = { path: "/", expect: { status: 200 } };

Deno.test("contractSchema fills in what has a default", () => {
  const contract = parse({ requests: [request] });
  assertEquals(contract.healthPath, "/health");
  assertEquals(contract.healthStatus, 200);
  assertEquals(contract.stop, { exitCode: 0, withinMs: 10_000 });
  assertEquals(contract.burst, { requests: 4000, connections: 32 });
  assertEquals(contract.requests, [{ method: "GET", ...request }]);
});

Deno.test("contractSchema names the place and what was meant", () => {
  assertEquals(
    problem({ requests: [{ path: "/", expect: { staus: 200 } }] }),
    'Cannot use "contract.json": requests.0.expect: unknown key "staus", did you mean "status"?',
  );
  assertEquals(
    problem({ requests: [request], heathPath: "/" }),
    'Cannot use "contract.json": the top level: unknown key "heathPath", did you mean "healthPath"?',
  );
  for (
    const [value, place] of [
      [{ requests: [] }, "requests: "],
      [{}, "requests: "],
      [{ requests: [{ ...request, path: "health" }] }, "requests.0.path: "],
      [{ requests: [{ ...request, path: "/a b" }] }, "requests.0.path: "],
      [{ requests: [{ ...request, method: "G T" }] }, "requests.0.method: "],
      [
        { requests: [{ ...request, headers: { a: "b\r\nc: d" } }] },
        "requests.0.headers.a: ",
      ],
      [
        { requests: [request, { path: "/", expect: { status: 99 } }] },
        "requests.1.expect.status: ",
      ],
      [{ requests: [request], stop: { exitCode: -1 } }, "stop.exitCode: "],
    ] as const
  ) {
    const message = problem(value);
    assert(
      message.startsWith(`Cannot use "contract.json": ${place}`),
      `${message} should name ${place}`,
    );
  }
});

Deno.test("contractSchema of what is not JSON", () => {
  const error = assertThrows(
    () => parseJson("{,}", "x/contract.json", contractSchema),
    UserError,
    'Cannot parse "x/contract.json"',
  );
  assert(error.next.length > 0);
});

Deno.test("contract.json of this project holds what the design says", async () => {
  const contract = parseJson(
    await Deno.readTextFile(OURS),
    OURS.pathname,
    contractSchema,
  );
  const by = (method: string, path: string) =>
    contract.requests.find((line) =>
      line.method === method && line.path === path
    )?.expect;
  assert(contract.requests.length >= 9);
  assertEquals(by("GET", "/")?.body, "Hello, Deno! <3");
  assertEquals(by("GET", "/health")?.json, { Status: "OK" });
  assertEquals(by("HEAD", "/")?.noBody, true);
  assertEquals(by("HEAD", "/health")?.noBody, true);
  assertEquals(by("POST", "/")?.status, 404);
  assertEquals(by("GET", "/health/")?.status, 404);
  assertEquals(by("GET", "/%68ealth")?.status, 404);
});

Deno.test("defaultContract() takes any answer on /", () => {
  const contract = defaultContract();
  assertEquals(contract.healthPath, "/");
  assertEquals(contract.healthStatus, "any");
  assertEquals(
    contract.requests.map(({ path, expect }) => ({ path, expect })),
    [
      { path: "/", expect: {} },
    ],
  );
});

Deno.test("servicePort() takes the contract's, the image's, then 8080", () => {
  assertEquals(servicePort({ port: 1 }, ["3000/tcp"]), 1);
  assertEquals(servicePort({}, ["9000/tcp", "3000/tcp", "53/udp"]), 3000);
  assertEquals(servicePort({}, ["53/udp"]), 8080);
  assertEquals(servicePort({}, []), 8080);
});
