/** A reporter for Jest: one line of JSON for each file as soon as it is done, in the file that HELIOGRAPH_TEST_RESULTS names. For `scripts/test.mjs`. */
import { appendFileSync } from 'node:fs';

export default class TestResults {
  onTestResult(_test, { testFilePath: file, numPassingTests: passed, numFailingTests: failed, numPendingTests, numTodoTests, failureMessage }) {
    const line = { file, passed, failed, skipped: numPendingTests + numTodoTests, isBroken: Boolean(failureMessage) };
    appendFileSync(process.env.HELIOGRAPH_TEST_RESULTS, `${JSON.stringify(line)}\n`);
  }
}
