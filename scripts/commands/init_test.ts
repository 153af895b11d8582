import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { folder } from "../../testing/folder.ts";
import { runCommand } from "../../testing/run_command.ts";
import { type Budget, budgetSchema } from "../budget/budget.ts";
import { contractSchema } from "../check/contract_schema.ts";
import { parseDockerignore } from "../dockerfile/parse_dockerfile.ts";
import type { Service } from "../init/find_service.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { parseJson } from "../lib/parse_json.ts";
import {
  fillDockerfile,
  fillDockerignore,
  fillModule,
  firstBudget,
  firstContract,
} from "./init.ts";

const PROJECT = `${import.meta.dirname}/../..`;
const FILES = [
  ".dockerignore",
  "Dockerfile",
  "Dockerfile.layered",
  "Dockerfile.multistage",
  "Dockerfile.scratch",
  "budget.json",
  "container_health.ts",
  "container_stop.ts",
  "contract.json",
  "split.ts",
];

const SHOP = {
  "deno.jsonc": '{ // comments, and a comma at the end\n"name": "@me/shop", }',
  "src/server.ts": 'import { greet } from "./greet.ts";\n' +
    'const port = Number(Deno.env.get("PORT") || 3000);\n' +
    "Deno.serve({ port }, () => new Response(greet));\n",
  "src/greet.ts": 'export const greet = "Hello";\n',
  "notes.md": "not for the image",
};

async function names(path: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name)
    .sort();
}

Deno.test("init finds out about a service and writes what it lacks", async () => {
  await using here = await folder(SHOP);
  const before = await names(here.path);

  const dry = await runCommand("init", here.path, "--dry-run");
  assertEquals(dry.code, EXIT.ok);
  assertEquals(await names(here.path), before);
  for (const said of ["shop", "src/server.ts", "3000", "would write"]) {
    assertStringIncludes(dry.stdout, said);
  }

  const { code, stdout, notes } = await runCommand("init", here.path);
  assertEquals(code, EXIT.ok);
  assertStringIncludes(stdout, "nothing names its permissions");
  assertStringIncludes(notes.at(-1) ?? "", "deno task image --context");
  assertEquals(await names(here.path), [...before, ...FILES].sort());
  const dockerfile = await Deno.readTextFile(`${here.path}/Dockerfile`);
  assertStringIncludes(
    dockerfile,
    "COPY deno.jsonc container_health.ts container_stop.ts ./\nCOPY src/ src/\n",
  );
  assertStringIncludes(dockerfile, "-o /shop src/server.ts");
});

Deno.test("init never overwrites, and says what it kept", async () => {
  await using here = await folder({ ...SHOP, "Dockerfile": "FROM mine\n" });
  const { stdout } = await runCommand("init", here.path, "--json");
  const { files } = JSON.parse(stdout);
  assertEquals(files.length, FILES.length);
  for (const { name, written } of files) {
    assertEquals(written, name !== "Dockerfile", name);
  }
  assertEquals(
    await Deno.readTextFile(`${here.path}/Dockerfile`),
    "FROM mine\n",
  );

  const again = await runCommand("init", here.path);
  assert(!again.stdout.includes("write "), again.stdout);

  const forced = await runCommand("init", here.path, "--force");
  assertStringIncludes(forced.stdout, "replace");
  assertStringIncludes(
    await Deno.readTextFile(`${here.path}/Dockerfile`),
    "deno compile",
  );
});

Deno.test("init leaves a .dockerignore to the builds that it is for", async () => {
  await using here = await folder({ ...SHOP, ".dockerignore": "src\n" });
  const written = async (...args: string[]) => {
    const { stdout } = await runCommand(
      ...["init", here.path, "--dry-run", "--json", ...args],
    );
    const { files } = JSON.parse(stdout);
    return files.map(({ name }: { name: string }) => name)
      .filter((name: string) => name.endsWith(".dockerignore"));
  };
  assertEquals(await written(), [
    "Dockerfile.dockerignore",
    "Dockerfile.multistage.dockerignore",
    "Dockerfile.scratch.dockerignore",
    "Dockerfile.layered.dockerignore",
  ]);
  assertEquals(await written("--force"), [".dockerignore"]);
});

Deno.test("what init writes for this project's service is what it has", async () => {
  await using here = await folder({});
  const hello = join(here.path, "hello");
  await Deno.mkdir(join(hello, "offline"), { recursive: true });
  for (const name of ["main.ts", "main_test.ts", "deno.json", "deno.lock"]) {
    await Deno.copyFile(`${PROJECT}/${name}`, join(hello, name));
  }
  const config = await Deno.readTextFile(join(hello, "deno.json"));
  await Deno.writeTextFile(
    join(hello, "deno.json"),
    config.replace(/"name": "[^"]*"/, '"name": "hello"'),
  );
  await runCommand("init", hello);
  // What follows from the stand-ins for jsr.io, and from this project's own words.
  const own = (text: string) =>
    text.replace("COPY offline/ offline/\n", "").replace("!offline/\n", "")
      .replace(/^# More flags for deno\..*$/m, "# More flags for deno.")
      .replace("scripts/deno_binary/split.ts", "split.ts")
      .replace("A small Deno service", "A Deno service");
  for (const name of FILES.slice(0, 5)) {
    assertEquals(
      await Deno.readTextFile(join(hello, name)),
      own(await Deno.readTextFile(`${PROJECT}/${name}`)),
      name,
    );
  }
});

Deno.test("a service that init cannot build for is told so", async () => {
  const cases: [Record<string, string>, string[], string, string][] = [
    [{ "x.ts": "" }, [], "Cannot tell which module serves", "--entry"],
    [{ "main.ts": "" }, ["--entry", "y.ts"], 'entry point "y.ts"', "--entry"],
    [{ "deno.json": "{" }, [], "deno.json", "Fix the file"],
    [{ "deno.json": '{"tasks":1}' }, [], "tasks", "Fix the file"],
    [{ "main.ts": "import './none.ts'" }, [], 'modules of "main.ts"', "Fix"],
    [{ "main.ts": "const" }, [], 'modules of "main.ts"', "Fix"],
    [{ "a b/main.ts": "" }, ["--entry", "a b/main.ts"], "a b", "Rename"],
  ];
  for (const [files, args, message, next] of cases) {
    await using here = await folder(files);
    const error = await assertRejects(
      () => runCommand("init", here.path, ...args),
      UserError,
    );
    assertEquals(error.exitCode, EXIT.usage);
    assertStringIncludes(error.message, message);
    assertStringIncludes(error.next, next);
    assertEquals(
      await names(here.path),
      Object.keys(files).map((name) => name.split("/")[0]),
    );
  }
  await assertRejects(
    () => runCommand("init", "no-such-folder"),
    UserError,
    'Cannot read the folder "no-such-folder"',
  );
});

const read = (name: string) => Deno.readTextFile(`${PROJECT}/${name}`);
const NAMES = [
  "Dockerfile",
  "Dockerfile.multistage",
  "Dockerfile.scratch",
  "Dockerfile.layered",
];

/** This project's own service. */
const OWN: Service = {
  name: "hello",
  description: "A small Deno service",
  license: "MIT",
  entry: "main.ts",
  flags: ["-P=serve"],
  testFlags: ["-P=serve"],
  folder: "",
  args: [],
  resolution: [],
  preloads: [],
  stopsOn: [],
  beside: [],
  state: [],
  leftOut: [],
  answersHead: true,
  egress: [],
  env: {},
  includes: [],
  locked: true,
  files: ["deno.json", "deno.lock", "main.ts"],
  folders: ["offline"],
  tests: ["main_test.ts"],
  port: 8080,
  healthcheck: true,
  healthPath: "/health",
};

/** One that differs from it in everything. */
const OTHER: Service = {
  name: "shop",
  description: 'Sells "things" for $1',
  license: undefined,
  entry: "src/server.ts",
  flags: ["--allow-net", "--allow-env=PORT"],
  testFlags: ["--allow-net", "--allow-env=PORT"],
  folder: "",
  args: [],
  resolution: [],
  preloads: [],
  stopsOn: [],
  beside: [],
  state: [],
  leftOut: [],
  answersHead: true,
  egress: [],
  env: {},
  includes: ["static/", "rates.json"],
  locked: false,
  files: ["deno.json", "rates.json"],
  folders: ["src", "static"],
  tests: [],
  port: 3000,
  healthcheck: false,
  healthPath: "/",
};

for (const name of NAMES) {
  Deno.test(`${name} filled in for this project's service is itself`, async () => {
    const template = await read(name);
    assertEquals(fillDockerfile(template, OWN), template);
  });

  Deno.test(`${name} for another service keeps nothing of this one`, async () => {
    const filled = fillDockerfile(await read(name), OTHER);
    for (const own of ["hello", "main", "offline", "serve ", "MIT", "8080"]) {
      assert(!filled.includes(own), `${own} in ${filled}`);
    }
    assert(!filled.includes("HEALTHCHECK") && !filled.includes("--frozen"));
    assertStringIncludes(
      filled,
      "COPY deno.json rates.json ./\nCOPY src/ src/\nCOPY static/ static/\nARG",
    );
    assertStringIncludes(
      filled,
      " --no-prompt --allow-net --allow-env=PORT --include static/ --include rates.json --v8-flags=",
    );
    assertStringIncludes(
      filled,
      " -o /shop src/server.ts &&",
    );
    assertStringIncludes(
      filled,
      'image.description="Sells \\"things\\" for \\$1"\n',
    );
    assertStringIncludes(filled, "EXPOSE 3000\n");
    assertStringIncludes(filled, 'ENTRYPOINT ["/shop"]\n');
    assert(!/AS \S*test/.test(filled));
  });
}

Deno.test("all tests are run with the service's permissions", async () => {
  const filled = fillDockerfile(await read("Dockerfile.multistage"), {
    ...OTHER,
    tests: ["a_test.ts", "b_test.ts"],
  });
  assertStringIncludes(filled, "COPY a_test.ts b_test.ts ./\n");
  assertStringIncludes(
    filled,
    "--allow-net --allow-env=PORT a_test.ts b_test.ts\n",
  );
});

Deno.test("without files of its own beside folders nothing is copied from there", async () => {
  const filled = fillDockerfile(await read("Dockerfile"), {
    ...OTHER,
    files: [],
  });
  assertStringIncludes(filled, "WORKDIR /app\nCOPY src/ src/\n");
});

Deno.test(".dockerignore allows what the Dockerfiles copy, and no secrets in it", async () => {
  const own = await read(".dockerignore");
  assertEquals(fillDockerignore(own, OWN), own);
  const filled = fillDockerignore(own, {
    ...OTHER,
    tests: ["src/a_test.ts", "b_test.ts"],
    leftOut: [
      { path: "src/data/", why: "the service writes it" },
      { path: "elsewhere/", why: ".gitignore" },
    ],
  });
  const [allowed, denied] = filled.split("# Secrets and state, in no image.\n");
  assertEquals(
    allowed,
    "# Deny all, then allow what the build reads.\n*\n" +
      "!deno.json\n!rates.json\n!b_test.ts\n!src/\n!static/\n!split.ts\n",
  );
  const ignores = parseDockerignore(filled);
  for (const path of ["src/a.ts", "static/.well-known/x", "rates.json"]) {
    assert(!ignores(path), path);
  }
  for (
    const path of [
      "src/data/x",
      "static/.env",
      "src/deep/id_rsa",
      "static/shop.sqlite",
      "src/tls.key",
    ]
  ) assert(ignores(path), path);
  assert(!denied.includes("elsewhere"));
});

Deno.test("what lies beside the program is copied in every last stage but the first", async () => {
  const other = { ...OTHER, beside: ["static/", "a.txt"], state: ["data"] };
  for (const name of NAMES) {
    const filled = fillDockerfile(await read(name), other);
    assertStringIncludes(filled, "RUN install -d -o 1993 -g 1993 data\n");
    const copies = "COPY --from=build-stage /app/static/ /app/static/\n" +
      "COPY --from=build-stage /app/a.txt /app/a.txt\n" +
      "COPY --from=build-stage --chown=65532:65532 /app/data/ /app/data/\n" +
      "WORKDIR /app\nLABEL ";
    assertEquals(filled.includes(copies), name !== "Dockerfile", filled);
  }
});

Deno.test("a member of a workspace is compiled in its folder", async () => {
  const filled = fillDockerfile(await read("Dockerfile.multistage"), {
    ...OTHER,
    folder: "apps/shop",
    files: ["deno.json", "apps/web/deno.json", "apps/web/package.json"],
    folders: ["apps/shop"],
    beside: ["static/"],
    tests: ["apps/shop/a_test.ts"],
    args: ["serve", "--port", "9000"],
  });
  assertStringIncludes(
    filled,
    "COPY deno.json ./\nCOPY apps/web/deno.json apps/web/package.json ./apps/web/\n" +
      "COPY apps/shop/ apps/shop/\nWORKDIR /app/apps/shop\nARG",
  );
  assertStringIncludes(
    filled,
    "AS run-test-stage\nARG DENO_FLAGS\nRUN deno test",
  );
  assertStringIncludes(filled, "--allow-env=PORT a_test.ts\n");
  assertStringIncludes(
    filled,
    "/app/apps/shop/static/ /app/apps/shop/static/\nWORKDIR /app/apps/shop\n",
  );
  assertStringIncludes(filled, 'CMD ["serve","--port","9000"]\n');
});

Deno.test("written modules ask the service's own port and path", async () => {
  const health = fillModule(
    await read("scripts/init/templates/health.ts"),
    OTHER,
  );
  assertStringIncludes(health, 'const PORT = 3000;\nconst PATH = "/";\n');
  const serve = fillModule(await read("scripts/init/templates/serve.ts"), {
    ...OTHER,
    served: "app.ts",
  });
  assertStringIncludes(serve, 'import service from "./app.ts";');
  for (const name of ["stop", "stop_node"]) {
    const template = await read(`scripts/init/templates/${name}.ts`);
    const stop = (...stopsOn: string[]) =>
      fillModule(template, { ...OTHER, stopsOn }).match(/"SIG\w+", stop/g);
    assertEquals(stop("SIGTERM", "SIGINT")?.length, 2);
    assertEquals(stop("SIGINT"), ['"SIGINT", stop']);
  }
});

const STORE: Service = {
  ...OTHER,
  includes: [],
  files: [],
  folders: [],
  healthcheck: true,
  healthPath: "/up",
};
const BUDGET = JSON.stringify({
  $schema: "x",
  all: { contract: true, noSecrets: true, noEgress: true, memory: "120 MB" },
  variants: { scratch: { size: "1 MB", layers: 1, waste: "0 B" } },
});

Deno.test("a first budget has facts and zeros, and nobody else's bytes", () => {
  const budget: Budget = parseJson(
    firstBudget(BUDGET, STORE),
    "budget.json",
    budgetSchema,
  );
  assertEquals(budget.all, {
    contract: true,
    noSecrets: true,
    noEgress: true,
  });
  assertEquals(budget.variants, { scratch: { layers: 1, waste: 0 } });
});

Deno.test("a first budget asks for nothing that permissions and files rule out", () => {
  const budget = (service: Partial<Service>): Budget =>
    parseJson(
      firstBudget(BUDGET, { ...STORE, ...service }),
      "budget.json",
      budgetSchema,
    );
  const rest = { contract: true, noSecrets: true };
  assertEquals(budget({ egress: true }).all, rest);
  assertEquals(budget({ egress: ["a.example"] }).all, rest);
  assertEquals(budget({ beside: ["static/"] }).variants?.scratch, {
    waste: 0,
  });
});

Deno.test("a first contract says what is known, and the schemas take it", () => {
  const read = (service: Partial<Service>) =>
    parseJson(
      firstContract({ ...STORE, ...service }),
      "contract.json",
      contractSchema,
    );
  const contract = read({});
  assertEquals(
    [contract.port, contract.healthPath, contract.egress],
    [3000, "/up", []],
  );
  assertEquals(contract.requests.map(({ method }) => method), ["GET", "HEAD"]);
  const loose = read({ egress: true, answersHead: false, env: { A: "b" } });
  assertEquals([loose.egress, loose.env], ["any", { A: "b" }]);
  assertEquals(loose.requests.length, 1);
});

Deno.test("what a service writes is writable in its checks", () => {
  const writable = (service: Partial<Service>) =>
    parseJson(
      firstContract({ ...STORE, ...service }),
      "contract.json",
      contractSchema,
    )
      .writable;
  assertEquals(writable({}), undefined);
  assertEquals(writable({ state: ["data"], folder: "apps/a" }), [
    "/app/apps/a/data",
  ]);
  assertEquals(writable({ state: ["."] }), ["/app"]);
  // A mount there would hide what lies beside the program.
  assertEquals(writable({ state: ["."], beside: ["a.txt"] }), undefined);
});
