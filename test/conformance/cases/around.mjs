/** What lies around images: versions, schemas, tokens, unknown paths and verbs, and the forms of errors. */

export async function versions({ compare }) {
  for (const path of ['/', '/versions', '/versions/', '/?a=b', '/v1', '/v1/images', '/v3', '/foo', '/foo/bar', '/v2', '/v2/', '/v2.0', '/v2.17/', '/v2.18/images/x', '//', '/v2//images?tag=none', '/V2/images', '/v2.1', '/images', '/healthcheck', '/v2/healthcheck', '/robots.txt']) {
    for (const persona of ['nobody', 'demo']) await compare(`versions: GET ${path} by ${persona}`, persona, 'GET', path);
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'BREW']) {
    for (const path of ['/', '/versions', '/foo', '/v2/', '/healthcheck']) await compare(`versions: ${method} ${path}`, 'demo', method, path);
  }
  for (const accept of ['application/vnd.openstack.images-v2.0', 'application/vnd.openstack.images-v2.17', 'application/vnd.openstack.images-v1', 'application/vnd.openstack.images-v9', 'application/vnd.openstack.images-', 'text/html', '*/*', '']) {
    for (const path of ['/', '/schemas/nothing', '/images/nothing', '/versions', '/v1/images']) await compare(`versions: GET ${path} with Accept ${accept || '(empty)'}`, 'demo', 'GET', path, { headers: { accept } });
  }
  await compare('versions: forwarded host is not believed', 'nobody', 'GET', '/', { headers: { 'x-forwarded-host': 'elsewhere', 'x-forwarded-proto': 'https' } });
  await compare('versions: own host header', 'nobody', 'GET', '/versions', { headers: { host: 'images.example:1234' } });
}

export async function schemas({ exchange, compare, structure }) {
  for (const name of ['image', 'images', 'member', 'members', 'task', 'tasks']) {
    const { status, json } = await exchange('demo', 'GET', `/v2/schemas/${name}`);
    structure(`schema ${name}`, { status, body: schemaShape(json) });
    for (const persona of ['nobody', 'garbage', 'demo_reader', 'system', 'unscoped']) {
      const answer = await exchange(persona, 'GET', `/v2/schemas/${name}`);
      structure(`schema ${name} by ${persona}`, { status: answer.status });
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'HEAD']) await compare(`schema ${name}: ${method}`, 'demo', method, `/v2/schemas/${name}`);
    await compare(`schema ${name}: with a body`, 'demo', 'POST', `/v2/schemas/${name}`, { body: 'x' });
  }
  for (const path of ['import', 'stores', 'stores/detail', 'usage', 'nothing', '']) {
    for (const persona of ['demo', 'demo_reader', 'admin', 'nobody']) await compare(`info: GET /v2/info/${path} by ${persona}`, persona, 'GET', `/v2/info/${path}`);
  }
  for (const path of ['', '/', '/nothing', '/image/', '/image/x']) await compare(`schemas: GET /v2/schemas${path}`, 'demo', 'GET', `/v2/schemas${path}`);
}

/** Descriptions are for people, and the order of a list of choices says nothing. */
function schemaShape(json) {
  if (Array.isArray(json)) return json.map(schemaShape);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).filter(([name, value]) => name !== 'description' || typeof value !== 'string').map(([name, value]) => [
    name, (name === 'enum' || name === 'type' || name === 'required') && Array.isArray(value) ? value.map((each) => each ?? 'null').toSorted() : schemaShape(value),
  ]));
}

const routes = [
  ['/v2/images', ['GET', 'POST']], ['/v2/images/{id}', ['GET', 'PATCH', 'DELETE']], ['/v2/images/{id}/file', ['GET', 'PUT']],
  ['/v2/images/{id}/actions/deactivate', ['POST']], ['/v2/images/{id}/actions/reactivate', ['POST']], ['/v2/images/{id}/tags/{tag}', ['PUT', 'DELETE']],
  ['/v2/images/{id}/members', ['GET', 'POST']], ['/v2/images/{id}/members/{member}', ['GET', 'PUT', 'DELETE']],
];

export async function methods({ compare, image }) {
  const imageId = await image('asked by every method');
  for (const [pattern, known] of routes) {
    const path = pattern.replace('{id}', imageId).replace('{tag}', 'a').replace('{member}', 'b');
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'BREW']) {
      if (!known.includes(method)) await compare(`methods: ${method} ${pattern}`, 'demo', method, path);
    }
    await compare(`methods: BREW ${pattern} by nobody`, 'nobody', 'BREW', path);
    for (const method of known) {
      for (const persona of ['nobody', 'garbage', 'empty']) await compare(`tokens: ${method} ${pattern} by ${persona}`, persona, method, path, method === 'PATCH' || method === 'POST' ? { json: {} } : {});
      if (method === 'GET' || method === 'DELETE' || pattern.includes('actions') || pattern.includes('tags')) await compare(`bodies: ${method} ${pattern} with one`, 'demo', method, method === 'GET' ? `${path}?tag=none` : path, { body: 'x' });
      if (method === 'PUT' || method === 'POST') await compare(`bodies: ${method} ${pattern} with one in chunks`, 'demo_reader', method, path, { body: ['x', 'y'] });
    }
  }
  for (const path of ['/v2/nothing', '/v2/images/', '/v2/images//', `/v2/images/${imageId}/nothing`, `/v2/images/${imageId}/file/`, `/v2/images/${imageId}/tags`, `/v2/images/${imageId}/tags/`, `/v2/images/${imageId}/tags/a/b`, `/v2/images/${imageId}/actions`, `/v2/images/${imageId}/actions/`, `/v2/images/${imageId}/actions/explode`, `/v2/images/${imageId}/members/`, `/v2/images/${imageId}/members/a/b`, '/v2/image', '/v2/%69mages?tag=none', '/v2/images%2f', '/v2/./images?tag=none', '/v2/x/../images?tag=none']) {
    for (const method of ['GET', 'POST', 'PUT', 'BREW']) await compare(`paths: ${method} ${path.replace(imageId, '{id}')}`, 'demo', method, path);
    await compare(`paths: GET ${path.replace(imageId, '{id}')} by nobody`, 'nobody', 'GET', path);
  }
}

export async function errorForms({ compare, image }) {
  const imageId = await image('asked in every form');
  const accepts = [
    undefined, '', '*/*', 'text/html', 'text/plain', 'application/json', 'application/*', 'text/*', 'application/xml', 'image/png', 'application/json, text/html', 'text/html, application/json',
    'text/html;q=0.5, application/json', 'application/json;q=0.5, text/html', 'application/json;q=0, */*', 'text/html;q=0, */*', '*/*;q=0.1, application/json;q=0.1', 'application/json;charset=utf-8', 'nonsense', 'text/plain, */*;q=0.1', 'APPLICATION/JSON',
    'application/json;q=bad', 'application/json; indent=4', 'application/octet-stream', 'text/html;level=1', '*/*, application/json',
  ];
  for (const accept of accepts) {
    const headers = { accept };
    await compare(`forms: 404 with Accept ${accept ?? '(none)'}`, 'demo', 'GET', '/v2/images/nonsense', { headers });
    await compare(`forms: 400 with Accept ${accept ?? '(none)'}`, 'demo', 'GET', '/v2/images?limit=x', { headers });
    await compare(`forms: success with Accept ${accept ?? '(none)'}`, 'demo', 'GET', `/v2/images/${imageId}`, { headers });
  }
  for (const accept of ['*/*', 'text/plain', 'application/json', undefined]) {
    await compare(`forms: 401 with Accept ${accept ?? '(none)'}`, 'nobody', 'GET', '/v2/images', { headers: { accept } });
    await compare(`forms: 405 with Accept ${accept ?? '(none)'}`, 'demo', 'PUT', '/v2/images', { headers: { accept } });
    await compare(`forms: 404 of a path with Accept ${accept ?? '(none)'}`, 'demo', 'GET', '/v2/nothing', { headers: { accept } });
    await compare(`forms: 415 with Accept ${accept ?? '(none)'}`, 'demo', 'PATCH', `/v2/images/${imageId}`, { body: '[]', headers: { accept, 'content-type': 'text/plain' } });
    await compare(`forms: 403 with Accept ${accept ?? '(none)'}`, 'demo', 'POST', '/v2/images', { body: '{"visibility":"public"}', headers: { accept } });
    await compare(`forms: 409 with Accept ${accept ?? '(none)'}`, 'demo', 'POST', '/v2/images', { body: JSON.stringify({ id: imageId }), headers: { accept } });
    await compare(`forms: 413 with Accept ${accept ?? '(none)'}`, 'demo', 'POST', '/v2/images', { body: JSON.stringify({ tags: Array.from({ length: 129 }, (_, index) => `t${index}`) }), headers: { accept } });
    await compare(`forms: 501 with Accept ${accept ?? '(none)'}`, 'demo', 'BREW', '/v2/nothing', { headers: { accept } });
  }
  await compare('request id: adopted', 'demo', 'GET', `/v2/images/${imageId}`, { headers: { 'x-openstack-request-id': 'req-mine' } });
  await compare('request id: of any form', 'demo', 'GET', `/v2/images/${imageId}`, { headers: { 'x-openstack-request-id': 'mine' } });
  await compare('request id: of 64', 'demo', 'GET', `/v2/images/${imageId}`, { headers: { 'x-openstack-request-id': 'req-'.padEnd(64, 'x') } });
  await compare('request id: of 65', 'demo', 'GET', `/v2/images/${imageId}`, { headers: { 'x-openstack-request-id': 'req-'.padEnd(65, 'x') } });
  await compare('request id: with an unknown image', 'demo', 'GET', '/v2/images/nonsense', { headers: { 'x-openstack-request-id': 'req-mine' } });
  await compare('request id: without a token', 'nobody', 'GET', '/v2/images', { headers: { 'x-openstack-request-id': 'req-mine' } });
  await compare('Accept-Language is no reason to fail', 'demo', 'GET', '/v2/images/nonsense', { headers: { 'accept-language': 'de' } });
  await compare('token in X-Storage-Token', 'nobody', 'GET', `/v2/images/${imageId}`, { headers: { 'x-storage-token': 'x' } });
  await compare('identity headers from outside', 'nobody', 'GET', `/v2/images/${imageId}`, { headers: { 'x-identity-status': 'Confirmed', 'x-roles': 'admin', 'x-user-id': 'a', 'x-project-id': 'b', 'x-tenant-id': 'b' } });
  await compare('service token that is none', 'demo', 'GET', `/v2/images/${imageId}`, { headers: { 'x-service-token': 'nonsense' } });
}
