import { openAccess, type CopiesAnswer, type CopiesOfRegion, type CopiesQuestion } from '#libs/contracts';
import { lineageNames, lineageOf, Problem, type ShownImage } from '#libs/domain';
import { getRemote } from './remote-region.js';
import { shownImage } from './replication/shown-image.js';

export interface CopiesOptions {
  readonly sealKey: string;
  readonly now: Date;
  readonly signal: AbortSignal;
  /** For each region. */
  readonly timeoutMs: number;
}

const mostRegions = 100;
const largestAnswerBytes = 4 * 1024 * 1024;
const mostCopies = 100;

/** Asks each region, all at once and each for a bounded time, with the token of who wants to know: he is told of what he may see there. */
export async function findCopies({ questionId, originRegion, originId, regions }: CopiesQuestion, options: CopiesOptions): Promise<CopiesAnswer> {
  const { sealKey, now, signal, timeoutMs } = options;

  async function inRegion({ name, sealed }: CopiesQuestion['regions'][number]): Promise<CopiesOfRegion> {
    try {
      const asked = { region: name, ...openAccess(sealKey, sealed, { importId: questionId, region: name }, now) };
      const list = async (more: Readonly<Record<string, string>>): Promise<ShownImage[]> => {
        const query = new URLSearchParams({ visibility: 'all', limit: String(mostCopies), [lineageNames.originRegion]: originRegion, [lineageNames.originId]: originId, ...more });
        const { bytes } = await getRemote(asked, `/v2/images?${query.toString()}`, { limitBytes: largestAnswerBytes, totalTimeoutMs: timeoutMs, signal, retries: 1 });
        const chunks: Uint8Array[] = [];
        for await (const chunk of bytes) chunks.push(chunk);
        return imagesIn(Buffer.concat(chunks).toString('utf8'));
      };
      const found = [...await list({}), ...await list({ os_hidden: 'true' })].filter(({ properties }) => lineageOf(properties)?.originId === originId);
      return { name, copies: found.map(({ id, name: called, status, visibility, owner, sizeBytes, properties }) => ({ id, name: called, status, visibility, owner, sizeBytes, properties })) };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { name, copies: [], reason: reasonOf(error) };
    }
  }
  return { regions: await Promise.all(regions.slice(0, mostRegions).map(inRegion)) };
}

function imagesIn(text: string): ShownImage[] {
  try {
    const { images } = JSON.parse(text) as { images?: unknown };
    return Array.isArray(images) ? images.map(shownImage).filter((image) => image !== undefined) : [];
  } catch {
    return [];
  }
}

function reasonOf({ code, params }: Problem): string {
  if (code === 'RemoteTokenRefused') return 'it does not accept your token';
  return typeof params['reason'] === 'string' ? params['reason'] : 'it does not let you list images';
}
