import { limitReached } from './limits.js';
import { storageQuota, storageQuotaForm } from './storage-quota.js';

describe('user_storage_quota', () => {
  it.each([['0', 0], ['512', 512], ['10B', 10], ['2KB', 2048], ['3MB', 3 * 1024 ** 2], ['20GB', 20 * 1024 ** 3], ['1 tb', 1024 ** 4]])('%s is %d bytes', (text, bytes) => {
    expect(storageQuota(text)).toBe(bytes);
  });

  it.each(['-1', 'GB', '1.5GB', '10 PB', ''])('%j is none', (text) => {
    expect(storageQuotaForm.test(text)).toBe(false);
  });
});

describe('The refusal', () => {
  it('speaks in the units in which limits are registered, and says what to do', () => {
    expect(limitReached('p', { resource: 'sizeBytes', limit: 1024 ** 2, asked: 1.5 * 1024 ** 2 }).message)
      .toBe('Project p would use 1.5 MiB of the 1 MiB that it may have as image_size_total. Delete what is not needed any more, or ask your operator for a higher limit.');
    expect(limitReached('p', { resource: 'images', limit: 10, asked: 11 }).message).toContain('11 of the 10 that it may have as image_count_total');
  });
});
