/**
 * The whole event-sourcing pattern: three pure functions, no class, no framework.
 * `decide` answers a command with the events it causes (none when nothing changes), or throws a `Problem`;
 * `evolve` applies one recorded event; both must give the same result every time they are called with the same values.
 */
export interface Decider<State, Command, Event> {
  decide(command: Command, state: State): Event[];
  /** `at` is the time of the commit that carries the event. */
  evolve(state: State, event: Event, at: Date): State;
  initialState(): State;
}
