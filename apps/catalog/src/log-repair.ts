import { repairTail, type Repaired, type RepairStep } from '#libs/event-log';
import { logTailLength, openReadModel, type ReadModel } from '#libs/read-model';
import { acceptLogAsItIs } from './accept-log.js';
import { compareWithMemory } from './log-guard.js';
import { runOperatorCommand, type OperatorTools } from '#libs/platform';
import { renewedLog } from './renewed-log.js';

const lineOf = ({ kind, sequence, subject, detail }: RepairStep): string => `${kind} ${sequence}${subject === undefined ? '' : ` ${subject}`}: ${detail}`;

const endings: Record<Repaired['outcome'], (repaired: Repaired) => string> = {
  whole: ({ lastSequence }) => `Nothing is missing: the log goes up to sequence ${lastSequence}.`,
  repairable: ({ lost, lastSequence }) => `The log ends at sequence ${lastSequence}; ${lost} commits after it can be put back.`,
  repaired: ({ lost, lastSequence }) => `${lost} commits were put back; the log goes up to sequence ${lastSequence} again.`,
  refused: () => 'Log and copy contradict each other, so nothing was written. Restore the log from your backup, up to the place named first above; then run this again.',
};

await runOperatorCommand({
  name: 'log:repair',
  purpose: 'Puts back what the event log lost at its end, from the copy that PostgreSQL keeps of the newest commits, and lets the catalog trust a log that was made '
    + 'anew once it holds what is remembered of it. Without --apply it only tells what it would do. '
    + 'The catalog accepts commands again by itself once the log is whole. Exit status 1 when the log is not whole afterwards.',
  flags: {
    apply: 'Write what it would do.',
    'accept-log-as-it-is': 'The last resort, for a log that neither copy nor backup can mend: give up what the log does not hold. Tells what that is.',
  },
  async run(tools) {
    const readModel = await openReadModel({ url: tools.config.databaseUrl, poolSize: 1 });
    try {
      return await (tools.isSet('accept-log-as-it-is') ? acceptLogAsItIs : repair)(tools, readModel);
    } finally {
      await readModel.close();
    }
  },
});

async function repair(tools: OperatorTools, readModel: ReadModel): Promise<number> {
  const { log, isSet, say, commandLine } = tools;
  const tail = await readModel.logTail(0, 2 * logTailLength);
  const repaired = await repairTail(log, tail, { apply: isSet('apply'), report: (step) => say(lineOf(step)) });
  say(endings[repaired.outcome](repaired));
  if (repaired.outcome === 'refused') {
    say(`Where there is no such backup, see what it would cost to go on without: ${commandLine('log:repair', '--accept-log-as-it-is')}`);
    return 1;
  }
  if (repaired.outcome !== 'repairable') return settle(tools, readModel);
  say(`Do so with: ${commandLine('log:repair', '--apply')}`);
  return 1;
}

/** Nothing is missing any more; what is left is to tell the guard of a log that was made anew. */
async function settle({ log, isSet, say, commandLine }: OperatorTools, readModel: ReadModel): Promise<number> {
  const judgement = await compareWithMemory(log, readModel);
  if (judgement === 'trusted') return 0;
  const renewed = await renewedLog(log, readModel);
  if (!renewed) {
    say(`And yet the catalog does not trust it: ${judgement.lost}. See what it would cost to go on with it: ${commandLine('log:repair', '--accept-log-as-it-is')}`);
    return 1;
  }
  const { position, rememberedAs } = renewed;
  say(`The log was made anew at ${position.logCreatedAt}; the one remembered was made at ${rememberedAs}. It holds the remembered commit at sequence ${position.sequence}, byte for byte.`);
  if (!isSet('apply')) {
    say(`Let the catalog trust it with: ${commandLine('log:repair', '--apply')}`);
    return 1;
  }
  await readModel.acceptLog(position);
  say(`The catalog trusts it from now on. Commits from before the copy were not compared with anything; check their chain with: ${commandLine('log:verify')}`);
  return 0;
}
