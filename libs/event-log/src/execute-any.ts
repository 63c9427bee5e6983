import { setTimeout as pause } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { commitLimitBytes, type Commit, type CommandContext } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { advance, BrokenChain, emptyAggregate, foldAggregate, loadAggregate, type Aggregate, type CommandTrace, type Folding } from './aggregate.js';
import { crashPoint } from './crash-point.js';
import { WrongExpectedSequence, type EventLog } from './event-log.js';
import { keyedQueue } from './keyed-queue.js';
import type { Sealer } from './sealing.js';

export interface ExecutorSettings {
  readonly log: EventLog;
  readonly region: string;
  /** The service that appends: the last part of the commits' `source`. */
  readonly service: string;
  readonly clock: () => Date;
  /** Seals personal values. Without it they are not written at all. */
  readonly sealer?: Pick<Sealer, 'seal'>;
  /** How many commits' worth of aggregates stay in memory. */
  readonly cacheSize?: number;
  /** The most commits one aggregate may have, but for those that end things. */
  readonly historyLimit?: number;
}

/** A command as any kind of aggregate gets it. */
export interface AnyMessage {
  readonly envelope: { readonly command: { readonly type: string } };
  readonly context: CommandContext;
}

/** What carrying out commands must know of one kind of aggregate; everything else is the same for all of them. */
export interface AggregateRules<State, Message extends AnyMessage, Event, Answer> {
  readonly folding: Folding<State, Event>;
  /** The id of the aggregate: the last token of its subject. */
  idOf(message: Message): string;
  /** Refuses: InvalidRequest for what is no id. */
  subjectOf(region: string, id: string): string;
  decide(envelope: Message['envelope'], state: State): readonly Event[];
  encode(commit: Commit<Event>): Uint8Array;
  /** Has the last word before a commit is written, and may refuse it; asked again after each lost race. What it gives back undoes what it did, for a commit that is then not written. */
  admit?(admission: Admission<State, Message, Event>): Promise<Withdraw>;
  answer(sequence: number, aggregate: Aggregate<State>): Answer;
  /** A command that begins a new aggregate: there is no history to read, and where there is one after all, the append finds out. */
  beginsNew(commandType: string): boolean;
  /** These must always be possible, or an aggregate with a long history could neither be ended nor cleaned up. */
  endsThings(commandType: string): boolean;
  readonly refusals: {
    conflict(message: Message): Problem;
    historyTooLong(message: Message, limit: number): Problem;
  };
}

export interface Admission<State, Message, Event> { readonly message: Message; readonly before: State; readonly after: State; readonly events: readonly Event[] }
export type Withdraw = () => Promise<void>;

export interface AnyExecutor<Message, Answer> {
  /**
   * Carries out one command: load, decide, append. The commit is durable when this resolves. A command whose id the history knows
   * already changes nothing and gets the answer of its own commit. Refuses: what the decider refuses, a conflict after five lost races,
   * IdempotencyKeyReused, CommitTooLarge, a history that is too long, Unavailable (then repeat with the same command id).
   */
  execute(message: Message): Promise<Answer>;
  /** Drops what is remembered of aggregates; needed after the log was repaired or replaced under our feet. */
  forget(): void;
}

type Decision<Event> = { readonly events: readonly Event[] } | { readonly refusal: Problem };

/** What was done for a commit before it is written. */
interface Undo { withdraw: Withdraw | undefined }

const mostRaces = 5;

export function createExecutorOf<State, Message extends AnyMessage, Event, Answer>(
  rules: AggregateRules<State, Message, Event, Answer>, options: ExecutorSettings,
): AnyExecutor<Message, Answer> {
  const { log, region, cacheSize = 100_000, historyLimit = 10_000 } = options;
  const { folding } = rules;
  type Loaded = Aggregate<State>;
  const inOrder = keyedQueue();
  const loaded = new LRUCache<string, Loaded>({ maxSize: cacheSize, sizeCalculation: ({ version }) => Math.max(1, version) });

  async function execute(message: Message): Promise<Answer> {
    const id = rules.idOf(message);
    const subject = rules.subjectOf(region, id);
    const undo: Undo = { withdraw: undefined };
    return inOrder(id, () => run(subject, id, message, undo).catch(async (error: unknown) => {
      // Where it is unknown whether the commit was written, nothing is undone.
      if (error instanceof Problem && error.code !== 'Unavailable') await undo.withdraw?.();
      // After anything but a refusal it is unknown what the log holds: the next command reads it.
      if (!(error instanceof Problem) || error.code === 'Unavailable') loaded.delete(id);
      throw error;
    }));
  }

  async function run(subject: string, id: string, message: Message, undo: Undo): Promise<Answer> {
    let aggregate = loaded.get(id) ?? await firstGuess(subject, id, message);
    let isFresh = false;
    for (let races = 0; ;) {
      const earlier = aggregate.commands.get(message.context.commandId);
      if (earlier) return answerAgain(subject, aggregate, earlier, message);
      const decision = decide(aggregate, message);
      if ('refusal' in decision || decision.events.length === 0) {
        // What is remembered may be behind another catalog's commit: no refusal rests on it unless the leader agrees.
        if (isFresh) return nothingToWrite(decision, aggregate);
        aggregate = await catchUp(subject, aggregate);
        isFresh = true;
        continue;
      }
      if (rules.admit) undo.withdraw = await admit(aggregate, decision.events, message);
      const appended = await tryAppend(subject, aggregate, decision.events, message);
      if (appended) return rules.answer(appended.sequence, appended);
      races += 1;
      if (races === mostRaces) throw rules.refusals.conflict(message);
      await pause(Math.random() * 4 * 2 ** races);
      aggregate = await catchUp(subject, aggregate, { wasBeaten: true });
      isFresh = true;
    }
  }

  async function admit(aggregate: Loaded, events: readonly Event[], message: Message): Promise<Withdraw | undefined> {
    const after = events.reduce((state, event) => folding.evolve(state, event, options.clock()), aggregate.state);
    return rules.admit?.({ message, before: aggregate.state, after, events });
  }

  const firstGuess = (subject: string, id: string, { envelope: { command } }: Message): Promise<Loaded> | Loaded =>
    rules.beginsNew(command.type) ? emptyAggregate(id, folding) : loadAggregate(log, subject, id, folding);

  function decide(aggregate: Loaded, message: Message): Decision<Event> {
    try {
      const events = rules.decide(message.envelope, aggregate.state);
      if (events.length > 0 && aggregate.version >= historyLimit && !rules.endsThings(message.envelope.command.type)) {
        throw rules.refusals.historyTooLong(message, historyLimit);
      }
      return { events };
    } catch (error) {
      if (error instanceof Problem) return { refusal: error };
      throw error;
    }
  }

  function nothingToWrite(decision: Decision<Event>, aggregate: Loaded): Answer {
    if ('refusal' in decision) throw decision.refusal;
    return rules.answer(0, aggregate);
  }

  /** The aggregate after its new commit; undefined where somebody else's commit came first. */
  async function tryAppend(subject: string, aggregate: Loaded, events: readonly Event[], message: Message): Promise<Loaded | undefined> {
    const bytes = rules.encode(await commitOf(aggregate, events, message));
    if (bytes.byteLength > commitLimitBytes) throw new Problem('CommitTooLarge', { limitBytes: commitLimitBytes });
    crashPoint('before-append');
    try {
      const { sequence } = await log.append(subject, bytes, {
        expectedLastSequence: aggregate.sequence, messageId: `${aggregate.id}:${message.context.commandId}`,
      });
      crashPoint('after-append');
      // Folded from the bytes, not from the events at hand: what is answered now is what every later reading of the log gives.
      return remember(advance(aggregate, { sequence, subject, bytes }, folding));
    } catch (error) {
      if (error instanceof WrongExpectedSequence) return undefined;
      throw error;
    }
  }

  async function commitOf(aggregate: Loaded, events: readonly Event[], { envelope, context }: Message): Promise<Commit<Event>> {
    const { commandId, requestId, requestHash, causationId, actor } = context;
    const sealed = await sealPersonal(context, `${aggregate.id}:${commandId}`);
    return {
      aggregateId: aggregate.id, region, service: options.service, at: notBefore(aggregate.lastAt, options.clock()),
      version: aggregate.version + 1, prevHash: aggregate.hash, commandId, commandType: envelope.command.type, requestId,
      ...(requestHash === undefined ? {} : { requestHash }), ...(causationId === undefined ? {} : { causationId }),
      actor, ...(sealed === undefined ? {} : { sealed }), events,
    };
  }

  async function sealPersonal({ personal, actor }: CommandContext, commitId: string): Promise<string | undefined> {
    if (!options.sealer || !personal || Object.keys(personal).length === 0) return undefined;
    return options.sealer.seal(personal, { userId: actor.userId, commitId });
  }

  async function catchUp(subject: string, aggregate: Loaded, { wasBeaten = false } = {}): Promise<Loaded> {
    const news = await log.read(subject, { after: aggregate.sequence, consistent: true });
    // Beaten by nothing that can be read: the other commit is still in flight, or what is remembered is not what the log holds.
    if (news.length === 0) return wasBeaten ? reload(subject, aggregate.id) : remember(aggregate);
    try {
      return remember(news.reduce((before, stored) => advance(before, stored, folding), aggregate));
    } catch (error) {
      if (!(error instanceof BrokenChain)) throw error;
      return reload(subject, aggregate.id);
    }
  }

  const reload = async (subject: string, id: string): Promise<Loaded> => remember(await loadAggregate(log, subject, id, folding, { consistent: true }));

  async function answerAgain(subject: string, aggregate: Loaded, earlier: CommandTrace, { envelope, context }: Message): Promise<Answer> {
    if (earlier.requestHash !== context.requestHash || earlier.commandType !== envelope.command.type) throw new Problem('IdempotencyKeyReused');
    if (earlier.version === aggregate.version) return rules.answer(earlier.sequence, remember(aggregate));
    const messages = await log.read(subject, { consistent: true });
    return rules.answer(earlier.sequence, foldAggregate(aggregate.id, messages.filter(({ sequence }) => sequence <= earlier.sequence), folding));
  }

  function remember(aggregate: Loaded): Loaded {
    // An id that nobody has used is not worth the place of one that is.
    if (aggregate.version > 0) loaded.set(aggregate.id, aggregate);
    return aggregate;
  }

  return { execute, forget: () => loaded.clear() };
}

/** The times of one aggregate's commits never run backwards, whatever the clocks of the catalog's hosts do. */
const notBefore = (earliest: Date | undefined, now: Date): Date => earliest && earliest > now ? earliest : now;
