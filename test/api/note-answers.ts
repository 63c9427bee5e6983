import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { relative } from 'node:path/posix';
import { projectDir } from '#libs/embedded';

/** Where `npm run docs:coverage` wants to know which specification got which answers; nobody else asks. */
const noteDir = process.env['HELIOGRAPH_API_COVERAGE'];

/** Notes an answer with the specification that asked: what docs/api-coverage.md is made from. */
export function noteAnswer(method: string, path: string, status: number): void {
  if (noteDir === undefined) return;
  const { testPath = '', currentTestName } = expect.getState();
  // What a specification prepares itself with is not what it holds.
  if (currentTestName === undefined) return;
  appendFileSync(join(noteDir, `${process.pid}.jsonl`), `${JSON.stringify({ method, path: path.split('?')[0], status, file: relative(projectDir(), testPath), test: currentTestName })}\n`);
}
