import { randomUUID } from 'node:crypto';
import { commandSubject, imageFromJson, questionSubject, type AttemptsAnswer, type CommandContext, type ImageCommandAnswer, type StagedAnswer } from '#libs/contracts';
import { readConfig, runOperatorCommand, sectionsOf } from '#libs/platform';
import { openStagingStore, type StagingPlace } from '#libs/stores';
import { sweepStaging } from '#libs/transfers';
import { areaOptions } from './area-options.js';
import { lineOf, SweepTotals } from './sweep-report.js';

class SweepConfig {
  @areaOptions.nodeStagingUri
  readonly nodeStagingUri: string;

  @areaOptions.stagingStoreKind
  readonly stagingStoreKind: StagingPlace['stagingStoreKind'];

  @areaOptions.stagingExpiry
  readonly stagingExpiry: number;
}

const operator: CommandContext['actor'] = { userId: 'operator', authMethod: 'command line' };

await runOperatorCommand({
  name: 'staging:sweep',
  purpose: 'Looks at everything in the staging area, says what it is there for, and removes what nobody can need any more. The staging service does the same by itself every heliograph.staging_sweep_interval. Exit status 1 when something could not be removed.',
  flags: { 'dry-run': 'Only say what would be done.', unknown: 'Also remove what belongs to no image of this region\'s log. See first that no other region has its staging area here.' },
  async run({ env, bus, isSet, say }) {
    const config = readConfig(SweepConfig, env);
    const isDryRun = isSet('dry-run');
    const store = await openStagingStore(config, sectionsOf(env), { isReadOnly: isDryRun });
    if (!store.list) say('A bucket is not listed: only staged data that waited too long is looked for.');
    const totals = new SweepTotals();
    const sweep = sweepStaging({
      store, expiryMs: config.stagingExpiry * 1000, clock: () => new Date(),
      askStaged: (question) => bus.ask<StagedAnswer>(questionSubject(bus.region, 'staged'), question),
      askAttempts: (question) => bus.ask<AttemptsAnswer>(questionSubject(bus.region, 'attempts'), question),
      send: async (imageId, command) => imageFromJson((await bus.ask<ImageCommandAnswer>(commandSubject(bus.region, 'image'), {
        envelope: { imageId, command }, context: { commandId: randomUUID(), requestId: `req-${randomUUID()}`, actor: operator },
      })).image),
    }, { isDryRun, removesUnknown: isSet('unknown') });
    for await (const swept of sweep) {
      totals.add(swept);
      say(lineOf(swept));
    }
    say(totals.summary());
    return totals.of('not removed').things === 0 ? 0 : 1;
  },
});
