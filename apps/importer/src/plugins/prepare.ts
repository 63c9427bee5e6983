import type { DataInspection, DataPreparation, DataVerification } from '#libs/domain';
import type { OsHashAlgo } from '#libs/stores';
import type { FormatClaim, ProgressMeter } from '#libs/transfers';
import type { Source } from '../sources.js';
import type { AttemptRoom, WorkFile } from './work-room.js';

/** The bytes of an import on their way from its source to the store, and what is known of them there. */
export interface Prepared extends Pick<Source, 'bytes' | 'declaredSizeBytes' | 'expectedHash' | 'stored'> {
  /** The formats that they claim to have. */
  readonly claim: FormatClaim;
  readonly done: readonly DataPreparation[];
  /** The formats that they may turn out to have, where a plugin minds. */
  readonly onlyFormats?: readonly string[];
  /** Set where all of them lie in a file already; `bytes` gives the same. */
  readonly file?: WorkFile;
}

export interface PluginContext {
  readonly imageId: string;
  readonly importId: string;
  readonly room: AttemptRoom;
  readonly signal: AbortSignal;
  readonly limitBytes: number;
  readonly osHashAlgo: OsHashAlgo;
  readonly progress: Pick<ProgressMeter, 'step' | 'moved'>;
  /** Called while a plugin works, with or without bytes moving: an import on which nothing happens is given up. */
  alive(): void;
  recordInspection(inspection: DataInspection): Promise<void>;
  recordVerification(verification: DataVerification): Promise<void>;
}

/** Does one thing to the bytes of an import on their way in, or refuses them. What it does not touch it gives back as it is. */
export type Plugin = (prepared: Prepared, context: PluginContext) => Promise<Prepared>;

/** The operator's plugins, one after another, in his order. Source: glance: image_import_plugins. */
export async function prepare(plugins: readonly Plugin[], source: Prepared, context: PluginContext): Promise<Prepared> {
  let prepared = source;
  for (const plugin of plugins) {
    context.signal.throwIfAborted();
    prepared = await plugin(prepared, context);
  }
  return prepared;
}
