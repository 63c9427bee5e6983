/** `npm stop -- --data DIR`: ends the Heliograph that uses DIR, and returns when it has. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const withinMs = 90_000;
const { values } = parseArgs({ options: { data: { type: 'string', default: './data' } } });
const dir = resolve(values.data);

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function holder() {
  try {
    return Number(readFileSync(join(dir, 'heliograph.lock'), 'utf8'));
  } catch {
    return 0;
  }
}

const pid = holder();
if (!pid || !isAlive(pid)) {
  console.log(`No Heliograph is running in ${dir}.`);
  process.exit(0);
}
process.kill(pid, 'SIGTERM');
const deadline = Date.now() + withinMs;
while (isAlive(pid)) {
  if (Date.now() > deadline) {
    console.error(`The Heliograph in ${dir} (process ${pid}) has not stopped within ${withinMs / 1000} s. Its logs are in ${join(dir, 'logs')}.`);
    process.exit(1);
  }
  await new Promise((wake) => setTimeout(wake, 100));
}
console.log(`Stopped the Heliograph in ${dir}.`);
