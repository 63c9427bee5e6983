import { questionSubject, type StatusAnswer } from '#libs/contracts';
import { jetStreamLeases } from '#libs/event-log';
import { runOperatorCommand } from '#libs/platform';
import { scrubStores, type Scrubbed } from '#libs/transfers';
import { askStored, operatorStores, sendAs, untilInterrupted } from './operator-stores.js';

const mebibyte = 1024 ** 2;

await runOperatorCommand({
  name: 'stores:scrub',
  purpose: 'Reads every copy of every image\'s data, or of those named, says whether it is still what it was, writes that into the history, and replaces a bad copy from a store that has a sound one. At most heliograph.scrub_rate a second. An importer does the same by itself every heliograph.scrub_interval. Exit status 1 when a copy is bad and could not be replaced.',
  flags: { 'dry-run': 'Only read, and say what is found.', due: 'Only copies that were not looked at for heliograph.scrub_interval; what was interrupted goes on.' },
  takes: 'IMAGE_ID...',
  async run({ env, bus, isSet, named, say }) {
    const { config, stores } = await operatorStores({ env });
    const { leaseSeconds } = await bus.ask<StatusAnswer>(questionSubject(bus.region, 'status'), {});
    const now = new Date();
    const uncheckedSince = isSet('due') ? new Date(now.getTime() - config.scrubInterval * 1000) : now;
    const parts = {
      stores: stores.all, leases: await jetStreamLeases(bus.connection, { region: bus.region }), leaseMs: leaseSeconds * 1000, clock: () => new Date(), askStored: askStored(bus), send: sendAs(bus),
    };
    const counts = new Map<string, number>();
    const scrubbing = scrubStores(parts, {
      bytesPerSecond: config.scrubRate * mebibyte, uncheckedSince, signal: untilInterrupted(), isDryRun: isSet('dry-run'), ...(named.length > 0 ? { imageIds: new Set(named) } : {}),
    });
    for await (const scrubbed of scrubbing) {
      for (const name of countedAs(scrubbed)) counts.set(name, (counts.get(name) ?? 0) + 1);
      say(lineOf(scrubbed));
    }
    say(counts.size === 0 ? 'nothing to look at, or another pass is at it just now' : [...counts].map(([name, times]) => `${times} ${name}`).join(', '));
    return isBadNow(counts, isSet('dry-run')) ? 1 : 0;
  },
});

function countedAs({ verdict, done }: Scrubbed): string[] {
  return verdict === 'sound' || verdict === 'unreadable' || done === 'nothing' ? [verdict] : [verdict, done];
}

/** Whether a copy is left that is bad. */
function isBadNow(counts: ReadonlyMap<string, number>, isDryRun: boolean): boolean {
  return (isDryRun ? ['damaged', 'missing'] : ['not healed', 'hopeless']).some((name) => counts.has(name));
}

function lineOf({ imageId, storeId, verdict, detail, done, sizeBytes, error }: Scrubbed): string {
  const outcome = verdict === 'sound' || done === 'nothing' ? '' : done === 'hopeless' ? '; no store has a sound copy' : `; ${done}`;
  const why = error instanceof Error && verdict !== 'unreadable' ? ` (${error.message})` : '';
  return `${verdict.padEnd(10)} image ${imageId} in ${storeId}, ${sizeBytes} bytes${detail === '' ? '' : `: ${detail}`}${outcome}${why}`;
}
