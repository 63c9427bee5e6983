import { repairTail, type RepairStep } from '#libs/event-log';
import { logTailLength, openReadModel } from '#libs/read-model';
import { runOperatorCommand } from './operator.js';

const lineOf = ({ kind, sequence, subject, detail }: RepairStep): string => `${kind} ${sequence}${subject === undefined ? '' : ` ${subject}`}: ${detail}`;

const endings = {
  whole: ({ lastSequence }: { lastSequence: number }) => `Nothing is missing: the log goes up to sequence ${lastSequence}.`,
  repairable: ({ lost, lastSequence }: { lost: number; lastSequence: number }) =>
    `The log ends at sequence ${lastSequence}; ${lost} commits after it can be put back. Do so with: npm run log:repair -- --apply`,
  repaired: ({ lost, lastSequence }: { lost: number; lastSequence: number }) => `${lost} commits were put back; the log goes up to sequence ${lastSequence} again.`,
  refused: () => 'Log and copy contradict each other, so nothing was written. Restore the log from your backup, up to the place named first above; then run this again.',
} as const;

await runOperatorCommand({
  name: 'log:repair',
  purpose: 'Puts back what the event log lost at its end, from the copy that PostgreSQL keeps of the newest commits. Without --apply it only tells what it would do. '
    + 'The catalog accepts commands again by itself once the log is whole. Exit status 1 when the log is not whole afterwards.',
  flags: { apply: 'Write to the log.' },
  async run({ config, log, isSet, say }) {
    const readModel = await openReadModel({ url: config.databaseUrl, poolSize: 1 });
    const tail = await readModel.logTail(0, 2 * logTailLength).finally(() => readModel.close());
    const repaired = await repairTail(log, tail, { apply: isSet('apply'), report: (step) => say(lineOf(step)) });
    say(endings[repaired.outcome](repaired));
    return repaired.outcome === 'whole' || repaired.outcome === 'repaired' ? 0 : 1;
  },
});
