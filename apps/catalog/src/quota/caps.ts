import { noUsage, type Claim, type Usage } from '#libs/domain';
import { limitReached } from './limits.js';

/** The most that any project may have, whatever its limits are: 0 is no cap. */
export interface Caps { readonly images: number; readonly uploads: number }

export interface CapsOptions {
  readonly caps: Caps;
  usageOfProject(project: string): Promise<Usage>;
  readonly clock: () => Date;
}

/** Refuses what would put a project over a cap: LimitReached. */
export type EnsureCaps = (project: string, claims: readonly Claim[]) => Promise<void>;

interface Counted { readonly usage: Promise<Usage>; readonly atMs: number; readonly added: { images: number; uploads: number } }

const countedForMs = 1000;
const mostProjects = 10_000;

/**
 * Against floods, and so that one tenant cannot fill the log: caps are far from what anybody needs, so they need not be exact. A project's usage is
 * read once a second at most, and what it adds meanwhile through this process is counted here.
 */
export function createCaps({ caps, usageOfProject, clock }: CapsOptions): EnsureCaps {
  const known = new Map<string, Counted>();

  function counted(project: string): Counted {
    const atMs = clock().getTime();
    const found = known.get(project);
    if (found && atMs - found.atMs < countedForMs) return found;
    if (known.size >= mostProjects) known.clear();
    // Where nobody can count now, no cap stands in the way: whatever else needs the read model says so itself.
    const usage = usageOfProject(project).catch(() => noUsage);
    const fresh = { usage, atMs, added: { images: 0, uploads: 0 } };
    known.set(project, fresh);
    return fresh;
  }

  return async (project, claims) => {
    for (const { resource } of claims) {
      if ((resource !== 'images' && resource !== 'uploads') || caps[resource] === 0) continue;
      const { usage, added } = counted(project);
      const asked = (await usage)[resource] + added[resource] + 1;
      if (asked > caps[resource]) throw limitReached(project, { resource, limit: caps[resource], asked });
      added[resource] += 1;
    }
  };
}
