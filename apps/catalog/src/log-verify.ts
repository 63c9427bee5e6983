import { readDigestKey, readDigests, verifyLog, type EventLog, type KeptDigest } from '#libs/event-log';
import { logTailLength, openReadModel } from '#libs/read-model';
import { openDigestPlace } from './digest-place.js';
import { faultLine, nowAndThen } from './fault-line.js';
import { compareWithMemory } from './log-guard.js';
import { runOperatorCommand } from '#libs/platform';

await runOperatorCommand({
  name: 'log:verify',
  purpose: 'Reads the whole event log once and checks every sequence, schema, version and hash. It changes nothing and may run at any time. Exit status 1 when it finds a fault.',
  flags: { 'log-only': 'Do not compare with what PostgreSQL keeps of the log.' },
  options: { 'digests PLACE': 'Hold the log against the signed digests in a directory or in s3://BUCKET, too.', 'key FILE': 'The key that they are signed with, public or private, in PEM.' },
  async run({ config, env, log, isSet, valueOf, say, commandLine }) {
    const { tail, judgement } = isSet('log-only') ? { tail: [], judgement: 'trusted' as const } : await knownFrom(config.databaseUrl, log);
    if (judgement !== 'trusted') say(`FAULT lost: ${judgement.lost}. See: ${commandLine('log:repair')}`);
    const kept = await digestsIn({ place: valueOf('digests'), keyFile: valueOf('key'), region: config.region, env }, say);
    const progress = nowAndThen(say);
    const { messages, aggregates, lastSequence, findings } = await verifyLog(log, {
      tail, digests: kept.digests,
      onFinding: (finding) => say(faultLine(finding)),
      onProgress: ({ sequence }) => progress(`${sequence} commits read`),
    });
    const faults = findings + kept.faults + (judgement === 'trusted' ? 0 : 1);
    const witnesses = kept.digests.length === 0 ? '' : `, as ${kept.digests.length} signed digests say up to sequence ${kept.digests.at(-1)?.sequence ?? 0}`;
    say(`${messages} commits of ${aggregates} images and other things, up to sequence ${lastSequence}: ${faults === 0 ? `whole${witnesses}` : `${faults} faults`}.`);
    return faults === 0 ? 0 : 1;
  },
});

interface Witnesses { readonly place: string | undefined; readonly keyFile: string | undefined; readonly region: string; readonly env: NodeJS.ProcessEnv }

async function digestsIn({ place, keyFile, region, env }: Witnesses, say: (line: string) => void): Promise<{ readonly digests: readonly KeptDigest[]; readonly faults: number }> {
  if (place === undefined) return { digests: [], faults: 0 };
  if (keyFile === undefined) throw new Error('--digests needs --key FILE: the key that they are signed with.');
  const { digests, faults } = await readDigests(openDigestPlace(place, { lockDays: 0, env }), region, await readDigestKey(keyFile));
  for (const { file, detail } of faults) say(`FAULT digest ${file}: ${detail}`);
  if (digests.length + faults.length === 0) throw new Error(`${place} holds no digest of region ${region}.`);
  return { digests, faults: faults.length };
}

async function knownFrom(url: string, log: EventLog) {
  const readModel = await openReadModel({ url, poolSize: 1 });
  try {
    return { tail: await readModel.logTail(0, 2 * logTailLength), judgement: await compareWithMemory(log, readModel) };
  } finally {
    await readModel.close();
  }
}
