/** `npm start`: from a bare clone to a running image service. Installs and builds what is missing, then hands over to the launcher. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { environment, node, prepare, projectDir } from './prepare.mjs';

const say = (line) => console.log(`[${(performance.now() / 1000).toFixed(1).padStart(5)} s] ${line}`);

try {
  await prepare(say);
} catch (error) {
  console.error(`\n${error.message}`);
  process.exit(1);
}
const launcher = spawn(node, ['--max-semi-space-size=2', join(projectDir, 'dist/apps/standalone/src/main.js'), ...process.argv.slice(2)], {
  stdio: 'inherit', env: environment({ HELIOGRAPH_STARTED_MS_AGO: String(Math.round(performance.now())) }),
});
// Ctrl-C reaches the launcher too: this process only waits for it to have stopped everything.
process.on('SIGINT', () => undefined);
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => launcher.kill(signal));
launcher.once('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
launcher.once('exit', (code) => process.exit(code ?? 1));
