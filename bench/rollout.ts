/**
 * `deno task bench rollout --context NAME`: what the manifests of `deploy/` claim,
 * tried on a cluster that kubectl reaches. In a namespace of its own, which
 * enforces the restricted Pod Security Standard and goes at the end: load from
 * inside the cluster while the deployment is restarted, updated, a pod evicted
 * and one killed.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { parseAllDocuments, stringify } from "yaml";
import { EXIT, UserError } from "../scripts/lib/errors.ts";
import { formatBytes } from "../scripts/lib/format.ts";
import { cleanup, output, required, runBench } from "./commands.ts";
import type { Totals } from "./rollout_load.ts";

const USAGE =
  `Usage: deno task bench rollout --context NAME [--image IMAGE] [--update IMAGE]
         [--load-image IMAGE] [--restarts N]

  --context NAME      context of kubectl's configuration; never guessed
  --image IMAGE       the service; default: what deploy/kustomization.yaml names
  --update IMAGE      roll over to this image too
  --load-image IMAGE  image with deno that sends the load
                      (default: denoland/deno:distroless)
  --restarts N        rolling restarts under load (default: 3)`;

/** Bound of the whole load, in seconds, whatever else fails. */
const LOAD_SECONDS = 900;
const WORKERS = 9;
const NAMESPACE = `rollout-${crypto.randomUUID().slice(0, 8)}`;
const DEPLOY = new URL("../deploy/kubernetes.yaml", import.meta.url);
const LOAD = new URL("rollout_load.ts", import.meta.url);

interface Options {
  context: string;
  image?: string;
  update?: string;
  loadImage: string;
  restarts: number;
}

/** Reads the command line. */
export function readOptions(args: string[]): Options {
  const usage = (message: string) =>
    new UserError(message, { next: USAGE, exitCode: EXIT.usage });
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        context: { type: "string" },
        image: { type: "string" },
        update: { type: "string" },
        "load-image": { type: "string", default: "denoland/deno:distroless" },
        restarts: { type: "string", default: "3" },
      },
    }));
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message : String(cause));
  }
  if (!values.context) {
    throw usage("Cannot choose a cluster: name a context of kubectl");
  }
  if (!/^[1-9]\d?$/.test(values.restarts)) {
    throw usage(`Cannot parse restarts "${values.restarts}": expected 1 to 99`);
  }
  return {
    context: values.context,
    image: values.image,
    update: values.update,
    loadImage: values["load-image"],
    restarts: Number(values.restarts),
  };
}

/** What the restricted Pod Security Standard asks of a container. */
const RESTRICTED = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  runAsNonRoot: true,
  runAsUser: 65532,
  seccompProfile: { type: "RuntimeDefault" },
};

/** The pod that sends the load, and the script that it runs. */
export function loadManifests(image: string, script: string): unknown[] {
  return [
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "load" },
      data: { "load.ts": script },
    },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "load" },
      spec: {
        restartPolicy: "Never",
        automountServiceAccountToken: false,
        containers: [{
          name: "load",
          image,
          command: [
            ...["deno", "run", "--allow-net", "/load/load.ts"],
            ...["$(HELLO_SERVICE_HOST)", "$(HELLO_SERVICE_PORT)", "/health"],
            ...[String(LOAD_SECONDS), String(WORKERS)],
          ],
          env: [{ name: "DENO_DIR", value: "/tmp/deno" }],
          securityContext: RESTRICTED,
          volumeMounts: [
            { name: "load", mountPath: "/load" },
            { name: "tmp", mountPath: "/tmp" },
          ],
        }],
        volumes: [
          { name: "load", configMap: { name: "load" } },
          { name: "tmp", emptyDir: {} },
        ],
      },
    },
  ];
}

/** The manifests of `deploy/` with another image. */
export function withImage(manifests: string, image?: string): string {
  return parseAllDocuments(manifests).map((document) => {
    const manifest = document.toJS();
    if (manifest.kind === "Deployment" && image !== undefined) {
      manifest.spec.template.spec.containers[0].image = image;
    }
    return stringify(manifest);
  }).join("---\n");
}

async function main(): Promise<number> {
  const options = readOptions(Deno.args);
  await required(["kubectl"]);
  const kubectl = (...words: string[]) =>
    output([
      "kubectl",
      "--context",
      options.context,
      "--namespace",
      NAMESPACE,
      ...words,
    ]);
  const apply = async (text: string) => {
    const file = await Deno.makeTempFile({ suffix: ".yaml" });
    try {
      await Deno.writeTextFile(file, text);
      return await kubectl("apply", "--filename", file);
    } finally {
      await Deno.remove(file);
    }
  };
  const rolledOut = async () => {
    try {
      await kubectl("rollout", "status", "deployment/hello", "--timeout=180s");
    } catch (cause) {
      const events = await kubectl("get", "events", "--sort-by=.lastTimestamp");
      throw new UserError("The deployment is not ready after 180 s", {
        next: "See the last events above: can the cluster pull the image?",
        output: events.trim().split("\n").slice(-10).join("\n"),
        exitCode: EXIT.environment,
        cause,
      });
    }
  };

  cleanup.defer(async () => {
    console.error(`Removing ${NAMESPACE} ...`);
    const { success } = await new Deno.Command("kubectl", {
      // deno-fmt-ignore
      args: [
        "--context", options.context, "delete", "namespace", NAMESPACE,
        "--ignore-not-found", "--wait", "--timeout=120s",
      ],
      detached: true,
      stdout: "null",
    }).spawn().status;
    if (!success) console.error(`The namespace ${NAMESPACE} may be left`);
  });
  const notes = await apply(stringify({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: NAMESPACE,
      labels: {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
      },
    },
  }));
  console.log(notes.trim());
  await apply(withImage(await Deno.readTextFile(DEPLOY), options.image));
  await rolledOut();
  await twoPods(kubectl);

  const script = await Deno.readTextFile(LOAD);
  await apply(
    loadManifests(options.loadImage, script).map((each) => stringify(each))
      .join("---\n"),
  );
  await kubectl("wait", "--for=condition=Ready", "pod/load", "--timeout=120s");
  const load = followLoad(options.context);
  await load.next();

  const rows: string[][] = [];
  const phase = async (title: string, act: () => Promise<unknown>) => {
    console.error(`${title} ...`);
    const before = await load.next();
    const started = performance.now();
    await act();
    const seconds = (performance.now() - started) / 1000;
    // What a phase has cut off is counted by the end of the next second.
    await load.next();
    const after = await load.next();
    rows.push([
      title,
      String(after.ok + after.lost - before.ok - before.lost),
      String(after.lost - before.lost),
      `${seconds.toFixed(1)} s`,
    ]);
    return after;
  };
  await phase("nothing", () => new Promise((end) => setTimeout(end, 5_000)));
  for (let index = 1; index <= options.restarts; index++) {
    await phase(`restart ${index}`, async () => {
      await kubectl("rollout", "restart", "deployment/hello");
      await rolledOut();
      await onlyReady(kubectl);
    });
  }
  if (options.update !== undefined) {
    await phase("update", async () => {
      await kubectl(
        "set",
        "image",
        "deployment/hello",
        `hello=${options.update}`,
      );
      await rolledOut();
      await onlyReady(kubectl);
    });
  }
  await phase("evict a pod", async () => {
    const [{ name }] = await pods(kubectl);
    const file = await Deno.makeTempFile({ suffix: ".json" });
    await Deno.writeTextFile(
      file,
      JSON.stringify({
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { name, namespace: NAMESPACE },
      }),
    );
    const path = `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`;
    await kubectl("create", "--raw", path, "--filename", file);
    await Deno.remove(file);
    await onlyReady(kubectl);
  });
  const last = await phase("kill a pod", async () => {
    const [{ name }] = await pods(kubectl);
    await kubectl("delete", "pod", name, "--grace-period=0", "--force");
    await onlyReady(kubectl);
  });

  console.log("\nPHASE         REQUESTS  LOST    TOOK");
  for (const [title, requests, lost, took] of rows) {
    console.log(
      title.padEnd(12) + requests.padStart(10) + lost.padStart(6) +
        took.padStart(8),
    );
  }
  for (const [kind, count] of Object.entries(last.failures)) {
    console.log(`lost ${count}: ${kind}`);
  }
  for (const pod of await pods(kubectl)) {
    console.log(`${pod.name}: ready after ${pod.readySeconds} s`);
  }
  for (const line of await memory(kubectl)) console.log(line);
  // A pod that is killed may lose what it was answering; nothing else may.
  const lost = rows.slice(0, -1).some((row) => row[2] !== "0");
  return lost ? EXIT.checkFailed : EXIT.ok;
}

type Kubectl = (...words: string[]) => Promise<string>;

/** The service's pods. */
async function pods(kubectl: Kubectl) {
  const { items } = JSON.parse(
    await kubectl(
      ...["get", "pods", "--output=json"],
      "--selector=app.kubernetes.io/name=hello",
    ),
  );
  // deno-lint-ignore no-explicit-any -- as the API server answers
  return items.map((pod: any) => {
    const ready = pod.status.conditions?.find(
      (each: { type: string }) => each.type === "Ready",
    );
    return {
      name: pod.metadata.name as string,
      node: pod.spec.nodeName as string,
      ready: ready?.status === "True" && !pod.metadata.deletionTimestamp,
      going: Boolean(pod.metadata.deletionTimestamp),
      readySeconds: (Date.parse(ready?.lastTransitionTime) -
        Date.parse(pod.status.startTime)) / 1000,
    };
  }) as {
    name: string;
    node: string;
    ready: boolean;
    going: boolean;
    readySeconds: number;
  }[];
}

async function until(what: string, holds: () => Promise<boolean>) {
  const end = performance.now() + 180_000;
  while (!await holds()) {
    if (performance.now() > end) throw new Error(`Timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Waits for the number of pods that the autoscaler keeps at least. */
function twoPods(kubectl: Kubectl) {
  return until(
    "two pods are ready",
    async () => (await pods(kubectl)).filter(({ ready }) => ready).length >= 2,
  );
}

/** Waits until two pods are ready and none is going. */
function onlyReady(kubectl: Kubectl) {
  return until("every pod is ready", async () => {
    const all = await pods(kubectl);
    return all.length >= 2 && all.every(({ ready }) => ready);
  });
}

/** The totals of the load, once a second, as the pod prints them. */
async function* lines(context: string): AsyncGenerator<Totals> {
  const child = new Deno.Command("kubectl", {
    // deno-fmt-ignore
    args: [
      "--context", context, "--namespace", NAMESPACE, "logs", "--follow",
      "pod/load",
    ],
    detached: true,
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  cleanup.defer(() => {
    try {
      child.kill();
    } catch {
      // It has ended by itself.
    }
  });
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      if (line.startsWith("{")) yield JSON.parse(line);
    }
  }
}

/** Gives the totals line by line; each call waits for the next one. */
function followLoad(context: string) {
  let waiting = Promise.withResolvers<Totals>();
  const follow = async () => {
    for await (const totals of lines(context)) {
      const { resolve } = waiting;
      waiting = Promise.withResolvers();
      resolve(totals);
    }
    throw new UserError("Cannot follow the load: its output has ended", {
      next: `See what kubectl says above, and: kubectl describe pod load`,
      exitCode: EXIT.environment,
    });
  };
  follow().catch((error) => {
    // It may fail while nobody waits.
    waiting.promise.catch(() => {});
    waiting.reject(error);
  });
  return { next: () => waiting.promise };
}

/** Memory of the service's pods as their kubelets count it, where they answer. */
async function memory(kubectl: Kubectl): Promise<string[]> {
  const all = await pods(kubectl);
  const found: string[] = [];
  for (const node of new Set(all.map((pod) => pod.node))) {
    const path = `/api/v1/nodes/${node}/proxy/stats/summary`;
    const text = await kubectl("get", "--raw", path).catch(() => undefined);
    if (text === undefined) return ["memory: no kubelet says"];
    for (const pod of JSON.parse(text).pods ?? []) {
      if (!all.some(({ name }) => name === pod.podRef?.name)) continue;
      const { workingSetBytes, rssBytes } = pod.containers?.[0]?.memory ?? {};
      if (workingSetBytes === undefined) continue;
      found.push(
        `${pod.podRef.name}: ${formatBytes(workingSetBytes)} working set` +
          (rssBytes ? `, ${formatBytes(rssBytes)} anonymous` : ""),
      );
    }
  }
  return found;
}

if (import.meta.main) await runBench(main);
