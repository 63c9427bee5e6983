import { migrate, openReadModel } from '#libs/read-model';
import { runOperatorCommand } from '#libs/platform';
import { faultLine, nowAndThen } from '../fault-line.js';
import { restoreBackup } from './restore-backup.js';

await runOperatorCommand({
  name: 'restore',
  purpose: 'Makes a region of a backup: puts its commits into an event log that was just set up and is empty, the keys of persons into PostgreSQL, and builds the catalogue. Stop every service of the '
    + 'region before, and start them afterwards. At the end everything is read once more and compared with the backup. Exit status 1 where that finds a fault.',
  takes: 'DIR',
  async run({ config, log, named, say }) {
    const [dir] = named;
    if (dir === undefined || named.length > 1) {
      say('Name the directory of one backup.');
      return 2;
    }
    await migrate({ url: config.databaseUrl });
    const readModel = await openReadModel({ url: config.databaseUrl, poolSize: 1 });
    try {
      const progress = nowAndThen(say);
      const { manifest, faults } = await restoreBackup(dir, {
        log, region: config.region, databaseUrl: config.databaseUrl, guard: readModel,
        onFinding: (finding) => say(faultLine(finding)),
        onProgress: ({ sequence, lastSequence }) => progress(`${sequence} of ${lastSequence} commits`),
      });
      say(`${manifest.messages} commits of ${manifest.at} are restored, and the catalogue holds what they say: ${faults === 0 ? 'whole' : `${faults} faults`}. Persons who were erased since the backup must be erased again.`);
      return faults === 0 ? 0 : 1;
    } finally {
      await readModel.close();
    }
  },
});
