import { assertEquals } from "@std/assert";
import { argumentsOf } from "./action.ts";

const given = (inputs: Record<string, string>) => (name: string) =>
  ({ RUNNER_TEMP: "/t", ...inputs })[name] ?? "";
const KEPT = ["--write-baseline", "/t/deno-small-image/report.json"];

Deno.test("argumentsOf() has defaults for inputs that are not given", () => {
  assertEquals(argumentsOf(given({})), [
    ...["--context", ".", "--out", "report"],
    ...KEPT,
  ]);
});

Deno.test("argumentsOf() hands each input on, and the baseline where there is one", () => {
  assertEquals(
    argumentsOf(
      given({
        INPUT_CONTEXT: "service",
        INPUT_ENGINE: "podman",
        INPUT_BUDGET: "limits.json",
        INPUT_ARGS: " --quick  --zstd\n",
      }),
      "before.json",
    ),
    [
      ...["--context", "service", "--out", "report", "--engine", "podman"],
      ...["--budget", "limits.json", "--baseline", "before.json"],
      ...KEPT,
      ...["--quick", "--zstd"],
    ],
  );
});
