import { imageDecider, type DataInspection, type Image, type ImageCommand } from '#libs/domain';
import { anImage, attemptId, specification } from '#libs/testing';

const given = specification(imageDecider({ properties: -1, tags: -1, members: -1 }));
const record = (inspection: DataInspection): { imageId: string; command: ImageCommand } => ({ imageId: 'i', command: { type: 'RecordDataInspection', attemptId, inspection } });
const signature = { certificateId: 'c', hashMethod: 'SHA-256', keyType: 'DSA', isValid: true };
const inspected = (inspection: DataInspection) => ({ type: 'ImageDataInspected', data: { attemptId, ...inspection } }) as const;

describe('The verdict on a signature', () => {
  it('is part of what is known of the data', () => {
    given(...anImage({ status: 'saving' })).when(record({ findings: [], signature })).then(inspected({ findings: [], signature }));
  });

  it('is not recorded twice, and anew where it is another one', () => {
    const before = given(...anImage({ status: 'saving' }), inspected({ findings: [], signature }));
    before.when(record({ findings: [], signature })).nothing();
    const other = { ...signature, isValid: false, reason: 'the data is not what was signed' };
    before.when(record({ findings: [], signature: other })).then(inspected({ findings: [], signature: other }));
  });

  it('stays when the data is looked at again for its format alone', () => {
    const before = given(...anImage({ status: 'active' }), inspected({ findings: [], signature }));
    before.when(record({ findings: [] })).nothing();
    const image = before.when(record({ format: 'raw', findings: [] })).state() as Image;
    expect(image.attempts[0]?.inspection).toEqual({ format: 'raw', findings: [], signature });
  });
});
