import { openReadModel, startRebuild } from '#libs/read-model';
import { compareWithMemory } from './log-guard.js';
import { runOperatorCommand } from './operator.js';
import { rebuildCatalog } from './rebuild.js';

await runOperatorCommand({
  name: 'catalog:rebuild',
  purpose: 'Builds the catalogue anew from the event log, beside the one in use, and puts it in its place once it has caught up. Commands and reads go on meanwhile.',
  async run({ config, log, say, commandLine }) {
    const live = await openReadModel({ url: config.databaseUrl, poolSize: 1 });
    const judgement = await compareWithMemory(log, live);
    if (judgement !== 'trusted') {
      say(`The event log cannot be trusted: ${judgement.lost}. First run: ${commandLine('log:repair')}`);
      return 1;
    }
    const next = await startRebuild({ url: config.databaseUrl });
    const startedAt = performance.now();
    let saidAt = startedAt;
    let parkedImages = 0;
    const position = await rebuildCatalog({
      log, live, next,
      onProgress({ sequence, target }) {
        if (performance.now() - saidAt < 1000) return;
        saidAt = performance.now();
        say(`${sequence} of ${target} commits (${Math.floor((100 * sequence) / target)} %)`);
      },
      onIndexing: () => say('building indexes'),
      onParked(parked) {
        parkedImages += parked.length;
        for (const { image_id, sequence, reason } of parked) say(`PARKED image ${image_id} at sequence ${sequence}: ${reason}`);
      },
    });
    say(`The catalogue was rebuilt up to sequence ${position} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s and is in use${
      parkedImages === 0 ? '.' : `; ${parkedImages} images are parked.`}`);
    return 0;
  },
});
