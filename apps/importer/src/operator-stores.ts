import { randomUUID } from 'node:crypto';
import { commandSubject, imageFromJson, questionSubject, type CommandContext, type ImageCommandAnswer, type StoredAnswer, type StoredQuestion } from '#libs/contracts';
import type { Image, ImageCommand } from '#libs/domain';
import { configuredReach } from '#libs/download';
import { readConfig, sectionsOf, type Bus, type OperatorTools } from '#libs/platform';
import { configuredStores, openStores, type Stores } from '#libs/stores';
import { ImporterConfig } from './config.js';

const operator: CommandContext['actor'] = { userId: 'operator', authMethod: 'command line' };

/** The stores as the settings of an operator's command describe them: those of the importer. */
export async function operatorStores({ env }: Pick<OperatorTools, 'env'>): Promise<{ config: ImporterConfig; stores: Stores }> {
  const config = readConfig(ImporterConfig, env);
  return { config, stores: await openStores(configuredStores({ ...config, reach: configuredReach(config) }, sectionsOf(env))) };
}

export const askStored = (bus: Bus) => (question: StoredQuestion): Promise<StoredAnswer> => bus.ask<StoredAnswer>(questionSubject(bus.region, 'stored'), question);

export const sendAs = (bus: Bus, actor: CommandContext['actor'] = operator) => async (imageId: string, command: ImageCommand): Promise<Image> =>
  imageFromJson((await bus.ask<ImageCommandAnswer>(commandSubject(bus.region, 'image'), {
    envelope: { imageId, command }, context: { commandId: randomUUID(), requestId: `req-${randomUUID()}`, actor },
  })).image);

/** Ends what a command does when the operator has seen enough. */
export function untilInterrupted(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => { stop.abort(new Error(`stopped by ${name}`)); });
  return stop.signal;
}
