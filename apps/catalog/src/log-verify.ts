import { verifyLog, type EventLog, type Finding } from '#libs/event-log';
import { logTailLength, openReadModel } from '#libs/read-model';
import { compareWithMemory } from './log-guard.js';
import { runOperatorCommand } from '#libs/platform';

await runOperatorCommand({
  name: 'log:verify',
  purpose: 'Reads the whole event log once and checks every sequence, schema, version and hash. It changes nothing and may run at any time. Exit status 1 when it finds a fault.',
  flags: { 'log-only': 'Do not compare with what PostgreSQL keeps of the log.' },
  async run({ config, log, isSet, say, commandLine }) {
    const { tail, judgement } = isSet('log-only') ? { tail: [], judgement: 'trusted' as const } : await knownFrom(config.databaseUrl, log);
    if (judgement !== 'trusted') say(`FAULT lost: ${judgement.lost}. See: ${commandLine('log:repair')}`);
    let saidAt = performance.now();
    const { messages, aggregates, lastSequence, findings } = await verifyLog(log, {
      tail,
      onFinding: (finding) => say(lineOf(finding)),
      onProgress({ sequence }) {
        if (performance.now() - saidAt < 1000) return;
        saidAt = performance.now();
        say(`${sequence} commits read`);
      },
    });
    const faults = findings + (judgement === 'trusted' ? 0 : 1);
    say(`${messages} commits of ${aggregates} images and other things, up to sequence ${lastSequence}: ${faults === 0 ? 'whole' : `${faults} faults`}.`);
    return faults === 0 ? 0 : 1;
  },
});

function lineOf({ kind, sequence, subject, version, detail }: Finding): string {
  const where = [`sequence ${sequence}`, ...(subject === undefined ? [] : [subject]), ...(version === undefined ? [] : [`version ${version}`])];
  return `FAULT ${kind} at ${where.join(', ')}: ${detail}`;
}

async function knownFrom(url: string, log: EventLog) {
  const readModel = await openReadModel({ url, poolSize: 1 });
  try {
    return { tail: await readModel.logTail(0, 2 * logTailLength), judgement: await compareWithMemory(log, readModel) };
  } finally {
    await readModel.close();
  }
}
