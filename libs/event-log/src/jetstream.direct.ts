import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { Stored } from './event-log.js';

/** Messages asked for at once. */
const batchMessages = 1_000;
const answerTimeoutMs = 2_000;

/**
 * The messages of one subject after a sequence by batches of direct gets, answered by any replica: fast, and possibly behind the leader.
 * Undefined where the answer did not come to its end. (The client library's own batch get keeps its subscription for ever.)
 */
export async function readDirectly(connection: NatsConnection, stream: string, subject: string, after: number): Promise<Stored[] | undefined> {
  const messages: Stored[] = [];
  for (let next = after + 1; ;) {
    const batch = await readBatch(connection, stream, { seq: next, next_by_subj: subject, batch: batchMessages });
    if (!batch) return undefined;
    for (const message of batch.messages) messages.push(message);
    const last = batch.messages.at(-1);
    if (!last || !batch.hasMore) return messages;
    next = last.sequence + 1;
  }
}

async function readBatch(connection: NatsConnection, stream: string, query: object): Promise<{ messages: Stored[]; hasMore: boolean } | undefined> {
  const messages: Stored[] = [];
  let pending = 0;
  try {
    const answers = await connection.requestMany(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(query), { strategy: 'sentinel', maxWait: answerTimeoutMs });
    for await (const answer of answers) {
      const status = answer.headers?.code ?? 0;
      if (status === endOfBatch || status === nothingFound) return { messages, hasMore: pending > 0 };
      if (status !== 0) return undefined;
      messages.push(storedFrom(answer));
      pending = Number(answer.headers?.last('Nats-Num-Pending') ?? 0);
    }
  } catch {
    // Whatever went wrong here, the leader is asked next, and says it properly.
  }
  return undefined;
}

const endOfBatch = 204;
const nothingFound = 404;

const storedFrom = ({ headers, data }: Msg): Stored =>
  ({ sequence: Number(headers?.last('Nats-Sequence')), subject: headers?.last('Nats-Subject') ?? '', bytes: data });
