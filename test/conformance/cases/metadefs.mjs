const root = '/v2/metadefs/namespaces';
const created = (more) => ({ visibility: 'public', ...more });
const property = (more = {}) => ({ name: 'pr', title: 't', type: 'string', ...more });

/** Every route of metadata definitions, with what is right and what is wrong; names are chosen by the test, so both sides know them. */
export async function metadefs({ compare, exchange, id, projects }) {
  const name = (label) => `T-${id(label).slice(0, 8)}`;
  // The names of a run differ from those of the next, and not from one side to the other.
  const [one, two, three, hidden] = ['one', 'two', 'three', 'hidden'].map(name);
  const ask = (label, persona, method, path, json, headers) => compare(`metadefs: ${label}`, persona, method, path, { ...(json === undefined ? {} : { json }), ...(headers ? { headers } : {}) });
  const clean = async () => {
    for (const each of [one, two, three, hidden]) {
      await exchange('admin', 'PUT', `${root}/${each}`, { json: { namespace: each } });
      await exchange('admin', 'DELETE', `${root}/${each}`);
    }
  };

  await ask('create', 'admin', 'POST', root, { namespace: one });
  await ask('create again', 'admin', 'POST', root, { namespace: one });
  for (const [label, json] of Object.entries({
    empty: {}, 'long name': { namespace: 'x'.repeat(81) }, 'unknown key': { namespace: two, foo: 1 }, self: { namespace: two, self: 'x' }, 'null description': { namespace: two, description: null },
    'long description': { namespace: two, description: 'x'.repeat(501) }, 'long display name': { namespace: two, display_name: 'x'.repeat(81) }, shared: { namespace: two, visibility: 'shared' }, 'protected as text': { namespace: two, protected: 'yes' },
    'tag as text': { namespace: two, tags: ['a'] }, 'empty property': { namespace: two, properties: { a: {} } }, 'property of no type': { namespace: two, properties: { a: { title: 't', type: 'strange' } } },
    'same tag twice': { namespace: two, tags: [{ name: 'a' }, { name: 'a' }] }, 'same object twice': { namespace: two, objects: [{ name: 'a' }, { name: 'a' }] },
  })) {
    await ask(`create, ${label}`, 'admin', 'POST', root, json);
    await ask(`create, ${label}, and nothing is there`, 'admin', 'GET', `${root}/${two}`);
  }
  for (const persona of ['demo', 'demo_reader', 'system', 'nobody']) await ask(`create by ${persona}`, persona, 'POST', root, { namespace: two });
  await ask('create with all', 'admin', 'POST', root, created({
    namespace: two, display_name: 'd', description: 'e', owner: projects.demo, resource_type_associations: [{ name: 'OS::Nova::Flavor', prefix: 'hw:' }, { name: 'OS::Glance::Image' }],
    properties: { cpu: { title: 'C', type: 'integer', minimum: 1, operators: ['<or>'], default: '3' }, mem: { title: 'M', type: 'string', enum: ['a', 'b'] } },
    objects: [{ name: 'o1', required: ['p'], properties: { p: { title: 'P', type: 'string' } } }, { name: 'o2', description: 'od' }], tags: [{ name: 't1' }, { name: 't2' }],
  }));
  await ask('create private', 'admin', 'POST', root, { namespace: hidden, owner: projects.alt_demo, tags: [{ name: 'a' }] });
  for (const persona of ['admin', 'demo', 'demo_reader', 'alt_demo', 'system', 'nobody']) {
    for (const [label, path] of Object.entries({ own: one, public: two, private: hidden })) {
      await ask(`show ${label} by ${persona}`, persona, 'GET', `${root}/${path}`);
      for (const part of ['objects', 'properties', 'tags', 'resource_types']) await ask(`show ${part} of ${label} by ${persona}`, persona, 'GET', `${root}/${path}/${part}`);
    }
    await ask(`change by ${persona}`, persona, 'PUT', `${root}/${hidden}`, { namespace: hidden, owner: projects.alt_demo });
    await ask(`tag by ${persona}`, persona, 'POST', `${root}/${hidden}/tags/by-${persona}`);
  }
  for (const query of ['resource_type=OS::Nova::Flavor', 'resource_type=OS::Nope', 'resource_type=']) await ask(`show with ${query}`, 'demo', 'GET', `${root}/${two}?${query}`);
  await ask('show nothing', 'admin', 'GET', `${root}/nope`);
  await ask('patch', 'admin', 'PATCH', `${root}/${two}`, {});
  await ask('show with a body', 'admin', 'GET', `${root}/${two}`, {});
  await ask('update', 'admin', 'PUT', `${root}/${one}`, { namespace: one, description: 'x', protected: true });
  await ask('update without name', 'admin', 'PUT', `${root}/${one}`, { description: 'x' });
  await ask('rename to a taken name', 'admin', 'PUT', `${root}/${one}`, { namespace: two });
  for (const part of ['', '/objects', '/properties', '/tags', '/tags/nope']) await ask(`delete protected${part}`, 'admin', 'DELETE', `${root}/${one}${part}`);
  await ask('rename', 'admin', 'PUT', `${root}/${one}`, { namespace: three, visibility: 'public' });
  await ask('renamed, the old', 'admin', 'GET', `${root}/${one}`);
  await ask('renamed, the new', 'demo', 'GET', `${root}/${three}`);
  for (const persona of ['demo', 'alt_demo']) await ask(`delete by ${persona}`, persona, 'DELETE', `${root}/${hidden}`);
  await ask('delete', 'admin', 'DELETE', `${root}/${three}`);
  await ask('delete again', 'admin', 'DELETE', `${root}/${three}`);
  for (const query of ['limit=0', 'limit=-1', 'sort_dir=up', 'visibility=shared', 'visibility=', 'resource_types=no-such', 'marker=no-such']) await ask(`list ?${query}`, 'demo', 'GET', `${root}?${query}`);
  await properties({ ask, at: `${root}/${two}/properties` });
  await objects({ ask, at: `${root}/${two}/objects` });
  await tags({ ask, at: `${root}/${two}/tags` });
  await resourceTypes({ ask, at: `${root}/${two}/resource_types` });
  await clean();
}

async function properties({ ask, at }) {
  const changes = {
    plain: {}, 'no name': { name: undefined }, 'no title': { title: undefined }, 'no type': { type: undefined }, 'strange type': { type: 'strange' }, 'null type': { type: null }, 'long name': { name: 'x'.repeat(81) },
    'broken minimum': { minimum: 1.5 }, 'text as minimum': { minimum: '3' }, 'negative length': { minLength: -1 }, enum: { enum: ['a', 'a'] }, 'number as default': { default: 5 }, 'true as default': { default: true },
    'operator a number': { operators: [1] }, items: { items: { type: 'string', enum: ['x'] } }, 'items of no type': { items: { type: null } }, unique: { uniqueItems: true }, 'unique as text': { uniqueItems: 'true' },
    'all bounds': { minItems: 1, maxItems: 2, maxLength: 3, additionalItems: false, readonly: true }, confidential: { confidential: true }, 'unknown word': { foo: 1 }, 'created_at': { created_at: 'x' }, 'pattern of nothing': { pattern: '[' },
  };
  for (const [label, change] of Object.entries(changes)) {
    await ask(`property, ${label}`, 'admin', 'POST', at, property(change));
    await ask(`property, ${label}, removed`, 'admin', 'DELETE', `${at}/pr`);
  }
  await ask('property', 'admin', 'POST', at, property());
  await ask('property again', 'admin', 'POST', at, property());
  await ask('properties', 'demo', 'GET', at);
  for (const path of ['pr', 'cpu', 'nope', 'hw:cpu?resource_type=OS::Nova::Flavor', 'cpu?resource_type=OS::Nova::Flavor', 'cpu?resource_type=OS::Glance::Image', 'cpu?resource_type=OS::Nope']) await ask(`property shown as ${path}`, 'demo', 'GET', `${at}/${path}`);
  await ask('property renamed', 'admin', 'PUT', `${at}/pr`, property({ name: 'pr2', description: 'q' }));
  await ask('property that is gone', 'admin', 'PUT', `${at}/pr`, property());
  await ask('property without name', 'admin', 'PUT', `${at}/pr2`, property({ name: undefined }));
  await ask('property by demo', 'demo', 'PUT', `${at}/pr2`, property());
  await ask('property removed by demo', 'demo', 'DELETE', `${at}/pr2`);
  await ask('property removed', 'admin', 'DELETE', `${at}/pr2`);
  await ask('properties removed', 'admin', 'DELETE', at);
  await ask('no properties', 'admin', 'GET', at);
}

async function objects({ ask, at }) {
  const bodies = {
    taken: { name: 'o1' }, 'with all': { name: 'o3', required: ['a', 'b'], description: 'x', properties: { a: { title: 'A', type: 'string', name: 'zz' } } }, empty: {}, 'long name': { name: 'x'.repeat(81) }, 'unknown word': { name: 'o9', foo: 1 },
    schema: { name: 'o9', schema: 'x' }, 'empty property': { name: 'o9', properties: { a: {} } }, 'unknown word in a property': { name: 'o9', properties: { a: { title: 'x', type: 'string', foo: 1 } } }, 'list of properties': { name: 'o9', properties: [] },
    'required twice': { name: 'o9', required: ['a', 'a'] }, 'required a text': { name: 'o9', required: 'a' }, 'null description': { name: 'o9', description: null },
  };
  for (const [label, json] of Object.entries(bodies)) await ask(`object, ${label}`, 'admin', 'POST', at, json);
  for (const query of ['', '?limit=0', '?limit=x', '?limit=-1', '?limit=', '?sort_dir=up', '?visibility=zz']) await ask(`objects ${query}`, 'demo', 'GET', at + query);
  for (const each of ['o2', 'o3', 'nope']) await ask(`object shown, ${each}`, 'demo', 'GET', `${at}/${each}`);
  await ask('object renamed', 'admin', 'PUT', `${at}/o3`, { name: 'o4' });
  await ask('object after it', 'admin', 'GET', `${at}/o4`);
  await ask('object that is gone', 'admin', 'PUT', `${at}/o3`, { name: 'o4' });
  await ask('object without name', 'admin', 'PUT', `${at}/o4`, {});
  await ask('object by demo', 'demo', 'PUT', `${at}/o4`, { name: 'o4' });
  await ask('object removed', 'admin', 'DELETE', `${at}/o4`);
  await ask('object removed again', 'admin', 'DELETE', `${at}/o4`);
  await ask('objects removed', 'admin', 'DELETE', at);
  await ask('no objects', 'admin', 'GET', at);
}

async function tags({ ask, at }) {
  for (const [label, path] of Object.entries({ new: 't3', again: 't3', 'in upper case': 'T3', long: 'x'.repeat(81) })) await ask(`tag ${label}`, 'admin', 'POST', `${at}/${path}`);
  await ask('tag with a body', 'admin', 'POST', `${at}/t4`, { name: 'other' });
  for (const each of ['t3', 'nope']) await ask(`tag shown, ${each}`, 'demo', 'GET', `${at}/${each}`);
  for (const query of ['', '?limit=0', '?limit=x', '?limit=-1', '?marker=nope', '?sort_dir=up', '?visibility=zz', '?sort_key=name&sort_dir=asc&limit=2', '?sort_key=name&sort_dir=asc&marker=t1']) await ask(`tags ${query}`, 'demo', 'GET', at + query);
  for (const [label, json] of Object.entries({ new: { name: 't5' }, taken: { name: 't1' }, long: { name: 'x'.repeat(81) }, empty: {}, 'unknown word': { name: 't5', foo: 1 }, 'created_at': { name: 't5', created_at: 'x' } })) {
    await ask(`tag renamed, ${label}`, 'admin', 'PUT', `${at}/${label === 'new' ? 't3' : 't5'}`, json);
  }
  const set = (label, names, headers, persona = 'admin') => ask(`tags set, ${label}`, persona, 'POST', at, { tags: names.map((each) => ({ name: each })) }, headers);
  await set('two', ['n1', 'n2']);
  await set('appended, one of them there', ['n1', 'n3'], { 'x-openstack-append': 'true' });
  await set('appended', ['n3'], { 'x-openstack-append': 'True' });
  await ask('tags after it', 'admin', 'GET', at);
  await set('one twice', ['n9', 'n9']);
  await set('none', []);
  await set('by demo', ['n9'], undefined, 'demo');
  await ask('tags set to text', 'admin', 'POST', at, { tags: ['a'] });
  await ask('tags set with an unknown word', 'admin', 'POST', at, { tags: [{ name: 'a', foo: 1 }] });
  await ask('tag removed', 'admin', 'DELETE', `${at}/n1`);
  await ask('tag removed again', 'admin', 'DELETE', `${at}/n1`);
  await ask('tags removed by demo', 'demo', 'DELETE', at);
  await ask('tags removed', 'admin', 'DELETE', at);
  await ask('no tags', 'admin', 'GET', at);
}

async function resourceTypes({ ask, at }) {
  const bodies = { full: { name: 'OS::X', prefix: 'p:', properties_target: 't' }, again: { name: 'OS::X' }, empty: {}, 'long name': { name: 'x'.repeat(81) }, 'long prefix': { name: 'a', prefix: 'x'.repeat(81) }, 'unknown word': { name: 'a', foo: 1 }, created_at: { name: 'a', created_at: 'x' }, plain: { name: 'OS::Y' } };
  for (const [label, json] of Object.entries(bodies)) await ask(`resource type, ${label}`, 'admin', 'POST', at, json);
  await ask('resource type by demo', 'demo', 'POST', at, { name: 'z' });
  await ask('resource types after it', 'demo', 'GET', at);
  await ask('resource type removed', 'admin', 'DELETE', `${at}/OS::X`);
  await ask('resource type removed again', 'admin', 'DELETE', `${at}/OS::X`);
  for (const persona of ['demo_reader', 'system', 'nobody']) await ask(`all resource types by ${persona}, with a body`, persona, 'GET', '/v2/metadefs/resource_types', {});
}

export async function metadefSchemas({ compare }) {
  for (const each of ['namespace', 'namespaces', 'object', 'objects', 'property', 'properties', 'tag', 'tags', 'resource_type', 'resource_types']) {
    const answer = await compare(`metadef schemas: ${each} posted`, 'demo', 'POST', `/v2/schemas/metadefs/${each}`);
    if (answer.status !== 405) throw new Error(`a schema cannot be posted, and yet: ${answer.status}`);
  }
}
