import { makeDigest, readDigestKey } from '#libs/event-log';
import { runOperatorCommand } from '#libs/platform';
import { openDigestPlace } from './digest-place.js';
import { faultLine } from './fault-line.js';

await runOperatorCommand({
  name: 'log:digest',
  purpose: 'Reads the whole event log, verifies it, holds it against the digests that are in the directory or bucket, and signs one more. Keep them where whoever can change the log cannot, and '
    + 'compare with: npm run log:verify -- --digests PLACE --key FILE. A place is a directory, or s3://BUCKET, whose server and keys are told by HELIOGRAPH_DIGESTS__S3_STORE_HOST, _ACCESS_KEY and _SECRET_KEY. Exit status 1 where the log or a digest has a fault; then nothing is signed.',
  options: {
    'key FILE': 'The Ed25519 private key to sign with, in PEM: openssl genpkey -algorithm ed25519 -out FILE.',
    'lock-days N': 'So many days nobody may delete the digest from its bucket, which must have been made with object lock.',
  },
  takes: 'PLACE',
  async run({ config, env, log, named, valueOf, say }) {
    const [[place], keyFile, lockDays] = [named, valueOf('key'), daysIn(valueOf('lock-days') ?? '0')];
    if (place === undefined || named.length > 1 || keyFile === undefined || lockDays === undefined) {
      say('Name one directory or s3://BUCKET, and the key with --key FILE; --lock-days takes a number.');
      return 2;
    }
    const privateKey = await readDigestKey(keyFile);
    if (privateKey.type !== 'private') throw new Error(`${keyFile} is a public key; it takes the private one to sign.`);
    const made = await makeDigest(log, {
      place: openDigestPlace(place, { lockDays, env }), region: config.region, privateKey, clock: () => new Date(),
      onFinding: (fault) => say('kind' in fault ? faultLine(fault) : `FAULT digest ${fault.file}: ${fault.detail}`),
    });
    if (made.outcome === 'refused') say(`${made.faults} faults: nothing was signed.`);
    else say(made.outcome === 'written' ? `${made.file} stands for the log up to sequence ${made.sequence}.` : 'There is nothing new to sign.');
    return made.outcome === 'refused' ? 1 : 0;
  },
});

/** A function, since the command runs before what stands here is reached. */
function daysIn(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}
