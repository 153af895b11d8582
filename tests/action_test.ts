/**
 * `action.yml` as a runner would run it: its inputs filled in, its steps run in a
 * repository that is not ours, with GitHub's API on this host.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname } from "node:path";
import { parse } from "yaml";
import { findEngine } from "../scripts/engine/find_engine.ts";
import { messageOf } from "../scripts/lib/errors.ts";
import { validate } from "../testing/validate.ts";
import { folder, image } from "./command_line.ts";

const PROJECT = `${import.meta.dirname}/..`;
const read = (name: string) => Deno.readTextFile(`${PROJECT}/${name}`);

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, string>;
  env?: Record<string, string>;
}
const action = parse(await read("action.yml"));
const workflow = /```yaml\n(on:[\s\S]*?)```/.exec(await read("README.md"))?.[1];
assert(workflow, "README.md has a workflow");

Deno.test("the workflows are valid, and would not be with a slip", async () => {
  const slip = workflow.replace("runs-on", "run-on");
  const texts = [await read(".github/workflows/ci.yml"), workflow, slip];
  const [ci, readme, wrong] = await validate("workflow", texts);
  assertEquals([ci, readme], [null, null]);
  assert(wrong !== null);
});

Deno.test("the README's workflow uses the action with inputs that it has", () => {
  const steps: Step[] = parse(workflow).jobs.image.steps;
  const step = steps.find(({ uses }) => uses?.includes("deno-small-image"));
  assert(step, "it uses the action");
  for (const input of Object.keys(step.with ?? {})) {
    assert(Object.hasOwn(action.inputs, input), input);
  }
});

Deno.test("each input reaches the step, and each output is one of the step's", () => {
  const steps: Step[] = action.runs.steps;
  const used = JSON.stringify(steps);
  for (const input of Object.keys(action.inputs)) {
    assertStringIncludes(used, `\${{ inputs.${input} }}`);
  }
});

/** Fills in the expressions that the action's `env` has. */
function fill(text: string, inputs: Record<string, string>): string {
  return text.replace("${{ github.event.pull_request.number }}", "7").replace(
    /\$\{\{ inputs\.([\w-]+) \}\}/g,
    (_, name) => inputs[name],
  );
}

/** GitHub's API, as much of it as comments take. */
function serveApi(allowed: boolean) {
  const comments: { id: number; body: string }[] = [
    { id: 1, body: "of somebody else" },
  ];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      if (!allowed) return new Response(null, { status: 403 });
      if (request.headers.get("authorization") !== "Bearer secret") {
        return new Response(null, { status: 401 });
      }
      if (request.method === "GET") return Response.json(comments);
      const { body } = await request.json();
      if (request.method === "POST") {
        comments.push({ id: comments.length + 1, body });
        return Response.json({}, { status: 201 });
      }
      const id = Number(pathname.split("/").at(-1));
      const old = comments.find((each) => each.id === id);
      if (old === undefined) return new Response(null, { status: 404 });
      old.body = body;
      return Response.json({});
    },
  );
  return {
    comments,
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const SERVICE = `Deno.serve({ port: Number(Deno.env.get("PORT") ?? 8080) },
  (request) => new URL(request.url).pathname === "/"
    ? new Response("hello")
    : new Response(null, { status: 404 }));
`;

/** Runs the steps of the action that are scripts. */
async function run(
  place: string,
  api: { url: string },
  given: Record<string, string>,
) {
  const inputs: Record<string, string> = { token: "secret", ...given };
  for (
    const [name, input] of Object.entries<{ default: string }>(action.inputs)
  ) {
    inputs[name] ??= String(input.default);
  }
  await Deno.mkdir(`${place}/tmp`, { recursive: true });
  await Deno.writeTextFile(`${place}/output`, "");
  let code = 0;
  let output = "";
  for (const step of action.runs.steps as Step[]) {
    if (step.run === undefined) continue;
    const env = Object.fromEntries(
      Object.entries(step.env ?? {}).map((
        [name, text],
      ) => [name, fill(text, inputs)]),
    );
    const result = await new Deno.Command("bash", {
      args: ["--noprofile", "--norc", "-eo", "pipefail", "-c", step.run],
      cwd: `${place}/repo`,
      env: {
        ...env,
        PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`,
        GITHUB_ACTION_PATH: PROJECT,
        GITHUB_API_URL: api.url,
        GITHUB_OUTPUT: `${place}/output`,
        GITHUB_REPOSITORY: "somebody/service",
        GITHUB_STEP_SUMMARY: `${place}/summary.md`,
        RUNNER_TEMP: `${place}/tmp`,
        NO_COLOR: "1",
      },
      stdin: "null",
    }).output();
    code = result.code;
    output += new TextDecoder().decode(result.stdout) +
      new TextDecoder().decode(result.stderr);
    if (code !== 0) break;
  }
  return {
    code,
    output,
    outputs: Object.fromEntries(
      (await Deno.readTextFile(`${place}/output`)).trim().split("\n")
        .map((line) => line.split(/=(.*)/, 2)),
    ),
  };
}

const lack = await findEngine({}).then(() => undefined, messageOf);
if (lack !== undefined) console.error(`skipped: the action's steps: ${lack}`);

Deno.test({
  name: "the action's steps run on a foreign repository",
  ignore: lack !== undefined,
  async fn(t) {
    await using place = await folder({
      "repo/main.ts": SERVICE,
      "repo/deno.json": JSON.stringify({
        tasks: {
          start: "deno run --allow-net=0.0.0.0 --allow-env=PORT main.ts",
        },
      }),
    });
    const repo = `${place.path}/repo`;
    assertEquals((await image(["init", repo])).code, 0);
    await using api = serveApi(true);
    const args = "--quick --file Dockerfile.scratch";

    await t.step("the first run says what each variant costs", async () => {
      const { code, output, outputs } = await run(place.path, api, { args });
      assertEquals(code, 0, output);
      assertEquals(outputs.report, "report");
      assert(JSON.parse(outputs.size).scratch > 1e6, outputs.size);
      assert(JSON.parse(outputs.pull).scratch > 1e6, outputs.pull);
      assertEquals(api.comments.length, 2);
      assertStringIncludes(api.comments[1].body, "scratch");
      const summary = await Deno.readTextFile(`${place.path}/summary.md`);
      assertStringIncludes(summary, "scratch");
    });
    await t.step(
      "the next one updates its comment and tells the change",
      async () => {
        const { code, output } = await run(place.path, api, { args });
        assertEquals(code, 0, output);
        assertEquals(api.comments.length, 2);
        assertEquals(api.comments[0].body, "of somebody else");
        assertStringIncludes(api.comments[1].body, "pull unchanged");
      },
    );
    await t.step(
      "a limit that is passed is an annotation, and fails",
      async () => {
        const budget = `${place.path}/budget.json`;
        await Deno.writeTextFile(
          budget,
          JSON.stringify({ variants: { scratch: { size: "1 MB" } } }),
        );
        const { code, output } = await run(place.path, api, { args, budget });
        assertEquals(code, 1, output);
        assertStringIncludes(output, "::error title=scratch%3A size::");
      },
    );
    await t.step("a token that may not comment fails nothing", async () => {
      await using refusing = serveApi(false);
      const { code, output } = await run(place.path, refusing, { args });
      assertEquals(code, 0, output);
      assertStringIncludes(output, "pull-requests: write");
    });
    await t.step(
      "a report of an earlier run is not taken for this one's",
      async () => {
        const { code, outputs } = await run(place.path, api, {
          args: "--file Dockerfile.none",
        });
        assertEquals(code, 2);
        assertEquals(outputs, { "": undefined });
      },
    );
  },
});
