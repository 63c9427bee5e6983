import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dir, ending, freePort, inKit, peersHome } from './peers.mjs';

/** A real Barbican of its own, from its Python package, that trusts the Keystone of `env` and stands in its catalogue as the key manager of RegionOne. */
export async function withBarbican(authUrl, env, password, use) {
  await inKit('venv barbican barbican pyuwsgi', { ...process.env, PEERS_HOME: peersHome }, 600_000);
  const home = join(dir, 'barbican');
  mkdirSync(join(home, '.barbican'), { recursive: true });
  const [port, program] = [await freePort(), join(peersHome, 'venv', 'barbican', 'bin')];
  const url = `http://127.0.0.1:${port}`;
  writeFileSync(join(home, '.barbican', 'barbican.conf'), configuration(home, url, authUrl, password));
  writeFileSync(join(home, 'paste.ini'), pipelines);
  writeFileSync(join(home, 'api.py'), `from paste import deploy\nimport barbican.api.app\napplication = deploy.loadapp('config:${join(home, 'paste.ini')}')\n`);
  const asBarbican = { ...env, HOME: home };
  return ending(() => inKit('stop barbican', asBarbican), async () => {
    await inKit(`"${program}/python" -W ignore "${program}/barbican-manage" db upgrade`, asBarbican, 120_000);
    await inKit(`start barbican "${program}/uwsgi" --http-socket 127.0.0.1:${port} --wsgi-file "${home}/api.py" --master --processes 1 --threads 2 --lazy-apps --die-on-term --buffer-size 65535 --disable-logging --add-header "Connection: close"; wait_http ${url}`, asBarbican, 120_000);
    await inKit(`catalog barbican key-manager RegionOne ${url}`, env, 60_000);
    return use({ url });
  });
}

const configuration = (home, url, authUrl, password) => `[DEFAULT]
host_href = ${url}
log_file = ${home}/barbican.log
[database]
connection = sqlite:///${home}/barbican.db
[secretstore]
enabled_secretstore_plugins = store_crypto
[crypto]
enabled_crypto_plugins = simple_crypto
[simple_crypto_plugin]
kek = ${randomBytes(32).toString('base64url')}=
[queue]
enable = false
[keystone_authtoken]
auth_type = password
auth_url = ${authUrl}
www_authenticate_uri = ${authUrl}
username = glance
password = ${password}
project_name = service
user_domain_id = default
project_domain_id = default
`;

const pipelines = `[composite:main]
use = egg:Paste#urlmap
/: version
/v1: api
[pipeline:version]
pipeline = microversion versionapp
[pipeline:api]
pipeline = authtoken context microversion apiapp
[app:apiapp]
paste.app_factory = barbican.api.app:create_main_app
[app:versionapp]
paste.app_factory = barbican.api.app:create_version_app
[filter:context]
paste.filter_factory = barbican.api.middleware.context:ContextMiddleware.factory
[filter:microversion]
paste.filter_factory = barbican.api.middleware.microversion:MicroversionMiddleware.factory
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
`;
