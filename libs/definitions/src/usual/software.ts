import { image, on, server, text, usual, volume, whole } from './words.js';
import type { NamespaceDocument } from '../namespace-document.js';

type Described = NonNullable<NamespaceDocument['objects']>[number];
interface Product { readonly name: string; readonly key: string; readonly port?: number; readonly portKey?: string; readonly admin?: string; readonly adminKey?: string; readonly edition?: true }

const ports = { minimum: 1, maximum: 65_535 };
const version = (name: string, key: string) => ({ [`${key}_version`]: text('Version', `The version of ${name} that is installed.`) });

/** What is known of one database: its version, where it listens, who administers it. */
function database({ name, key, port, portKey = 'listen_port', admin, adminKey, edition }: Product): Described {
  const prefix = `sw_database_${key}`;
  return {
    name, description: `A ${name} server comes with this.`,
    properties: {
      ...version(name, prefix),
      ...(edition ? { [`${prefix}_edition`]: text('Edition', `The edition of ${name}.`) } : {}),
      ...(port === undefined ? {} : { [`${prefix}_${portKey}`]: whole('Port', `The TCP port on which ${name} listens.`, { ...ports, default: port }) }),
      ...(admin === undefined ? {} : { [adminKey ?? `${prefix}_admin`]: text('Admin User', `The account that administers ${name}.`, { default: admin }) }),
    },
  };
}

const runtime = (name: string, key: string): Described => ({ name, description: `A runtime for ${name} comes with this.`, properties: version(name, `sw_runtime_${key}`) });

function webServer(name: string, key: string): Described {
  const prefix = `sw_webserver_${key}`;
  return {
    name, description: `The web server ${name} comes with this.`,
    properties: {
      ...version(name, prefix),
      [`${prefix}_http_port`]: whole('HTTP Port', 'The TCP port for HTTP.', { ...ports, default: 80 }),
      [`${prefix}_https_port`]: whole('HTTPS Port', 'The TCP port for HTTPS.', { ...ports, default: 443 }),
    },
  };
}

const whereSoftwareIs = [image(), volume(), server('metadata')];

export const software: readonly NamespaceDocument[] = [
  usual('OS::Software::DBMS', 'Database Software', 'Which database an image, a volume or a server comes with, so that orchestration can use it.', {
    resource_type_associations: [...whereSoftwareIs, on('OS::Trove::Instance')],
    objects: [
      { name: 'MySQL', key: 'mysql', port: 3306, admin: 'root' }, { name: 'PostgreSQL', key: 'postgresql', port: 5432, admin: 'postgres' },
      { name: 'SQL Server', key: 'sqlserver', port: 1433, admin: 'sa', adminKey: 'sw_database_postsqlserver_admin', edition: true } as const,
      { name: 'Oracle', key: 'oracle', port: 1521, edition: true } as const, { name: 'DB2', key: 'db2', port: 50_000, portKey: 'port', admin: 'db2inst1' },
      { name: 'MongoDB', key: 'mongodb', port: 27_017, admin: 'admin' }, { name: 'Couchbase Server', key: 'couchbaseserver', port: 11_211, admin: 'admin' },
      { name: 'Redis', key: 'redis', port: 6379, admin: 'admin' }, { name: 'CouchDB', key: 'couchdb', port: 5984, admin: 'admin' },
      { name: 'Apache Cassandra', key: 'cassandra', port: 9160, admin: 'cassandra' }, { name: 'HBase', key: 'hbase' }, { name: 'Hazlecast', key: 'hazlecast', port: 5701, portKey: 'port' },
    ].map(database),
  }),
  usual('OS::Software::Runtimes', 'Runtime Environment', 'Which language runtimes an image, a volume or a server comes with.', {
    resource_type_associations: whereSoftwareIs,
    objects: [runtime('PHP', 'php'), runtime('Python', 'python'), runtime('Java', 'java'), runtime('Ruby', 'ruby'), runtime('Perl', 'perl')],
  }),
  usual('OS::Software::WebServers', 'Web Servers', 'Which web server an image, a volume or a server comes with, and where it listens.', {
    resource_type_associations: whereSoftwareIs,
    objects: [webServer('Apache HTTP Server', 'apache'), webServer('Nginx', 'nginx'), webServer('IIS', 'iis')],
  }),
];
