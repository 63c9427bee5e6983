import assert from 'node:assert/strict';
import { Problem, type Decider, type ProblemCode } from '#libs/domain';

/** The time of every event in a specification: the rules under test read no clock. */
export const specTime = new Date('2026-01-01T00:00:00.000Z');

/**
 * `given(...history).when(command)` followed by `.then(...events)`, `.refuses(code)`, or `.nothing()` for a repetition that changes nothing.
 * `.state()` is what the history and the command's events make of the state.
 */
export const specification = <State, Command, Event>(decider: Decider<State, Command, Event>) => (...history: Event[]) => {
  const fold = (events: readonly Event[], from: State) => events.reduce((state, event) => decider.evolve(state, event, specTime), from);
  const before = fold(history, decider.initialState());
  return {
    when: (command: Command) => {
      const run = () => decider.decide(command, before);
      return {
        then: (...expected: Event[]) => assert.deepEqual(run(), expected),
        nothing: () => assert.deepEqual(run(), []),
        refuses: (code: ProblemCode) => assert.throws(run, (error) => error instanceof Problem && error.code === code, `expected a refusal ${code}`),
        state: () => fold(run(), before),
      };
    },
    state: () => before,
  };
};
