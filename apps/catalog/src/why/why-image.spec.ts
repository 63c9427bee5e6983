import { encodeCommit, hashOfCommit, type Commit } from '#libs/contracts';
import type { ImageEvent } from '#libs/domain';
import { attemptId, otherAttemptId, someData } from '#libs/testing';
import { stepsOf } from '../images/history-steps.js';
import { whyOf } from './why-image.js';

const imageId = '11111111-2222-4333-8444-555555555555';
const importId = '22222222-2222-4333-8444-555555555555';
const created: ImageEvent = { type: 'ImageCreated', data: { name: 'cirros', owner: 'p', visibility: 'private', tags: [], properties: { os_distro: 'cirros' }, isProtected: false, isHidden: false, minDisk: 0, minRam: 0 } };

type Told = readonly [commandType: string, userId: string, ...events: ImageEvent[]];

/** The lines about an image with these commits, a minute from one to the next. */
function why(...told: readonly Told[]): string {
  let prevHash = '';
  const messages = told.map(([commandType, userId, ...events], index) => {
    const commit: Commit = {
      aggregateId: imageId, region: 'RegionOne', service: 'catalog', at: new Date(Date.UTC(2026, 0, 1, 0, index)), version: index + 1, prevHash,
      commandId: `c${index}`, commandType, requestId: `req-${index}`, actor: userId.startsWith('service:') ? { userId, authMethod: 'service' } : { userId, projectId: 'p', authMethod: 'password' }, events,
    };
    const bytes = encodeCommit(commit);
    prevHash = hashOfCommit(bytes);
    return { sequence: 10 * (index + 1), bytes };
  });
  return whyOf(imageId, stepsOf(imageId, messages)).join('\n');
}

const uploaded: readonly Told[] = [
  ['CreateImage', 'ada', created],
  ['StartImageDataUpload', 'ada', { type: 'ImageDataUploadStarted', data: { attemptId, storeId: 'fast', declaredSizeBytes: 12 } }],
  ['CompleteImageDataUpload', 'ada', { type: 'ImageDataInspected', data: { attemptId, format: 'raw', findings: [] } }, { type: 'ImageDataStored', data: { attemptId, storeId: 'fast', ...someData } }, { type: 'ImageActivated', data: {} }],
];

describe('npm run why', () => {
  it('tells the way to the status, each step with its commit, person and request', () => {
    const told = why(...uploaded, ['DeactivateImage', 'root', { type: 'ImageDeactivated', data: {} }]);
    expect(told).toContain(`Image ${imageId} "cirros" is deactivated, at version 4 (sequence 40).`);
    expect(told).toContain('queued -> saving: an upload into store fast began, announced with 12 bytes; version 2, 2026-01-01T00:01:00.000Z, StartImageDataUpload by user ada of project p (password), request req-1, sequence 20');
    expect(told).toContain('active -> deactivated: the image was deactivated; version 4, 2026-01-01T00:03:00.000Z, DeactivateImage by user root of project p (password), request req-3, sequence 40');
  });

  it('gives each value the last commit that changed it, and what it was', () => {
    const told = why(
      ['CreateImage', 'ada', created],
      ['ChangeImageProperties', 'bob', { type: 'ImageVisibilityChanged', data: { visibility: 'shared' } }],
      ['ChangeImageProperties', 'eve', { type: 'ImagePropertiesChanged', data: { attributes: {}, cleared: [], set: { os_distro: 'debian' }, removed: [] } }],
      ['AddMember', 'bob', { type: 'MemberAdded', data: { memberId: 'q' } }],
    );
    expect(told).toMatch(/visibility is "shared", was "private": version 2, .* by user bob /);
    expect(told).toMatch(/os_distro is "debian", was "cirros": version 3, .* by user eve /);
    expect(told).toMatch(/name is "cirros": version 1, .* by user ada /);
    expect(told).toMatch(/members\/q is "pending": version 4, /);
  });

  it('names each copy of the data, what it was found to be, and what the scrub said of it', () => {
    const told = why(...uploaded, ['RecordDataCheck', 'service:importer', { type: 'ImageDataChecked', data: { attemptId, storeId: 'fast', verdict: 'damaged', detail: 'another md5' } }]);
    expect(told).toContain(`store fast, attempt ${attemptId}: holds the data`);
    expect(told).toContain('its copy in store fast was found damaged: another md5; version 4, 2026-01-01T00:03:00.000Z, RecordDataCheck by service:importer, request req-3, sequence 40');
    expect(told).toContain('what it is: it is raw, no rule is broken');
  });

  it('tells why an import brought nothing', () => {
    const told = why(
      ['CreateImage', 'ada', created],
      ['RequestImageImport', 'ada', { type: 'ImageImportRequested', data: { importId, method: 'web-download', storeIds: ['fast'], allStoresMustSucceed: true, sourceUri: 'https://example.org/a.img' } }],
      ['StartStoreImport', 'service:importer', { type: 'ImageStoreImportStarted', data: { importId, attemptId: otherAttemptId, storeId: 'fast' } }],
      ['FailImport', 'service:importer', { type: 'ImageImportFailed', data: { importId, reason: 'Could not retrieve it: 404.' } }],
    );
    expect(told).toContain('is queued, at version 4');
    expect(told).toContain(`an import by web-download into fast was asked for from https://example.org/a.img, import ${importId}; version 2`);
    expect(told).toContain(`importing -> queued: import ${importId} failed: Could not retrieve it: 404.; version 4`);
  });

  it('lets no control character of a client through to the terminal', () => {
    const name = `a${String.fromCharCode(27)}[2J`;
    expect(why(['CreateImage', 'ada', { ...created, data: { ...created.data, name } }])).not.toContain(String.fromCharCode(27));
  });

  it('says so where there never was such an image', () => {
    expect(whyOf(imageId, [])).toEqual([`No commit names ${imageId}: there never was such an image.`]);
  });
});
