import { patchV21 } from '../site.mjs';

export async function members({ compare, image, active, prepare, projects }) {
  const { demo, alt_demo: alt } = projects;
  const shared = await image('shared');
  const at = (imageId, rest = '') => `/v2/images/${imageId}/members${rest}`;
  const visibility = (imageId, value) => prepare('admin', 'PATCH', `/v2/images/${imageId}`, { headers: { 'content-type': patchV21 }, body: JSON.stringify([{ op: 'replace', path: '/visibility', value }]) });

  await compare('members: none yet', 'demo', 'GET', at(shared));
  const bodies = {
    empty: {}, 'member empty': { member: '' }, 'member null': { member: null }, 'member a number': { member: 5 }, 'member a list': { member: ['a'] }, 'member 256 characters': { member: 'x'.repeat(256) }, 'member 255 characters': { member: 'y'.repeat(255) },
    'other key': { tenant: 'x' }, 'list': [], 'text': 'x', 'number': 5, 'more keys': { member: 'more', status: 'accepted' }, unicode: { member: '映像' }, 'own project': { member: demo }, 'with a slash': { member: 'a/b' }, blanks: { member: '  ' },
  };
  for (const [name, json] of Object.entries(bodies)) await compare(`members: add, ${name}`, 'demo', 'POST', at(shared), { json });
  for (const [name, body] of Object.entries({ nothing: '', 'not JSON': '{', null: 'null', 'not UTF-8': Buffer.from([0x7b, 0xff]) })) await compare(`members: add, ${name}`, 'demo', 'POST', at(shared), { body, headers: { 'content-type': 'application/json' } });
  await compare('members: add', 'demo', 'POST', at(shared), { json: { member: alt } });
  await compare('members: add again', 'demo', 'POST', at(shared), { json: { member: alt } });
  await compare('members: add to no image', 'demo', 'POST', at('nonsense'), { json: { member: alt } });
  await compare('members: add to no image, malformed', 'demo', 'POST', at('nonsense'), { json: {} });
  await compare('members: add with another Content-Type', 'demo', 'POST', at(shared), { body: '{"member":"plain"}', headers: { 'content-type': 'text/plain' } });
  for (const persona of ['demo', 'demo_reader', 'alt_demo', 'alt_demo_reader', 'admin', 'system', 'unscoped', 'nobody']) {
    await compare(`members: list by ${persona}`, persona, 'GET', at(shared));
    await compare(`members: show by ${persona}`, persona, 'GET', at(shared, `/${alt}`));
    await compare(`members: show another by ${persona}`, persona, 'GET', at(shared, '/more'));
    await compare(`members: show unknown by ${persona}`, persona, 'GET', at(shared, '/unknown'));
    await compare(`members: image shown by ${persona}`, persona, 'GET', `/v2/images/${shared}`);
  }
  const statuses = { unknown: { status: 'maybe' }, 'upper case': { status: 'ACCEPTED' }, null: { status: null }, number: { status: 1 }, empty: {}, list: [], 'other key': { member: 'x' }, 'more keys': { status: 'pending', member: 'x' }, 'empty text': { status: '' } };
  for (const [name, json] of Object.entries(statuses)) {
    await compare(`members: answer, ${name}`, 'alt_demo', 'PUT', at(shared, `/${alt}`), { json });
    await compare(`members: answer by the owner, ${name}`, 'demo', 'PUT', at(shared, `/${alt}`), { json });
  }
  await compare('members: answer with nothing', 'alt_demo', 'PUT', at(shared, `/${alt}`));
  await compare('members: answer with no JSON', 'alt_demo', 'PUT', at(shared, `/${alt}`), { body: '{' });
  for (const persona of ['demo', 'demo_reader', 'alt_demo_reader', 'alt_demo', 'admin', 'system', 'nobody']) {
    for (const status of ['accepted', 'rejected', 'pending']) await compare(`members: ${status} by ${persona}`, persona, 'PUT', at(shared, `/${alt}`), { json: { status } });
  }
  await compare('members: answer for another', 'alt_demo', 'PUT', at(shared, '/more'), { json: { status: 'accepted' } });
  await compare('members: answer for an unknown one', 'alt_demo', 'PUT', at(shared, '/unknown'), { json: { status: 'accepted' } });
  await compare('members: answer for an unknown one by the owner', 'demo', 'PUT', at(shared, '/unknown'), { json: { status: 'accepted' } });
  await compare('members: answer for an unknown one by admin', 'admin', 'PUT', at(shared, '/unknown'), { json: { status: 'accepted' } });
  await compare('members: answer for no image', 'alt_demo', 'PUT', at('nonsense', `/${alt}`), { json: { status: 'accepted' } });
  await compare('members: add by the member', 'alt_demo', 'POST', at(shared), { json: { member: 'third' } });
  await compare('members: leave', 'alt_demo', 'DELETE', at(shared, `/${alt}`));
  await compare('members: removed by a reader', 'demo_reader', 'DELETE', at(shared, `/${alt}`));
  await compare('members: removed by the system', 'system', 'DELETE', at(shared, `/${alt}`));
  await compare('members: remove an unknown one', 'demo', 'DELETE', at(shared, '/unknown'));
  await compare('members: remove an unknown one by the member', 'alt_demo', 'DELETE', at(shared, '/unknown'));
  await compare('members: change the image as a member', 'alt_demo', 'PATCH', `/v2/images/${shared}`, { body: '[{"op":"add","path":"/x","value":"y"}]', headers: { 'content-type': patchV21 } });
  await compare('members: delete the image as a member', 'alt_demo', 'DELETE', `/v2/images/${shared}`);
  await compare('members: tag the image as a member', 'alt_demo', 'PUT', `/v2/images/${shared}/tags/x`);
  await compare('members: upload as a member', 'alt_demo', 'PUT', `/v2/images/${shared}/file`, { body: 'x', headers: { 'content-type': 'application/octet-stream' } });
  await compare('members: deactivate as a member', 'alt_demo', 'POST', `/v2/images/${shared}/actions/deactivate`);
  await compare('members: with an encoded slash', 'demo', 'GET', at(shared, '/a%2Fb'));
  await compare('members: bad encoding', 'demo', 'GET', at(shared, '/%ff'));

  for (const value of ['private', 'community', 'public', 'shared']) {
    await visibility(shared, value);
    for (const persona of ['demo', 'alt_demo', 'admin']) {
      await compare(`members of a ${value} image: list by ${persona}`, persona, 'GET', at(shared));
      await compare(`members of a ${value} image: show by ${persona}`, persona, 'GET', at(shared, `/${alt}`));
      await compare(`members of a ${value} image: add by ${persona}`, persona, 'POST', at(shared), { json: { member: `new-${value}-${persona}` } });
      await compare(`members of a ${value} image: add what is there by ${persona}`, persona, 'POST', at(shared), { json: { member: alt } });
      await compare(`members of a ${value} image: accepted by ${persona}`, persona, 'PUT', at(shared, `/${alt}`), { json: { status: 'accepted' } });
      await compare(`members of a ${value} image: unknown removed by ${persona}`, persona, 'DELETE', at(shared, '/unknown'));
      await compare(`members of a ${value} image: image shown by ${persona}`, persona, 'GET', `/v2/images/${shared}`);
    }
  }
  await compare('members: remove', 'demo', 'DELETE', at(shared, `/${alt}`));
  await compare('members: removed, shown', 'demo', 'GET', at(shared, `/${alt}`));
  await compare('members: removed, and the image by the former member', 'alt_demo', 'GET', `/v2/images/${shared}`);
  await compare('members: add again after removal', 'demo', 'POST', at(shared), { json: { member: alt } });
  await compare('members: rights of a reader', 'demo_reader', 'POST', at(shared), { json: { member: 'x' } });
  await compare('members: added by admin', 'admin', 'POST', at(shared), { json: { member: 'by-admin' } });
  await compare('members: removed by admin', 'admin', 'DELETE', at(shared, '/by-admin'));

  const full = await image('shared with many');
  for (let each = 0; each < 128; each += 1) await prepare('demo', 'POST', at(full), { json: { member: `project-${each}` } });
  await compare('members: the 129th', 'demo', 'POST', at(full), { json: { member: 'one-more' } });
  await compare('members: one of the 128 again', 'demo', 'POST', at(full), { json: { member: 'project-0' } });

  const data = await active('shared with data');
  await prepare('demo', 'POST', at(data), { json: { member: alt } });
  await compare('members: download by a pending member', 'alt_demo', 'GET', `/v2/images/${data}/file`);
  await compare('members: download by a reader of the member', 'alt_demo_reader', 'GET', `/v2/images/${data}/file`);
  const ownerless = await image('ownerless shared', { owner: null }, 'admin');
  await compare('members: of an ownerless image by a member of any project', 'demo', 'GET', at(ownerless));
  await compare('members: add to an ownerless image', 'demo', 'POST', at(ownerless), { json: { member: alt } });
}

export async function tags({ compare, image, show, active }) {
  const imageId = await image('tagged', { tags: ['first'] });
  const at = (tag) => `/v2/images/${imageId}/tags/${tag}`;
  const given = {
    plain: 'plain', again: 'plain', blanks: 'with%20blank', 'blank alone': '%20', plus: 'a+b', unicode: '%E6%98%A0', 'four bytes': '%F0%9F%98%80', '255': 'x'.repeat(255), '256': 'y'.repeat(256), '255 of two bytes': '%C3%A4'.repeat(255), '256 of two bytes': '%C3%A4'.repeat(256), 'encoded slash': 'a%2Fb', 'bad UTF-8': '%ff', NUL: 'a%00b', percent: '%25', 'bad percent': '%zz', comma: 'a,b', dot: '.', 'query after': 'asked?x=y', semicolon: 'a;b', 'upper case': 'PLAIN', 'question mark': 'a%3Fb', quote: '%22', 'line feed': 'a%0Ab',
  };
  for (const [name, tag] of Object.entries(given)) {
    const own = await image(`tagged ${name}`, { tags: ['plain'] });
    await compare(`tags: put ${name}`, 'demo', 'PUT', `/v2/images/${own}/tags/${tag}`);
    await show(`tags: put ${name}, the image`, 'demo', own);
    await compare(`tags: delete ${name}`, 'demo', 'DELETE', `/v2/images/${own}/tags/${tag}`);
  }
  await compare('tags: delete what is not there', 'demo', 'DELETE', at('absent'));
  await compare('tags: put with a body', 'demo', 'PUT', at('bodied'), { body: '{}' });
  await compare('tags: put with Content-Length 0', 'demo', 'PUT', at('empty'), { headers: { 'content-length': '0' } });
  const community = await image('tagged community', { visibility: 'community' });
  for (const persona of ['admin', 'alt_demo', 'demo_reader', 'system', 'unscoped', 'nobody']) {
    for (const [name, each] of Object.entries({ own: imageId, community, none: 'nonsense' })) {
      await compare(`tags: put on ${name} by ${persona}`, persona, 'PUT', `/v2/images/${each}/tags/theirs`);
      await compare(`tags: put a long one on ${name} by ${persona}`, persona, 'PUT', `/v2/images/${each}/tags/${'z'.repeat(256)}`);
      await compare(`tags: delete on ${name} by ${persona}`, persona, 'DELETE', `/v2/images/${each}/tags/first`);
      await compare(`tags: delete an absent one on ${name} by ${persona}`, persona, 'DELETE', `/v2/images/${each}/tags/nowhere`);
    }
  }
  const full = await image('tagged fully', { tags: Array.from({ length: 128 }, (_, each) => `tag-${each}`) });
  await compare('tags: the 129th', 'demo', 'PUT', `/v2/images/${full}/tags/one-more`);
  await compare('tags: one of the 128 again', 'demo', 'PUT', `/v2/images/${full}/tags/tag-1`);
  await compare('tags: the 129th by another', 'alt_demo', 'PUT', `/v2/images/${full}/tags/one-more`);
  const withData = await active('tagged active');
  await compare('tags: put on an active image', 'demo', 'PUT', `/v2/images/${withData}/tags/x`);
  await show('tags: the active image', 'demo', withData);
}
