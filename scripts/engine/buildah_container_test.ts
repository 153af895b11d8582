import { assertEquals } from "@std/assert";
import {
  serviceExitCode,
  serviceLog,
  startFailure,
} from "./buildah_container.ts";

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
