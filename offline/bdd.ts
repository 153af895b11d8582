/**
 * Stands in for `@std/testing/bdd` where jsr.io cannot be reached: the names
 * the project uses, with the same signatures.
 *
 * @module
 */

type Body = (t: Deno.TestContext) => void | Promise<void>;
interface Step {
  name: string;
  fn: Body;
}

let open: Step[] | undefined;

/** Adds a test or a group to the open group, or registers it with the runner. */
function add(step: Step): void {
  if (open) open.push(step);
  else Deno.test(step.name, step.fn);
}

/**
 * Registers a test.
 *
 * @param name What must hold.
 * @param fn The test.
 */
export function it(name: string, fn: Body): void {
  add({ name, fn });
}

/**
 * Registers a group of tests; groups nest.
 *
 * @param name What the tests are about.
 * @param fn Registers the tests by calling {@linkcode it}.
 */
export function describe(name: string, fn: () => void): void {
  const outer = open;
  const steps: Step[] = open = [];
  try {
    fn();
  } finally {
    open = outer;
  }
  add({
    name,
    async fn(t) {
      for (const step of steps) await t.step(step.name, step.fn);
    },
  });
}
