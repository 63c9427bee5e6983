import { verifyLog } from '#libs/event-log';
import { logTailLength, openReadModel } from '#libs/read-model';
import { runOperatorCommand } from './operator.js';

await runOperatorCommand({
  name: 'log:verify',
  purpose: 'Reads the whole event log once and checks every sequence, schema, version and hash. It changes nothing and may run at any time. Exit status 1 when it finds a fault.',
  flags: { 'no-tail': 'Do not compare with the newest commits that PostgreSQL keeps.' },
  async run({ config, log, isSet, say }) {
    const tail = isSet('no-tail') ? [] : await tailKeptIn(config.databaseUrl);
    let saidAt = 0;
    const verified = await verifyLog(log, {
      tail,
      onFinding: ({ kind, sequence, subject, version, detail }) =>
        say(`FAULT ${kind} at sequence ${sequence}${subject === undefined ? '' : `, ${subject}`}${version === undefined ? '' : `, version ${version}`}: ${detail}`),
      onProgress({ sequence, lastSequence }) {
        if (performance.now() - saidAt < 1000) return;
        saidAt = performance.now();
        say(`${sequence} of ${lastSequence}`);
      },
    });
    say(`${verified.messages} commits of ${verified.aggregates} images and other subjects, up to sequence ${verified.lastSequence}: ${
      verified.findings === 0 ? 'whole' : `${verified.findings} faults`}.`);
    return verified.findings === 0 ? 0 : 1;
  },
});

async function tailKeptIn(url: string) {
  const readModel = await openReadModel({ url, poolSize: 1 });
  try {
    return await readModel.logTail(0, 2 * logTailLength);
  } finally {
    await readModel.close();
  }
}
