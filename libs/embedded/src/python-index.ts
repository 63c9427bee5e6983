import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

const publicIndex = 'https://pypi.org/simple';

/** The Python package index that this machine is set up for: PIP_INDEX_URL, pip's configuration files, else the public one. */
export async function configuredIndex(env: NodeJS.ProcessEnv = process.env, files = configFiles(env)): Promise<string> {
  if (env['PIP_INDEX_URL']) return env['PIP_INDEX_URL'];
  for (const file of files) {
    const found = /^\s*index[-_]url\s*[=:]\s*(\S+)\s*$/m.exec(await readFile(file, 'utf8').catch(() => ''));
    if (found?.[1]) return found[1];
  }
  return publicIndex;
}

function configFiles(env: NodeJS.ProcessEnv): string[] {
  const home = homedir();
  return [
    env['PIP_CONFIG_FILE'] ?? '', join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'pip', 'pip.conf'), join(home, '.pip', 'pip.conf'),
    join(home, 'Library', 'Application Support', 'pip', 'pip.conf'), '/etc/xdg/pip/pip.conf', '/etc/pip.conf',
  ].filter((file) => file !== '');
}

/** Where the index keeps a file of a project. Understands the index's JSON and its HTML form. */
export async function locateFile(index: string, project: string, fileName: string): Promise<string> {
  const page = `${index.replace(/\/+$/, '')}/${project}/`;
  const response = await get(page, { accept: 'application/vnd.pypi.simple.v1+json, text/html;q=0.5' });
  const links = response.headers.get('content-type')?.includes('json') ? linksOfJson(await response.json()) : linksOfHtml(await response.text());
  const link = links.find((each) => decodeURIComponent(each.split(/[?#]/)[0]?.split('/').at(-1) ?? '') === fileName);
  if (link === undefined) throw new Error(`the index at ${withoutUser(page)} has no ${fileName}`);
  return new URL(link, response.url || page).href;
}

export async function download(url: string, limitBytes: number): Promise<Buffer> {
  const response = await get(url, {});
  const parts: Uint8Array[] = [];
  let receivedBytes = 0;
  for await (const part of response.body ?? []) {
    const bytes = part as Uint8Array;
    receivedBytes += bytes.length;
    if (receivedBytes > limitBytes) throw new Error(`${withoutUser(url)} is larger than ${limitBytes} bytes`);
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

/** Fetches with the user and password of the URL, which `fetch` itself refuses to take from there. */
async function get(url: string, headers: Record<string, string>): Promise<Response> {
  const parsed = new URL(url);
  const { username, password } = parsed;
  const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  try {
    const response = await fetch(withoutUser(url), {
      headers: { ...headers, ...(username === '' ? {} : { authorization: `Basic ${basic}` }) }, signal: AbortSignal.timeout(120_000),
    });
    if (response.ok) return response;
    throw new Error(`it answered ${response.status}`);
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Error(`${withoutUser(url)}: ${cause instanceof Error ? cause.message : message}`, { cause: error });
  }
}

function withoutUser(url: string): string {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}

function linksOfJson(page: unknown): string[] {
  return ((page as { files?: { url: string }[] }).files ?? []).map(({ url }) => url);
}

function linksOfHtml(page: string): string[] {
  return [...page.matchAll(/<a\b[^>]*\bhref\s*=\s*["']([^"']+)["']/gi)].map(([, link]) => String(link).replaceAll('&amp;', '&'));
}
