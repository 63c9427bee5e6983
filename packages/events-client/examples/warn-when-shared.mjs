/**
 * Warns when an image of the project can be seen by others: when it is offered to another project, or becomes public or community. It remembers in a file how far
 * it has come; a warning that was printed may be printed again after a crash, and none is left out.
 *
 *   npm start -- --detach && source data/openrc
 *   node packages/events-client/examples/warn-when-shared.mjs [CHECKPOINT_FILE]
 */
import { changeOf, credentialsFrom, fileCheckpoints, follow, httpSource, isOneOf, keystoneSession } from '@heliograph/events-client';

const [checkpointFile = 'warn-when-shared.checkpoint'] = process.argv.slice(2);
const session = keystoneSession(credentialsFrom(process.env));
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.once('SIGINT', () => stop.abort());

const warn = (event, what) => console.log(`${event.time} image ${event.subject} (${event.data.name ?? 'no name'}) ${what}, by ${event.actorid ?? 'somebody'}`);

await follow(
  {
    source: httpSource({ url: await session.imageUrl(), token: () => session.token(), query: { type: 'in:ImageCreated,ImageVisibilityChanged,MemberAdded' } }),
    checkpoints: fileCheckpoints(checkpointFile), start: 'beginning', signal: stop.signal,
    onTrouble: (error, waitMs) => console.error(`${error}; going on in ${waitMs} ms`),
  },
  (event) => {
    const visibility = changeOf(event, 'visibility')?.to;
    if (event.audience !== 'owner') return;
    if (isOneOf(event, 'MemberAdded')) warn(event, `is offered to ${event.data.changes.map(({ name }) => name.replace('members/', '')).join(', ')}`);
    else if (visibility === 'public' || visibility === 'community') warn(event, `can be seen by everybody (${visibility})`);
  },
);
