import { openReadModel } from '#libs/read-model';
import { runOperatorCommand } from '#libs/platform';
import { faultLine, nowAndThen } from '../fault-line.js';
import { writeBackup } from './write-backup.js';

await runOperatorCommand({
  name: 'backup',
  purpose: 'Copies a region into a directory, while it goes on: every commit of its event log, verified as it is read, and the keys of persons. The catalogue is built from these; the data of '
    + 'images, in the stores, is not copied. Exit status 1 where the log has faults; they are copied as they are.',
  takes: 'DIR',
  async run({ config, log, named, say, commandLine }) {
    const [dir] = named;
    if (dir === undefined || named.length > 1) {
      say('Name one directory that is empty or does not exist.');
      return 2;
    }
    const readModel = await openReadModel({ url: config.databaseUrl, poolSize: 1 });
    try {
      const progress = nowAndThen(say);
      const { lastSequence, messages, findings, persons } = await writeBackup(dir, {
        log, region: config.region, guard: readModel, clock: () => new Date(),
        onFinding: (finding) => say(faultLine(finding)),
        onProgress: ({ sequence, lastSequence: last }) => progress(`${sequence} of ${last} commits`),
      });
      say(`${messages} commits up to sequence ${lastSequence} and the keys of ${persons} persons are in ${dir}: ${findings === 0 ? 'whole' : `${findings} faults, which are in the log`}. Keep it where nobody else reads it. Back with: ${commandLine('restore', dir)}`);
      return findings === 0 ? 0 : 1;
    } finally {
      await readModel.close();
    }
  },
});
