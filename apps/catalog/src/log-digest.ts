import { makeDigest, readDigestKey } from '#libs/event-log';
import { runOperatorCommand } from '#libs/platform';
import { faultLine } from './fault-line.js';

await runOperatorCommand({
  name: 'log:digest',
  purpose: 'Reads the whole event log, verifies it, holds it against the digests that are in the directory, and signs one more. Keep the directory where whoever can change the log cannot, and '
    + 'compare with: npm run log:verify -- --digests DIR --key FILE. Exit status 1 where the log or a digest has a fault; then nothing is signed.',
  options: { 'key FILE': 'The Ed25519 private key to sign with, in PEM: openssl genpkey -algorithm ed25519 -out FILE.' },
  takes: 'DIR',
  async run({ config, log, named, valueOf, say }) {
    const [[dir], keyFile] = [named, valueOf('key')];
    if (dir === undefined || named.length > 1 || keyFile === undefined) {
      say('Name one directory, and the key with --key FILE.');
      return 2;
    }
    const privateKey = await readDigestKey(keyFile);
    if (privateKey.type !== 'private') throw new Error(`${keyFile} is a public key; it takes the private one to sign.`);
    const made = await makeDigest(log, {
      dir, region: config.region, privateKey, clock: () => new Date(),
      onFinding: (fault) => say('kind' in fault ? faultLine(fault) : `FAULT digest ${fault.file}: ${fault.detail}`),
    });
    if (made.outcome === 'refused') say(`${made.faults} faults: nothing was signed.`);
    else say(made.outcome === 'written' ? `${made.file} stands for the log up to sequence ${made.sequence}.` : 'There is nothing new to sign.');
    return made.outcome === 'refused' ? 1 : 0;
  },
});
