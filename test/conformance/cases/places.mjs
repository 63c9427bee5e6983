import { setTimeout as pause } from 'node:timers/promises';

/** Where data lies: these stories need show_multiple_locations, a store that reads http, and a cache. `files` is a web server that both may read. */
export async function locations({ compare, image, active, prepare, patch, show, exchange, files }) {
  const at = (path, metadata = {}) => ({ url: `${files}/${path}`, metadata });
  const add = (name, persona, imageId, value, place = '-') => patch(name, persona, imageId, [{ op: 'add', path: `/locations/${place}`, value }]);
  const remove = (name, persona, imageId, place) => patch(name, persona, imageId, [{ op: 'remove', path: `/locations/${place}` }]);
  const replace = (name, persona, imageId, value) => patch(name, persona, imageId, [{ op: 'replace', path: '/locations', value }]);

  const queued = await image('places queued');
  await show('locations: of a queued image', 'demo', queued);
  const bodies = {
    'text': 'x', 'null': null, 'number': 5, 'list': [], 'no url': { metadata: {} }, 'no metadata': { url: `${files}/a` }, 'url a number': { url: 5, metadata: {} }, 'url empty': { url: '', metadata: {} }, 'url nonsense': { url: 'x', metadata: {} },
    'metadata text': { url: `${files}/a`, metadata: 'x' }, 'metadata a list': { url: `${files}/a`, metadata: [] }, 'metadata null': { url: `${files}/a`, metadata: null }, 'a file': { url: 'file:///etc/passwd', metadata: {} }, 'filesystem': { url: 'filesystem:///etc/passwd', metadata: {} },
    'gopher': { url: 'gopher://info.cern.ch', metadata: {} }, 'swift+config': { url: 'swift+config://x/y/z', metadata: {} }, 'link-local': { url: 'http://169.254.169.254/', metadata: {} }, 'localhost': { url: 'http://localhost/a', metadata: {} }, 'other port': { url: 'http://127.0.0.1:9/a', metadata: {} },
    'nothing there': at('nowhere'), 'empty': at('empty'), 'too long': at('x'.repeat(256)), 'half validation': { ...at('a'), validation_data: { os_hash_algo: 'sha512' } }, 'validation empty': { ...at('a'), validation_data: {} },
    'validation with more': { ...at('a'), validation_data: { os_hash_algo: 'sha512', os_hash_value: 'a'.repeat(128), more: 'x' } }, 'validation with sha256': { ...at('a'), validation_data: { os_hash_algo: 'sha256', os_hash_value: 'a'.repeat(64) } },
    'validation too short': { ...at('a'), validation_data: { os_hash_algo: 'sha512', os_hash_value: 'ab' } }, 'validation no hex': { ...at('a'), validation_data: { os_hash_algo: 'sha512', os_hash_value: 'z'.repeat(128) } },
    'checksum no hex': { ...at('a'), validation_data: { checksum: 'z'.repeat(32), os_hash_algo: 'sha512', os_hash_value: 'a'.repeat(128) } }, 'checksum too short': { ...at('a'), validation_data: { checksum: 'ab', os_hash_algo: 'sha512', os_hash_value: 'a'.repeat(128) } },
  };
  for (const [name, value] of Object.entries(bodies)) {
    await add(`locations: add ${name}`, 'demo', queued, value);
    await show(`locations: add ${name}, the image after it`, 'demo', queued);
  }
  for (const path of ['/locations', '/locations/', '/locations/x', '/locations/-1', '/locations/0/url', '/locations/1.5', '/locations/- ']) await patch(`locations: add at ${path}`, 'demo', queued, [{ op: 'add', path, value: at('a') }]);
  for (const place of ['0', '-', '5', 'x']) await remove(`locations: remove ${place} of a queued image`, 'demo', queued, place);
  await replace('locations: replace by nothing', 'demo', queued, []);
  await replace('locations: replace by text', 'demo', queued, 'x');
  await replace('locations: replace by one that is none', 'demo', queued, [at('nowhere')]);
  await patch('locations: without a value', 'demo', queued, [{ op: 'add', path: '/locations/-' }]);
  await patch('locations: replace one', 'demo', queued, [{ op: 'replace', path: '/locations/0', value: at('a') }]);
  await patch('locations: remove all', 'demo', queued, [{ op: 'remove', path: '/locations' }]);
  await compare('locations: in a new image', 'demo', 'POST', '/v2/images', { json: { locations: [] } });

  const one = await image('places one');
  await add('locations: add', 'demo', one, at('a', { foo: 'bar', deep: { of: ['x'] } }));
  await add('locations: add again', 'demo', one, at('a', { foo: 'bar', deep: { of: ['x'] } }));
  await add('locations: add with other metadata', 'demo', one, at('a', { foo: 'other' }));
  await add('locations: add with a fragment', 'demo', one, at('a#new'));
  await remove('locations: remove as a member', 'demo', one, '0');
  await remove('locations: remove what is not there', 'admin', one, '7');
  await remove('locations: remove at a place that is none', 'admin', one, 'x');
  await remove('locations: remove', 'admin', one, '1');
  await show('locations: one removed', 'demo', one);
  await replace('locations: replace by fewer', 'demo', one, [at('a')]);
  await replace('locations: replace by others', 'demo', one, [at('a', { foo: 'bar' }), at('b')]);
  await replace('locations: replace by nothing while active', 'demo', one, []);
  await replace('locations: replace their metadata', 'demo', one, [at('a', { date: 'today' }), at('a#new', { x: 'y' })]);
  await show('locations: replaced', 'demo', one);
  await remove('locations: remove the last place', 'admin', one, '-');
  await remove('locations: remove the last location', 'admin', one, '0');
  await show('locations: one left', 'demo', one);
  await compare('locations: download', 'demo', 'GET', `/v2/images/${one}/file`);

  const said = { checksum: '1'.repeat(32), os_hash_algo: 'sha512', os_hash_value: 'deadbeef'.repeat(16) };
  const believed = await image('places believed');
  await add('locations: with validation_data', 'demo', believed, { ...at('a'), validation_data: said });
  await add('locations: with the same validation_data', 'demo', believed, { ...at('a#b'), validation_data: said });
  for (const [name, wrong] of Object.entries({ checksum: '2'.repeat(32), os_hash_value: 'beefdead'.repeat(16), os_hash_algo: 'sha256' })) {
    await add(`locations: with another ${name}`, 'demo', believed, { ...at('a#c'), validation_data: { ...said, [name]: wrong } });
  }
  await show('locations: believed', 'demo', believed);

  const bare = await image('places without formats', { disk_format: null, container_format: null });
  await add('locations: without formats', 'demo', bare, at('a'));
  const several = await image('places several');
  await replace('locations: several at once', 'demo', several, [at('a'), at('a#two')]);
  await replace('locations: the same twice', 'demo', await image('places twice'), [at('a'), at('a')]);
  const many = await image('places many');
  for (let number = 1; number <= 11; number += 1) await add(`locations: number ${number}`, 'demo', many, at(`a#${number}`));

  const community = await image('places community', { visibility: 'community' });
  const secret = await image('places private', { visibility: 'private' });
  for (const persona of ['demo_reader', 'alt_demo', 'alt_demo_reader', 'nobody']) {
    await add(`locations: add to community by ${persona}`, persona, community, at('a'));
    await add(`locations: add to private by ${persona}`, persona, secret, at('a'));
    await replace(`locations: replace by ${persona}`, persona, community, [at('a')]);
    await remove(`locations: remove by ${persona}`, persona, one, '0');
  }
  await prepare('demo', 'POST', `/v2/images/${several}/actions/deactivate`);
  await add('locations: add to a deactivated image', 'demo', several, at('a#three'));
  await remove('locations: remove of a deactivated image', 'admin', several, '0');
  await add('locations: to no image', 'demo', 'nonsense', at('a'));
  await add('locations: to a data-bearing image of another size', 'demo', await active('places active'), at('nowhere'));

  const later = await image('places later');
  await compare('new location', 'demo', 'POST', `/v2/images/${later}/locations`, { json: { url: `${files}/a` } });
  for (let tries = 0; tries < 100 && (await exchange('demo', 'GET', `/v2/images/${later}`)).json.os_hash_value === null; tries += 1) await pause(100);
  await compare('new location: of an active image', 'demo', 'POST', `/v2/images/${one}/locations`, { json: { url: `${files}/a` } });
}

export async function cache({ compare, image, active, prepare, exchange, structure }) {
  const own = await active('cached');
  const queued = await image('not to be cached');
  const community = await active('cached community', { visibility: 'community' });
  const gone = await active('cached and deleted');
  await prepare('demo', 'DELETE', `/v2/images/${gone}`);
  for (const persona of ['demo', 'demo_reader', 'alt_demo', 'system', 'unscoped', 'garbage', 'nobody', 'admin']) {
    await compare(`cache: queue by ${persona}`, persona, 'PUT', `/v2/cache/${own}`);
    await compare(`cache: queue community by ${persona}`, persona, 'PUT', `/v2/cache/${community}`);
    await compare(`cache: queue what has no data by ${persona}`, persona, 'PUT', `/v2/cache/${queued}`);
    await compare(`cache: queue nonsense by ${persona}`, persona, 'PUT', '/v2/cache/nonsense');
    await compare(`cache: queue a deleted image by ${persona}`, persona, 'PUT', `/v2/cache/${gone}`);
    if (persona !== 'admin') await compare(`cache: list by ${persona}`, persona, 'GET', '/v2/cache');
    await compare(`cache: clear with a target that is none by ${persona}`, persona, 'DELETE', '/v2/cache', { headers: { 'x-image-cache-clear-target': 'all' } });
    await compare(`cache: delete nonsense by ${persona}`, persona, 'DELETE', '/v2/cache/nonsense');
    if (persona !== 'admin') await compare(`cache: delete by ${persona}`, persona, 'DELETE', `/v2/cache/${own}`);
    await compare(`cache: clean by ${persona}`, persona, 'POST', '/v2/cache/clean');
    await compare(`cache: prune by ${persona}`, persona, 'POST', '/v2/cache/prune');
  }
  const list = async () => (await exchange('admin', 'GET', '/v2/cache')).json;
  const entry = async () => (await list()).cached_images.find(({ image_id: id }) => id === own);
  for (let tries = 0; tries < 100 && !(await entry()); tries += 1) await pause(100);
  const { hits, size } = await entry();
  structure('cache: an entry', { hits, size });
  await compare('cache: download', 'demo', 'GET', `/v2/images/${own}/file`);
  await compare('cache: download a range', 'demo', 'GET', `/v2/images/${own}/file`, { headers: { range: 'bytes=2-5' } });
  await compare('cache: with a body', 'admin', 'PUT', `/v2/cache/${own}`, { body: '{}' });
  for (const [method, path] of [['POST', '/v2/cache'], ['PUT', '/v2/cache'], ['GET', `/v2/cache/${own}`], ['POST', `/v2/cache/${own}`], ['GET', '/v2/cache/clean'], ['GET', '/v2/cache/prune'], ['DELETE', `/v2/cache/nodes/${own}`]]) {
    await compare(`cache: ${method} ${path.replace(own, 'ID')}`, 'admin', method, path);
  }
  await compare('cache: delete', 'admin', 'DELETE', `/v2/cache/${own}`);
  structure('cache: after it', { isThere: (await entry()) !== undefined });
  for (const target of ['queue', 'cache', 'CACHE', '']) await compare(`cache: clear ${target || '(empty)'}`, 'admin', 'DELETE', '/v2/cache', { headers: { 'x-image-cache-clear-target': target } });
  await compare('cache: clear', 'admin', 'DELETE', '/v2/cache');
  structure('cache: cleared', await list());
  await compare('cache: by its minor version', 'admin', 'GET', '/v2.14/cache');
  await compare('cache: versions', 'nobody', 'GET', '/versions');
}
