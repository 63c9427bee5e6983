import { imageDecider, type ImageCommand, type ImageEvent } from '#libs/domain';
import { anImage, specification } from '#libs/testing';

const imageId = '11111111-2222-4333-8444-555555555555';
const given = specification(imageDecider({ properties: -1, tags: -1, members: 2 }));
const asked = (command: ImageCommand) => ({ imageId, command });
const add = (memberId: string) => asked({ type: 'AddMember', memberId });
const added = (memberId: string): ImageEvent => ({ type: 'MemberAdded', data: { memberId } });

describe('Create image member', () => {
  it('shares a shared image with a project', () => {
    given(...anImage()).when(add('friend')).then(added('friend'));
  });

  it.each(['private', 'public', 'community'] as const)('refuses an image that is %s', (visibility) => {
    given(...anImage({ visibility })).when(add('friend')).refuses('ImageNotShared');
  });

  it('refuses a project that is a member already', () => {
    given(...anImage(), added('friend')).when(add('friend')).refuses('MemberExists');
  });

  it('refuses one member more than the limit', () => {
    given(...anImage(), added('a'), added('b')).when(add('c')).refuses('TooManyMembers');
  });
});

describe('Update image member', () => {
  const change = (status: 'pending' | 'accepted' | 'rejected') => asked({ type: 'ChangeMemberStatus', memberId: 'friend', status });

  it('accepts', () => {
    given(...anImage(), added('friend')).when(change('accepted')).then({ type: 'MemberAccepted', data: { memberId: 'friend' } });
  });

  it('rejects', () => {
    given(...anImage(), added('friend')).when(change('rejected')).then({ type: 'MemberRejected', data: { memberId: 'friend' } });
  });

  it('goes back to pending', () => {
    given(...anImage(), added('friend'), { type: 'MemberAccepted', data: { memberId: 'friend' } })
      .when(change('pending')).then({ type: 'MemberReset', data: { memberId: 'friend' } });
  });

  it('changes nothing when the status is the same', () => {
    given(...anImage(), added('friend')).when(change('pending')).nothing();
  });

  it('refuses a project that is no member', () => {
    given(...anImage()).when(change('accepted')).refuses('MemberNotFound');
  });
});

describe('Delete image member', () => {
  const remove = asked({ type: 'RemoveMember', memberId: 'friend' });

  it('takes the share back', () => {
    given(...anImage(), added('friend')).when(remove).then({ type: 'MemberRemoved', data: { memberId: 'friend' } });
  });

  it('refuses a project that is no member', () => {
    given(...anImage()).when(remove).refuses('MemberNotFound');
  });
});
