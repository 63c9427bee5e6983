/** The longest first, so that no worker is left alone with one of them at the end. In a fresh clone nobody has measured: there the system's tests are the longest. */
import Sequencer from '@jest/test-sequencer';

const isLong = ({ path }) => path.endsWith('.e2e-spec.ts');

export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).toSorted((one, other) => Number(isLong(other)) - Number(isLong(one)));
  }
}
