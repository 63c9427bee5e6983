import { run, onPath } from './commands.js';

/** How a PostgreSQL program is run: as whom, and with what in front of it. */
export interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
  /** A program that takes the rest of the line as a command; empty where none is needed. */
  readonly prefix: readonly string[];
}

/**
 * PostgreSQL refuses to run as root. As root, it runs as `postgres` where that user exists, else as `nobody`.
 * Where that user cannot reach the files (a clone below /root), `setpriv` lends it the right to pass directories, and no other.
 */
export async function postgresUser(paths: readonly string[]): Promise<RunAs> {
  if (process.getuid?.() !== 0) return { prefix: [] };
  const ids = (await idsOf('postgres')) ?? (await idsOf('nobody'));
  if (!ids) throw new Error('PostgreSQL cannot run as root, and there is no user named postgres or nobody to run it as. Start as another user.');
  if (await canReach(ids, paths)) return { ...ids, prefix: [] };
  const setpriv = await onPath('setpriv');
  const lent = '+dac_read_search,+dac_override';
  // Without `no_setuid_fixup` the kernel ignores lent rights when a program asks `access` about itself, as initdb does.
  const prefix = [setpriv ?? '', '--securebits=+no_setuid_fixup', `--reuid=${ids.uid}`, `--regid=${ids.gid}`, '--clear-groups', `--inh-caps=${lent}`, `--ambient-caps=${lent}`];
  if (setpriv !== undefined && (await run(setpriv, [...prefix.slice(1), 'true'], { timeoutMs: 5000 }).then(() => true, () => false))) return { prefix };
  throw new Error(`PostgreSQL cannot run as root, and the user it would run as cannot enter ${paths.join(' or ')}. Choose directories that every user may pass through, or start as another user.`);
}

async function idsOf(user: string): Promise<{ uid: number; gid: number } | undefined> {
  const read = async (flag: string) => Number((await run('id', [flag, user], { timeoutMs: 5000 })).trim());
  try {
    return { uid: await read('-u'), gid: await read('-g') };
  } catch {
    return undefined;
  }
}

/** Asked of the system itself: a test run as that user. */
async function canReach(ids: { uid: number; gid: number }, paths: readonly string[]): Promise<boolean> {
  const { execFile } = await import('node:child_process');
  const reachable = (path: string) => new Promise<boolean>((resolve) => {
    execFile('test', ['-x', path], { ...ids, cwd: '/' }, (error) => resolve(error === null));
  });
  return (await Promise.all(paths.map(reachable))).every(Boolean);
}
