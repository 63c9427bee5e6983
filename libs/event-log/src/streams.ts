import {
  DiscardPolicy, jetstreamManager, PersistMode, RetentionPolicy, StorageType, StoreCompression, type StreamConfig,
} from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { leaseStreamName, leaseSubjects, streamName, streamSubjects } from '#libs/contracts';
import { undefinedWhereMissing } from './nats-errors.js';

export interface StreamOptions {
  /** 1 for a single server, 3 in production. */
  readonly replicas: number;
  /** The most the log may hold; a full log refuses appends. Unlimited where it is absent. */
  readonly maxLogBytes?: number;
}

const mebibyte = 1024 * 1024;
const minutesMs = 60_000;

/**
 * Makes the streams of a region where they do not exist: the log, and the leases of attempts. Existing streams are never changed:
 * where one is configured otherwise this throws, naming every difference, and the operator decides.
 */
export async function createStreams(connection: NatsConnection, region: string, options: StreamOptions): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  for (const wanted of [logStream(region, options), leaseStream(region, options)]) {
    const existing = await manager.streams.info(wanted.name).catch(undefinedWhereMissing);
    if (!existing) {
      await manager.streams.add(wanted);
      continue;
    }
    const differences = differencesOf(wanted, existing.config);
    if (differences.length > 0) {
      throw new Error(`stream ${wanted.name} exists with another configuration (${differences.join('; ')}). Change it or the options of this service.`);
    }
  }
}

type WantedStream = Partial<StreamConfig> & { readonly name: string };

/** What is in the log stays there: nothing ages, nothing is dropped, and nobody may delete. */
function logStream(region: string, { replicas, maxLogBytes = -1 }: StreamOptions): WantedStream {
  return {
    name: streamName(region), subjects: streamSubjects(region), storage: StorageType.File, retention: RetentionPolicy.Limits, num_replicas: replicas,
    discard: DiscardPolicy.New, max_bytes: maxLogBytes, max_age: 0, max_msgs: -1, max_msgs_per_subject: -1, max_msg_size: mebibyte,
    deny_delete: true, deny_purge: true, allow_rollup_hdrs: false, allow_direct: true, compression: StoreCompression.S2, duplicate_window: nanos(2 * minutesMs),
  };
}

/**
 * One message an attempt, renewed every few seconds and worth nothing once it is old, so it does not share the log's price for durability.
 * Replicated, it lives in memory. A single server forgets a stream in memory with its configuration when it restarts; there it is a file that is not synced.
 */
function leaseStream(region: string, { replicas }: StreamOptions): WantedStream {
  const place = replicas > 1 ? { storage: StorageType.Memory } : { storage: StorageType.File, persist_mode: PersistMode.Async };
  return {
    name: leaseStreamName(region), subjects: [leaseSubjects(region)], ...place, retention: RetentionPolicy.Limits, num_replicas: replicas,
    discard: DiscardPolicy.Old, max_age: nanos(10 * minutesMs), max_msgs_per_subject: 1, max_msg_size: 4_096,
  };
}

function differencesOf(wanted: WantedStream, existing: StreamConfig): string[] {
  return Object.entries(wanted).flatMap(([name, value]) => {
    const found = (existing as unknown as Record<string, unknown>)[name] ?? (value === false ? false : undefined);
    return JSON.stringify(found) === JSON.stringify(value) ? [] : [`${name} is ${JSON.stringify(found)}, not ${JSON.stringify(value)}`];
  });
}
