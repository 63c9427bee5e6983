import { namespaceOfToken } from '#libs/contracts';
import { openReadModel, startRebuild, type Applied } from '#libs/read-model';
import { compareWithMemory } from './log-guard.js';
import { runOperatorCommand } from '#libs/platform';
import { followInThread } from './read-in-thread.js';
import { rebuildCatalog } from './rebuild.js';

await runOperatorCommand({
  name: 'catalog:rebuild',
  purpose: 'Builds the catalogue anew from the event log, beside the one in use, and puts it in its place once it has caught up. Commands and reads go on meanwhile.',
  flags: { feed: 'Fill the feed of GET /v2/events anew, too: it answers 503 until that is done. Otherwise it stays as it is.' },
  async run({ config, log, isSet, say, commandLine }) {
    const live = await openReadModel({ url: config.databaseUrl, poolSize: 1 });
    const judgement = await compareWithMemory(log, live);
    if (judgement !== 'trusted') {
      say(`The event log cannot be trusted: ${judgement.lost}. First run: ${commandLine('log:repair')}`);
      return 1;
    }
    const next = await startRebuild({ url: config.databaseUrl });
    const startedAt = performance.now();
    let saidAt = startedAt;
    let allParked = 0;
    const position = await rebuildCatalog({
      log: { ...log, follow: followInThread({ servers: config.natsUrl, password: config.natsPassword, region: config.region }) },
      live, next, feed: isSet('feed') ? 'empty' : 'carried',
      onProgress({ sequence, target }) {
        if (performance.now() - saidAt < 1000) return;
        saidAt = performance.now();
        say(`${sequence} of ${target} commits (${Math.floor((100 * sequence) / target)} %)`);
      },
      onIndexing: () => say('building indexes'),
      onParked(parked) {
        allParked += parked.length;
        for (const row of parked) {
          say(`PARKED ${parkedName(row)} at sequence ${row.sequence}: ${row.reason}`);
        }
      },
    });
    say(`The catalogue was rebuilt up to sequence ${position} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s and is in use${
      allParked === 0 ? '.' : `; ${allParked} images, namespaces or replication policies are parked.`}`);
    return 0;
  },
});

function parkedName(row: Applied['parked'][number]): string {
  if ('image_id' in row) return `image ${row.image_id}`;
  return 'replication_id' in row ? `replication ${row.replication_id}` : `namespace ${namespaceOfToken(row.token) ?? row.token}`;
}
