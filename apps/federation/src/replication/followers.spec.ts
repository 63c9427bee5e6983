import { followersIn } from './followers.js';

describe('heliograph.replication_followers', () => {
  it('says of each region what it may hear: public images always, those of projects, or all', () => {
    expect([...followersIn(['Two', 'Three:red', 'Three:urn:blue', 'Four:*', 'Four:red'], 'One')]).toEqual([
      ['One', { projects: 'all' }], ['Two', { projects: [] }], ['Three', { projects: ['red', 'urn:blue'] }], ['Four', { projects: 'all' }],
    ]);
  });

  it.each(['', 'Two:', 'T.wo', ':red', '*'])('does not take %j', (entry) => {
    expect(() => followersIn([entry], 'One')).toThrow('replication_followers');
  });
});
