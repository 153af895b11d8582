import { assertEquals, assertRejects } from "@std/assert";
import { CommandFailed } from "../lib/command.ts";
import {
  locked,
  retried,
  serviceExitCode,
  serviceLog,
  startFailure,
} from "./buildah.ts";

Deno.test("locked() lets one work after the other, whatever fails", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const seen: string[] = [];
    const work = (name: string) =>
      locked(folder, async () => {
        seen.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        seen.push(`${name} ends`);
        if (name === "b") throw new Error("b fails");
      });
    await Promise.all([
      work("a"),
      assertRejects(() => work("b"), Error, "b fails"),
      work("c"),
    ]);
    const pairs = [0, 2, 4].map((at) =>
      seen.slice(at, at + 2).map((line) => line.split(" ")[0])
    );
    assertEquals(pairs.map(([one, two]) => one === two), [true, true, true]);
    assertEquals([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("retried() works once more when a command fails, and not for ever", async () => {
  const failed = new CommandFailed("buildah", ["containers"], {
    code: 125,
    output: "Error: reading build containers: container not known",
  });
  let calls = 0;
  const failing = (times: number, error: Error) => () => {
    calls++;
    return calls > times ? Promise.resolve(calls) : Promise.reject(error);
  };
  assertEquals(await retried(failing(2, failed), { pauseMs: 0 }), 3);
  calls = 0;
  const limit = { tries: 3, pauseMs: 0 };
  await assertRejects(() => retried(failing(9, failed), limit), CommandFailed);
  assertEquals(calls, 3);
  calls = 0;
  await assertRejects(() => retried(failing(1, new Error("bug")), limit));
  assertEquals(calls, 1);
  calls = 0;
  const other = { ...limit, when: /image not known/ };
  await assertRejects(() => retried(failing(1, failed), other), CommandFailed);
  assertEquals(calls, 1);
});

const EXIT_7 = `listening
bye
subprocess exited with status 7
subprocess exited with status 7
Error: exit status 7
`;
const KILLED = `listening
subprocess exited on killed
subprocess exited with status 1
Error: exit status 1
`;
const NO_PROGRAM =
  `process failed to start with error: fork/exec /nope: no such file or directoryprocess exited with error: exec: not startedsubprocess exited with status 1
Error: exit status 1
`;

Deno.test("serviceLog() leaves the service's lines", () => {
  assertEquals(serviceLog(EXIT_7), "listening\nbye\n");
  assertEquals(serviceLog("listening\n"), "listening\n");
  const late = "subprocess exited with status 3\nbye\nError: exit status 3\n";
  assertEquals(serviceLog(late), "bye\n");
  assertEquals(serviceLog(""), "");
});

Deno.test("serviceLog() keeps the service's own errors", () => {
  const own = "Error: Cannot listen\n";
  assertEquals(
    serviceLog(own + "subprocess exited with status 1\nError: exit status 1\n"),
    own,
  );
});

Deno.test("serviceExitCode() is the service's code, or 128 + its signal", () => {
  assertEquals(serviceExitCode(7, EXIT_7), 7);
  assertEquals(serviceExitCode(1, KILLED), 137);
  assertEquals(
    serviceExitCode(
      1,
      KILLED.replace("killed", "segmentation fault (core dumped)"),
    ),
    139,
  );
  assertEquals(serviceExitCode(0, "listening\n"), 0);
});

Deno.test("startFailure() tells what never ran from what ran and failed", () => {
  assertEquals(
    startFailure(NO_PROGRAM),
    "fork/exec /nope: no such file or directory",
  );
  assertEquals(
    startFailure("Error: determining run uid: user: unknown user\n"),
    "determining run uid: user: unknown user",
  );
  assertEquals(startFailure(EXIT_7), undefined);
  assertEquals(
    startFailure(
      "Error: Cannot listen\nsubprocess exited with status 1\nError: exit status 1\n",
    ),
    undefined,
  );
});
