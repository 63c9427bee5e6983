import { openQuery } from '#libs/contracts';
import { Problem, type Image } from '#libs/domain';
import type { SealedTokenDrop } from '#libs/event-log';
import { leavingQueries } from './queries.room.js';

const command = { importId: '22222222-2222-4333-8444-555555555555', sourceUri: 'https://images.example/a' };
const sealKey = 's'.repeat(32);
const imported = (importId: string): Image => ({ importing: { importId } }) as unknown as Image;

function memoryDrop() {
  const left = new Map<string, string>();
  const drop: SealedTokenDrop = { put: (id, sealed) => Promise.resolve(void left.set(id, sealed)), withdraw: (id) => Promise.resolve(void left.delete(id)) };
  return { left, drop };
}

describe('The query of a URI', () => {
  it('is left, sealed for this import and this URI, before the import is requested', async () => {
    const { left, drop } = memoryDrop();
    await leavingQueries(sealKey, drop)('?sig=s3cr3t', command, () => {
      expect(left.size).toBe(1);
      return Promise.resolve(imported(command.importId));
    });
    const sealed = left.get(command.importId) ?? '';
    expect(sealed).not.toContain('s3cr3t');
    expect(openQuery(sealKey, sealed, command, new Date())).toBe('?sig=s3cr3t');
  });

  it('is taken back where the import is refused, or a repeated request finds its first import', async () => {
    const { left, drop } = memoryDrop();
    const withQuery = leavingQueries(sealKey, drop);
    await expect(withQuery('?x', command, () => Promise.reject(new Problem('ImageStatusConflict')))).rejects.toMatchObject({ code: 'ImageStatusConflict' });
    await withQuery('?x', command, () => Promise.resolve(imported('another')));
    expect(left.size).toBe(0);
  });

  it('is not left where there is none, and the import is requested all the same', async () => {
    const { left, drop } = memoryDrop();
    let isRequested = false;
    await leavingQueries(undefined, drop)('', command, () => {
      isRequested = true;
      return Promise.resolve(imported(command.importId));
    });
    expect([isRequested, left.size]).toEqual([true, 0]);
  });
});
