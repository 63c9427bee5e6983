import {
  auditDelivery, auditStreamName, auditSubject, commandSubject, fedSubject, followedSubject, followSubject, imageSubject, inboxPrefix, keptFromLinks, leaseSubject, linkPermissions, linkUser, metadefSubject, natsPermissions, natsUsers,
  notificationSubject, policySubject, progressSubject, projectedSubject, questionSubject, questions, querySubject, sealedSubject, streamName,
} from '#libs/contracts';

const permissions = natsPermissions('RegionOne');
const matches = (pattern: string, subject: string): boolean => {
  const [want, have] = [pattern.split('.'), subject.split('.')];
  return want.every((token, at) => token === '>' ? have.length > at : token === '*' ? have[at] !== undefined : token === have[at])
    && (want.at(-1) === '>' || want.length === have.length);
};
const mayPublish = (user: (typeof natsUsers)[number], subject: string) => permissions[user].publish.some((pattern) => matches(pattern, subject));
const id = '11111111-2222-4333-8444-555555555555';
const image = 'glance.RegionOne.image.11111111-2222-4333-8444-555555555555';

describe('NATS permissions', () => {
  it('let the catalog alone, and the operator, append to an image', () => {
    expect(natsUsers.filter((user) => mayPublish(user, image))).toEqual(['catalog', 'operator']);
  });

  it.each(['STREAM.DELETE', 'STREAM.PURGE', 'STREAM.UPDATE', 'STREAM.MSG.DELETE', 'STREAM.SNAPSHOT', 'STREAM.RESTORE', 'STREAM.LEADER.STEPDOWN'])(
    'let nobody %s the log', (call) => {
      expect(natsUsers.filter((user) => mayPublish(user, `$JS.API.${call}.GLANCE_RegionOne`))).toEqual([]);
    });

  it.each([['token', 'sealed', 'SEALED_RegionOne', 'federation'], ['query of a URI', 'query', 'QUERIES_RegionOne', 'importer']])(
    'let the gateway alone leave a sealed %s, and who needs it alone pick it up and delete it', (_, first, sealed, keeper) => {
      const subject = `${first}.RegionOne.11111111-2222-4333-8444-555555555555`;
      expect(natsUsers.filter((user) => mayPublish(user, subject))).toEqual(['gateway']);
      for (const call of ['STREAM.MSG.GET', 'STREAM.MSG.DELETE', 'STREAM.INFO', 'STREAM.CREATE']) {
        expect(natsUsers.filter((user) => mayPublish(user, `$JS.API.${call}.${sealed}`))).toEqual([keeper]);
      }
      for (const call of ['DIRECT.GET', 'CONSUMER.CREATE', 'STREAM.PURGE', 'STREAM.DELETE', 'STREAM.UPDATE', 'STREAM.SNAPSHOT']) {
        expect(natsUsers.filter((user) => mayPublish(user, `$JS.API.${call}.${sealed}`) || mayPublish(user, `$JS.API.${call}.${sealed}.${first}.RegionOne.x`))).toEqual([]);
      }
      expect(natsUsers.filter((user) => permissions[user].subscribe.some((pattern) => matches(pattern, subject)))).toEqual([]);
    });

  it('let the importer share the work of its own consumer and of no other', () => {
    expect(mayPublish('importer', '$JS.API.CONSUMER.CREATE.GLANCE_RegionOne.importer.glance.RegionOne.image.*')).toBe(true);
    expect(mayPublish('importer', '$JS.ACK.GLANCE_RegionOne.importer.1.2.3.4.5')).toBe(true);
    for (const subject of ['$JS.API.CONSUMER.CREATE.GLANCE_RegionOne.another.x', '$JS.API.CONSUMER.DELETE.GLANCE_RegionOne.importer', '$JS.ACK.GLANCE_RegionOne.another.1.2.3.4.5']) {
      expect(mayPublish('importer', subject)).toBe(false);
    }
  });

  it("let nobody append to another region's log", () => {
    expect(natsUsers.filter((user) => mayPublish(user, image.replace('RegionOne', 'RegionTwo')))).toEqual([]);
  });

  it('let those tell of progress who move bytes, and the gateway alone hear it', () => {
    const subject = 'progress.RegionOne.11111111-2222-4333-8444-555555555555';
    expect(natsUsers.filter((user) => mayPublish(user, subject))).toEqual(['gateway', 'staging', 'importer', 'federation']);
    expect(natsUsers.filter((user) => permissions[user].subscribe.some((pattern) => matches(pattern, subject)))).toEqual(['gateway']);
  });

  it('let those keep leases who move bytes, and federation its turns', () => {
    expect(natsUsers.filter((user) => mayPublish(user, 'lease.RegionOne.11111111-2222-4333-8444-555555555555'))).toEqual(['gateway', 'catalog', 'staging', 'importer', 'federation', 'operator']);
    expect(natsUsers.filter((user) => mayPublish(user, '$JS.API.STREAM.MSG.GET.LEASES_RegionOne'))).toEqual(['gateway', 'catalog', 'staging', 'importer', 'federation', 'operator']);
  });

  it('let catalog and gateway tell notifications, and the listener hear them and nothing else', () => {
    const subject = 'notification.RegionOne.notifications.info';
    const hears = (pattern: string): boolean => natsUsers.every((user) => user === 'listener' || !permissions[user].subscribe.some((each) => matches(each, pattern)));
    expect(natsUsers.filter((user) => mayPublish(user, subject))).toEqual(['gateway', 'catalog']);
    expect(hears(subject)).toBe(true);
    expect(permissions.listener.subscribe).toEqual(['notification.RegionOne.*.*', '_INBOX_listener.>']);
    for (const reach of ['GLANCE_RegionOne', 'LEASES_RegionOne', 'SEALED_RegionOne']) expect(permissions.listener.publish.filter((pattern) => pattern.includes(reach))).toEqual([]);
    for (const call of ['STREAM.DELETE', 'STREAM.PURGE', 'STREAM.UPDATE', 'STREAM.MSG.DELETE']) {
      expect(natsUsers.filter((user) => mayPublish(user, `$JS.API.${call}.NOTIFICATIONS_RegionOne`))).toEqual([]);
    }
  });

  it('let the catalog alone write the audit stream, and nobody else change it', () => {
    for (const subject of ['audit.RegionOne.project.YWxwaGE.image.ImageCreated', 'audit.RegionOne.public.image.ImageCreated', '$JS.API.STREAM.UPDATE.AUDIT_RegionOne', 'fed.RegionOne']) {
      expect(natsUsers.filter((user) => mayPublish(user, subject))).toEqual(['catalog']);
    }
    for (const call of ['STREAM.DELETE', 'STREAM.PURGE', 'STREAM.MSG.DELETE']) expect(natsUsers.filter((user) => mayPublish(user, `$JS.API.${call}.AUDIT_RegionOne`))).toEqual([]);
  });

  it('let the gateway alone vouch for tenants, and make consumers of the audit stream by what they hear: one project or the public', () => {
    expect(natsUsers.filter((user) => permissions[user].subscribe.some((pattern) => matches(pattern, '$SYS.REQ.USER.AUTH')))).toEqual(['gateway']);
    expect(natsUsers.filter((user) => mayPublish(user, '$SYS.REQ.USER.AUTH'))).toEqual([]);
    const create = '$JS.API.CONSUMER.CREATE.AUDIT_RegionOne.x';
    expect(natsUsers.filter((user) => mayPublish(user, `${create}.audit.RegionOne.project.YWxwaGE.>`) || mayPublish(user, `${create}.audit.RegionOne.public.>`))).toEqual(['gateway']);
    for (const subject of [create, `${create}.audit.RegionOne.>`, '$JS.API.CONSUMER.CREATE.AUDIT_RegionOne', '$JS.API.CONSUMER.CREATE.GLANCE_RegionOne.x.audit.RegionOne.project.a.>']) expect(mayPublish('gateway', subject)).toBe(false);
    expect(natsUsers.flatMap((user) => permissions[user].subscribe).filter((pattern) => pattern.startsWith('heard.'))).toEqual([]);
  });

  it('let federation alone hear other regions and let them hear, by consumers whose filters it names itself', () => {
    expect(natsUsers.filter((user) => mayPublish(user, '$JS.API.CONSUMER.CREATE.AUDIT_RegionOne'))).toEqual(['federation']);
    for (const subject of [followSubject('RegionTwo', 'RegionOne'), followedSubject('RegionOne', 'RegionTwo', id)]) expect(natsUsers.filter((user) => mayPublish(user, subject))).toEqual(['federation']);
    for (const subject of [followSubject('RegionTwo', 'RegionThree'), followedSubject('RegionTwo', 'RegionOne', id)]) expect(natsUsers.filter((user) => mayPublish(user, subject))).toEqual([]);
    for (const subject of [followSubject('RegionOne', 'RegionTwo'), followedSubject('RegionTwo', 'RegionOne', id)]) {
      expect(natsUsers.filter((user) => permissions[user].subscribe.some((pattern) => matches(pattern, subject)))).toEqual(['federation']);
    }
  });

  describe('of a link', () => {
    const { publish, subscribe, mayRespond } = linkPermissions('RegionTwo');
    const may = (patterns: readonly string[], subject: string): boolean => patterns.some((pattern) => matches(pattern, subject));
    /** One of every kind of subject. */
    const subjects = (region: string): string[] => [
      imageSubject(region, id), metadefSubject(region, 'YQ'), policySubject(region, id), leaseSubject(region, id), sealedSubject(region, id), querySubject(region, id), commandSubject(region, 'image'),
      ...questions.map((question) => questionSubject(region, question)), projectedSubject(region), progressSubject(region, id), notificationSubject(region, 'notifications', 'INFO'),
      auditSubject(region, 'public', 'image', 'ImageCreated'), auditDelivery(region, 'red', 'siem', 'project'), fedSubject(region),
      ...natsUsers.map((user) => `${inboxPrefix(user)}.x`), '_INBOX.x', '$SYS.REQ.USER.AUTH', '$JS.API.INFO', `$JS.API.STREAM.INFO.${streamName(region)}`, `$JS.API.CONSUMER.CREATE.${auditStreamName(region)}.x`, `$JS.ACK.${auditStreamName(region)}.x`,
    ];

    it('let a region wish under its own name, tell of itself, and hear what is told to it', () => {
      expect([linkUser('RegionTwo'), mayRespond]).toEqual(['link-RegionTwo', false]);
      expect([may(publish, followSubject('RegionOne', 'RegionTwo')), may(publish, followedSubject('RegionTwo', 'RegionOne', id))]).toEqual([true, true]);
      expect([may(subscribe, followedSubject('RegionOne', 'RegionTwo', id)), may(subscribe, followSubject('RegionTwo', 'RegionOne'))]).toEqual([true, true]);
      expect([may(publish, followSubject('RegionOne', 'RegionThree')), may(publish, followedSubject('RegionOne', 'RegionTwo', id))]).toEqual([false, false]);
      expect([may(subscribe, followedSubject('RegionOne', 'RegionThree', id)), may(subscribe, followSubject('RegionOne', 'RegionTwo'))]).toEqual([false, false]);
    });

    it('let nothing else pass, whichever side says it', () => {
      for (const subject of [...subjects('RegionOne'), ...subjects('RegionTwo')]) {
        expect([subject, may(publish, subject), may(subscribe, subject), may(keptFromLinks, subject)]).toEqual([subject, false, false, true]);
      }
      for (const subject of [followSubject('RegionOne', 'RegionTwo'), followedSubject('RegionOne', 'RegionTwo', id)]) expect(may(keptFromLinks, subject)).toBe(false);
    });

    it('keep back whatever a service may say or hear at home', () => {
      for (const { publish: said, subscribe: heard } of Object.values(permissions)) {
        for (const pattern of [...said, ...heard].filter((each) => !each.startsWith('follow'))) expect([pattern, keptFromLinks.includes(`${pattern.split('.')[0]}.>`)]).toEqual([pattern, true]);
      }
    });
  });

  it("let nobody listen to another user's answers", () => {
    for (const user of natsUsers) {
      const inboxes = permissions[user].subscribe.filter((subject) => subject.startsWith('_INBOX'));
      expect(inboxes).toEqual([`_INBOX_${user}.>`]);
    }
  });
});
