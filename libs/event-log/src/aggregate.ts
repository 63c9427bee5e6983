import { decodeCommit, hashOfCommit, imageSubject, type Commit } from '#libs/contracts';
import { evolveImage, noImage, type ImageEvent, type ImageState } from '#libs/domain';
import type { EventLog, Stored } from './event-log.js';

/** How the commits of one kind of aggregate are read and folded. */
export interface Folding<State, Event> {
  decode(bytes: Uint8Array): Commit<Event>;
  evolve(state: State, event: Event, at: Date): State;
  initialState(): State;
}

/** An aggregate as its commits tell it. `sequence`, `version` 0 and `hash` '' where there is no commit yet. */
export interface Aggregate<State> {
  readonly id: string;
  readonly state: State;
  readonly version: number;
  readonly sequence: number;
  readonly hash: string;
  readonly lastAt?: Date;
  /** Which command made which commit: a repeated command is recognised by it. */
  readonly commands: Map<string, CommandTrace>;
}

export interface CommandTrace {
  readonly sequence: number;
  readonly version: number;
  readonly commandType: string;
  readonly requestHash?: string;
}

/** The commits of an aggregate do not follow from each other: a fault of the log, or a read that missed one. */
export class BrokenChain extends Error {
  override readonly name = 'BrokenChain';
}

export const imageFolding: Folding<ImageState, ImageEvent> = { decode: decodeCommit, evolve: evolveImage, initialState: noImage };

export function emptyAggregate<State, Event>(id: string, folding: Folding<State, Event>): Aggregate<State> {
  return { id, state: folding.initialState(), version: 0, sequence: 0, hash: '', commands: new Map() };
}

/** The aggregate after one more commit. Throws `BrokenChain` where version, previous hash or subject do not fit. Remembers the command in the same map. */
export function advance<State, Event>(aggregate: Aggregate<State>, { sequence, bytes }: Stored, folding: Folding<State, Event>): Aggregate<State> {
  const commit = decodeOrBreak(aggregate.id, sequence, () => folding.decode(bytes));
  const misfit = misfitOf(aggregate, commit);
  if (misfit) throw new BrokenChain(`${aggregate.id} at sequence ${sequence}: ${misfit}`);
  const state = decodeOrBreak(aggregate.id, sequence, () =>
    commit.events.reduce((before, event) => folding.evolve(before, event, commit.at), aggregate.state));
  const { version, commandId, commandType, requestHash } = commit;
  aggregate.commands.set(commandId, { sequence, version, commandType, ...(requestHash === undefined ? {} : { requestHash }) });
  return { id: aggregate.id, state, version, sequence, hash: hashOfCommit(bytes), lastAt: commit.at, commands: aggregate.commands };
}

/** What is wrong with a commit as the successor of what is known; undefined where it fits. */
export function misfitOf({ id, version, hash }: { readonly id: string; readonly version: number; readonly hash: string }, commit: Commit<unknown>): string | undefined {
  if (commit.aggregateId !== id) return `the commit names ${commit.aggregateId}`;
  if (commit.version !== version + 1) return `version ${commit.version} follows version ${version}`;
  if (commit.prevHash !== hash) return `version ${commit.version} does not name the hash of the commit before it`;
  return undefined;
}

export function foldAggregate<State, Event>(id: string, messages: readonly Stored[], folding: Folding<State, Event>): Aggregate<State> {
  return messages.reduce((aggregate, message) => advance(aggregate, message, folding), emptyAggregate(id, folding));
}

/**
 * An aggregate from the log. A chain that does not close is read once more from the stream's leader, because a fast read may miss a commit;
 * what is broken there too is a fault (`BrokenChain`, naming the aggregate).
 */
export async function loadAggregate<State, Event>(
  log: EventLog, subject: string, id: string, folding: Folding<State, Event>, options: { readonly consistent?: boolean } = {},
): Promise<Aggregate<State>> {
  if (options.consistent) return foldAggregate(id, await log.read(subject, { consistent: true }), folding);
  try {
    return foldAggregate(id, await log.read(subject), folding);
  } catch (error) {
    if (!(error instanceof BrokenChain)) throw error;
    return foldAggregate(id, await log.read(subject, { consistent: true }), folding);
  }
}

/** An image as the stream's leader tells it: what garbage collection and audits may rely on. Refuses with InvalidRequest what is no image id. */
export function loadImage(log: EventLog, region: string, imageId: string): Promise<Aggregate<ImageState>> {
  return loadAggregate(log, imageSubject(region, imageId), imageId, imageFolding, { consistent: true });
}

function decodeOrBreak<Result>(id: string, sequence: number, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    throw new BrokenChain(`${id} at sequence ${sequence}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
